"""A replay: how many would go, withheld, too old, had already; then it begins, by the site's days."""

from datetime import timedelta
from typing import Any

import pytest

from apps.destinations.conditions import Conditions
from apps.destinations.models import Delivery, Destination
from apps.destinations.providers.webhook.provider import Webhook
from apps.destinations.replays import Replayed, period_replay
from apps.destinations.routing import events_route
from apps.sites.models import Goal, Site
from apps.tracking.models import Conversion, Event, Session
from tests.cast import Cast

from .conftest import NOW, convert, later, route, rule_make
from .test_setup import BASE, text

DAY = 24 * 60
PERIOD = "first=2026-05-06&last=2026-05-13"


def counts(page: str) -> list[str]:
    rows = page.split("in the period</caption>")[1].split("</table>")[0].split('<td class="num')[1:]
    return [row.split(">", 1)[1].split("<")[0] for row in rows]


def test_it_is_counted_before_anything_goes_and_then_begun(
    in_alder: Cast, webhook: Destination, goal: Goal, monkeypatch: pytest.MonkeyPatch
) -> None:
    webhook.rules.all().delete()
    later(monkeypatch, hours=-1)
    rule_make(webhook, goal, conditions=Conditions(countries=("DE", "AT")))
    later(monkeypatch)
    site = in_alder.site
    route(convert(goal, site))  # had
    convert(goal, site, minutes=2 * DAY)
    convert(goal, site, minutes=3 * DAY)
    convert(goal, site, minutes=3 * DAY, consent_marketing="denied")
    convert(goal, site, minutes=4 * DAY, country="FR")
    convert(goal, site, minutes=6 * DAY)
    convert(goal, site, minutes=9 * DAY)  # before the period
    monkeypatch.setattr(Webhook, "max_age", 5 * (Webhook.max_age / 90))
    browser, path = in_alder.browser(in_alder.limited), f"{BASE}/{webhook.id}/replay"
    for is_fragment in (False, True):
        page = text(browser.get(f"{path}?{PERIOD}", headers={"HX-Request": "true"} if is_fragment else {}))
        assert counts(page) == ["2", "1", "1", "1", "1", "6"]
        assert "Send 2" in page and ("<html" in page) is not is_fragment
    assert Delivery.objects.count() == 1
    response = browser.post(path, {"first": "2026-05-06", "last": "2026-05-13"})
    assert response["Location"] == f"{BASE}?destination={webhook.id}"
    replayed = Delivery.objects.filter(is_replay=True)
    assert sorted(replayed.values_list("state", flat=True)) == ["waiting", "waiting", "withheld"]
    again = text(browser.get(f"{path}?{PERIOD}"))
    assert counts(again) == ["0", "0", "1", "4", "1", "6"] and "Nothing is left to send." in again


def test_days_are_those_of_the_site_s_zone(in_alder: Cast, webhook: Destination, goal: Goal) -> None:
    Site.objects.filter(id=in_alder.site.id).update(time_zone="Pacific/Auckland")
    convert(goal, in_alder.site, minutes=DAY - 3 * 60)  # 13:00 UTC on 12 May: already the 13th there
    browser, path = in_alder.browser(in_alder.manager), f"{BASE}/{webhook.id}/replay"
    assert counts(text(browser.get(f"{path}?first=2026-05-13&last=2026-05-13")))[0] == "1"
    assert "Nothing that a rule names happened" in text(browser.get(f"{path}?first=2026-05-12&last=2026-05-12"))


REFUSED: list[tuple[dict[str, Any], str]] = [
    ({"first": "2026-05-13", "last": "2026-05-12"}, "Not before the first day."),
    ({"first": "2026-05-14", "last": "2026-05-14"}, "That day is still to come."),
    ({"first": "2026-01-01", "last": "2026-05-12"}, "92 days at most at once"),
    ({"first": "0001-01-01", "last": "0001-01-02"}, "Nothing was counted by then."),
    ({"first": "soon", "last": "2026-05-12"}, "Enter a valid date."),
    ({"first": "2026-05-12"}, "This field is required."),
]


def test_a_period_that_can_t_be_is_refused(in_alder: Cast, webhook: Destination) -> None:
    browser, path = in_alder.browser(in_alder.manager), f"{BASE}/{webhook.id}/replay"
    for asked, said in REFUSED:
        assert said in text(browser.get(path, asked), 422), asked
    assert said in text(browser.post(path, asked), 422)


def test_too_many_at_once_are_refused(
    in_alder: Cast, webhook: Destination, goal: Goal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("apps.destinations.views.replay.MOST", 1)
    convert(goal, in_alder.site)
    convert(goal, in_alder.site)
    page = text(in_alder.browser(in_alder.manager).get(f"{BASE}/{webhook.id}/replay?{PERIOD}"), 422)
    assert "There are more than 1 conversions: choose a shorter period" in page


def test_it_says_why_nothing_is_found(in_alder: Cast, webhook: Destination) -> None:
    browser, path = in_alder.browser(in_alder.manager), f"{BASE}/{webhook.id}/replay"
    assert "No rule of CRM" not in text(browser.get(path))
    webhook.rules.update(is_on=False)
    Destination.objects.filter(id=webhook.id).update(is_on=False)
    page = text(browser.get(path))
    assert "No rule of CRM is on: add one first" in page and "CRM is off: switch it on first" in page


def test_events_that_a_rule_names_go_too_once_whether_a_goal_or_not(
    in_alder: Cast, webhook: Destination, goal: Goal
) -> None:
    site = in_alder.site
    rule_make(webhook, event_name="download", conditions=Conditions(countries=("DE",)))
    rule_make(webhook, event_name="demo")
    conversion = convert(goal, site, minutes=50)  # a goal by the event that a rule names as well
    others = [convert(goal, site, minutes=40 - number, name="download") for number in range(3)]
    Conversion.objects.exclude(id=conversion.id).delete()
    Session.objects.filter(id=others[0].session_id).update(country="FR")
    Session.objects.filter(id=others[1].session_id).update(consent_marketing="denied")
    # An import was found in the past: it isn't sent by itself, though the rule held then.
    webhook.rules.update(holds_since=NOW - timedelta(hours=2))
    Event.objects.filter(event_id=others[2].event_id).update(origin="import")
    assert events_route(site_id=site.id, session_ids=[others[2].session_id]) == set()
    for given in ({"set_aside": "bot"}, {"minutes": 3 * DAY}):
        convert(goal, site, name="download", **given)
    convert(goal, site, name="sign_up")
    Conversion.objects.exclude(id=conversion.id).delete()
    span: dict[str, Any] = {"since": NOW - timedelta(days=1), "until": NOW}
    assert period_replay(destination=webhook, **span, is_preview=True) == Replayed(due=2, withheld=1, unmet=1)
    assert not Delivery.objects.exists()
    assert period_replay(destination=webhook, **span) == Replayed(due=2, withheld=1, unmet=1)
    assert period_replay(destination=webhook, **span) == Replayed(had=3, unmet=1)
    sent = Delivery.objects.filter(is_replay=True)
    assert set(sent.values_list("event_id", "state")) == {
        (conversion.event_id, "waiting"),
        (others[1].event_id, "withheld"),
        (others[2].event_id, "waiting"),
    }
    assert period_replay(destination=webhook, **span, most=2) == Replayed(had=3, unmet=1)


def test_too_many_events_are_left_out_and_conversions_go_alone(
    in_alder: Cast, webhook: Destination, goal: Goal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("apps.destinations.views.replay.MOST", 1)
    rule_make(webhook, event_name="download")
    conversion = convert(goal, in_alder.site)
    others = [convert(goal, in_alder.site, name="download") for _ in range(2)]
    Conversion.objects.exclude(id=conversion.id).delete()
    browser, path = in_alder.browser(in_alder.manager), f"{BASE}/{webhook.id}/replay"
    page = text(browser.get(f"{path}?{PERIOD}"))
    assert "There are more than 1 events that rules name, so these are left out" in page and counts(page)[0] == "1"
    browser.post(path, {"first": "2026-05-06", "last": "2026-05-13"})
    assert list(Delivery.objects.values_list("event_id", flat=True)) == [conversion.event_id]
    assert "Events that rules name were too many" in text(browser.get(BASE))
    assert "are left out" in text(browser.get(f"{path}?{PERIOD}"))
    # What it has had doesn't stand in the way.
    Delivery.objects.filter(event_id=conversion.event_id).update(event_id=others[0].event_id)
    Conversion.objects.all().delete()
    assert counts(text(browser.get(f"{path}?{PERIOD}"))) == ["1", "0", "0", "1", "0", "2"]


def test_what_its_provider_could_recognise_nobody_by_isn_t_promised(
    in_alder: Cast, goal: Goal, webhook: Destination, monkeypatch: pytest.MonkeyPatch
) -> None:
    convert(goal, in_alder.site)
    convert(goal, in_alder.site, consent_marketing="denied")
    monkeypatch.setattr(Webhook, "unmatchable", lambda *_: "No client ID.")
    span: dict[str, Any] = {"since": NOW - timedelta(days=1), "until": NOW}
    assert period_replay(destination=webhook, **span) == Replayed(withheld=1, unmatchable=1)
    assert [one.state for one in Delivery.objects.all()] == ["withheld"]
    page = text(in_alder.browser(in_alder.manager).get(f"{BASE}/{webhook.id}/replay?{PERIOD}"))
    assert "Nobody to be recognised" in page and counts(page) == ["0", "0", "0", "1", "1", "0", "2"]


def test_a_goal_that_counts_once_a_visit_goes_once_however_the_period_cuts_it(
    in_alder: Cast, webhook: Destination, goal: Goal
) -> None:
    first, second = convert(goal, in_alder.site, minutes=30), convert(goal, in_alder.site, minutes=10)
    for model in (Event, Conversion):
        model.objects.filter(event_id=second.event_id).update(session_id=first.session_id)
    second.refresh_from_db()
    convert(goal, in_alder.site, minutes=5, set_aside="bot")

    def counted(minutes: float) -> Replayed:
        since = NOW - timedelta(minutes=minutes)
        return period_replay(destination=webhook, since=since, until=NOW, is_preview=True)

    assert counted(20) == Replayed()
    assert counted(60) == Replayed(due=1)
    # The visit's second was sent, as its first came late.
    Conversion.objects.filter(id=first.id).delete()
    route(second)
    first.save(force_insert=True)
    assert counted(60) == Replayed(had=1)
