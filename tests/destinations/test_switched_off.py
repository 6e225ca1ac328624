"""A destination that is off gets nothing of what happens meanwhile, whatever others get; a replay makes up for it."""

from datetime import datetime, timedelta

import pytest

from apps.core import clock
from apps.destinations.delivering import destination_send
from apps.destinations.health import destination_failed
from apps.destinations.models import Delivery, Destination
from apps.destinations.providers.base import Outcome, Verdict
from apps.destinations.providers.webhook.provider import Webhook
from apps.destinations.routing import conversions_route, conversions_unrouted, events_route
from apps.destinations.services import destination_change, destination_switch, replay_begin
from apps.sites.models import Goal
from apps.tracking.models import Conversion
from tests.cast import Cast

from .conftest import NOW, convert, later, route, rule_make, webhook_make
from .looking import words

PAGE = "/s/first-site/destinations"


def sweep(cast: Cast) -> None:
    """Route whatever is left, as the sweep does after a wake-up that got lost."""
    conversions_route(site_id=cast.site.id, conversion_ids=conversions_unrouted(site_id=cast.site.id))


def off_for_ten_minutes(destination: Destination, monkeypatch: pytest.MonkeyPatch) -> None:
    """Have a destination be off from 15 minutes ago until 5 minutes ago."""
    later(monkeypatch, minutes=-15)
    destination_switch(destination=destination, is_on=False)
    later(monkeypatch, minutes=-5)
    destination_switch(destination=destination, is_on=True)
    later(monkeypatch)


def events_at(destination: Destination) -> set[datetime]:
    return set(Delivery.objects.filter(destination=destination).values_list("occurred_at", flat=True))


@pytest.mark.parametrize("has_other", [True, False])
def test_what_happens_while_it_is_off_never_goes_there_by_itself(
    has_other: bool,
    in_alder: Cast,
    webhook: Destination,
    goal: Goal,
    receiver_url: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    if has_other:
        later(monkeypatch, hours=-1)
        rule_make(webhook_make(in_alder.site, receiver_url, name="Other"), goal)
    later(monkeypatch, minutes=-15)
    destination_switch(destination=webhook, is_on=False)
    later(monkeypatch, minutes=-9)
    missed = convert(goal, in_alder.site, minutes=10)
    route(missed)
    later(monkeypatch, minutes=-5)
    destination_switch(destination=webhook, is_on=True)
    later(monkeypatch)
    before, after = convert(goal, in_alder.site, minutes=16), convert(goal, in_alder.site, minutes=4)
    sweep(in_alder)
    # What was left over from before it was switched off goes, as it would have gone at once.
    assert events_at(webhook) == {before.occurred_at, after.occurred_at}
    assert not conversions_unrouted(site_id=in_alder.site.id)
    assert Delivery.objects.exclude(destination=webhook).count() == (3 if has_other else 0)
    replay_begin(destination=webhook, since=NOW - timedelta(hours=1), until=NOW)
    assert missed.occurred_at in events_at(webhook) and len(events_at(webhook)) == 3


def test_events_that_are_no_goal_dont_go_either(
    in_alder: Cast, webhook: Destination, goal: Goal, monkeypatch: pytest.MonkeyPatch
) -> None:
    webhook.rules.all().delete()
    later(monkeypatch, hours=-1)
    rule_make(webhook, event_name="demo")
    off_for_ten_minutes(webhook, monkeypatch)
    missed, after = convert(goal, in_alder.site, minutes=10), convert(goal, in_alder.site, minutes=4)
    events_route(site_id=in_alder.site.id, session_ids=[missed.session_id, after.session_id])
    assert events_at(webhook) == {after.occurred_at}


def test_what_was_due_before_waits_and_goes(
    in_alder: Cast, webhook: Destination, goal: Goal, monkeypatch: pytest.MonkeyPatch
) -> None:
    later(monkeypatch, minutes=-16)
    route(convert(goal, in_alder.site, minutes=17))
    off_for_ten_minutes(webhook, monkeypatch)
    destination_send(webhook.id)
    assert Delivery.objects.get().state == "received"


def test_its_page_offers_the_replay_of_that_time_until_it_is_done(
    in_alder: Cast, webhook: Destination, goal: Goal, monkeypatch: pytest.MonkeyPatch
) -> None:
    manager, here = in_alder.browser(in_alder.manager), f"{PAGE}/{webhook.id}"
    later(monkeypatch, days=-1)
    manager.post(f"{here}/state", {"state": "off"})
    assert "Replay that time" not in words(manager.get(here))
    assert "whatever other destinations get" in words(manager.get(here))
    later(monkeypatch, minutes=-5)
    said = words(manager.post(f"{here}/state", {"state": "on"}, follow=True))
    assert "a replay sends it" in said and "It was off from" in said
    later(monkeypatch)
    convert(goal, in_alder.site, minutes=60)
    replay = f"{here}/replay?first=2026-05-12&amp;last=2026-05-13"
    assert f'href="{replay}">Replay that time' in words(manager.get(here))
    seen = words(in_alder.browser(in_alder.viewer).get(here))
    assert "It was off from" in seen and "Replay that time" not in seen
    assert "Send 1" in words(manager.get(replay.replace("&amp;", "&")))
    # A part of it leaves the rest to be offered.
    manager.post(f"{here}/replay", {"first": "2026-05-12", "last": "2026-05-12"})
    assert f'href="{replay.replace("05-12", "05-13")}">Replay that time' in words(manager.get(here))
    manager.post(f"{here}/replay", {"first": "2026-05-13", "last": "2026-05-13"})
    assert "It was off from" not in words(manager.get(here))
    assert Delivery.objects.get().is_replay


def test_a_time_that_no_replay_made_up_for_stays_offered_after_the_next(
    in_alder: Cast, webhook: Destination, monkeypatch: pytest.MonkeyPatch
) -> None:
    off_for_ten_minutes(webhook, monkeypatch)
    destination_switch(destination=webhook, is_on=False)
    destination_switch(destination=webhook, is_on=False)
    later(monkeypatch, minutes=1)
    for _ in range(2):
        destination_switch(destination=webhook, is_on=True)
        later(monkeypatch, minutes=2)
    webhook.refresh_from_db()
    assert (webhook.off_since, webhook.on_since) == (NOW - timedelta(minutes=15), NOW + timedelta(minutes=1))


def test_between_two_times_that_it_was_off_it_was_on(
    in_alder: Cast, webhook: Destination, goal: Goal, monkeypatch: pytest.MonkeyPatch
) -> None:
    later(monkeypatch, minutes=-50)
    destination_switch(destination=webhook, is_on=False)
    later(monkeypatch, minutes=-40)
    destination_switch(destination=webhook, is_on=True)
    off_for_ten_minutes(webhook, monkeypatch)
    came_late, _ = convert(goal, in_alder.site, minutes=17), convert(goal, in_alder.site, minutes=10)
    sweep(in_alder)
    assert events_at(webhook) == {came_late.occurred_at}
    # The notice is of both, and a replay of a part leaves the rest of the last one off.
    webhook.refresh_from_db()
    assert webhook.off_since == NOW - timedelta(minutes=50)
    replay_begin(destination=webhook, since=NOW - timedelta(hours=1), until=NOW - timedelta(minutes=12))
    webhook.refresh_from_db()
    assert webhook.off_since == NOW - timedelta(minutes=12)
    assert webhook.was_off(NOW - timedelta(minutes=11)) and not webhook.was_off(NOW - timedelta(minutes=13))


def test_a_time_that_is_too_old_for_the_provider_is_forgotten_with_the_next(
    in_alder: Cast, webhook: Destination, monkeypatch: pytest.MonkeyPatch
) -> None:
    off_for_ten_minutes(webhook, monkeypatch)
    later(monkeypatch, days=91)
    destination_switch(destination=webhook, is_on=False)
    later(monkeypatch, days=91, minutes=5)
    destination_switch(destination=webhook, is_on=True)
    webhook.refresh_from_db()
    assert webhook.off_since == webhook.off_at == NOW + timedelta(days=91)


def test_the_replay_that_is_offered_ends_the_notice_of_a_time_that_is_too_old_in_part(
    in_alder: Cast, webhook: Destination, goal: Goal, monkeypatch: pytest.MonkeyPatch
) -> None:
    manager, here = in_alder.browser(in_alder.manager), f"{PAGE}/{webhook.id}"
    later(monkeypatch, days=-8)
    destination_switch(destination=webhook, is_on=False)
    later(monkeypatch)
    destination_switch(destination=webhook, is_on=True)
    monkeypatch.setattr(Webhook, "max_age", timedelta(days=5))
    assert f"{here}/replay?first=2026-05-08&amp;last=2026-05-13" in words(manager.get(here))
    later(monkeypatch, hours=1)
    manager.post(f"{here}/replay", {"first": "2026-05-09", "last": "2026-05-13"})
    assert "It was off from" in words(manager.get(here))
    manager.post(f"{here}/replay", {"first": "2026-05-08", "last": "2026-05-13"})
    assert "It was off from" not in words(manager.get(here))


@pytest.mark.parametrize("has_sent", [True, False])
def test_one_that_an_older_version_switched_off_was_on_for_as_long_as_it_got_something(
    has_sent: bool, in_alder: Cast, webhook: Destination, goal: Goal
) -> None:
    if has_sent:
        route(convert(goal, in_alder.site, minutes=20))
        convert(goal, in_alder.site, minutes=10)
        replay_begin(destination=webhook, since=NOW - timedelta(minutes=15), until=NOW)
    Destination.objects.filter(id=webhook.id).update(is_on=False)
    destination_switch(destination=webhook, is_on=True)
    webhook.refresh_from_db()
    last = Delivery.objects.get(is_replay=False).occurred_at if has_sent else webhook.changed_at
    assert webhook.off_since == webhook.off_at == last and webhook.on_since == NOW


def test_one_that_410_switched_off_and_a_person_mended_is_told_of_alike(
    in_alder: Cast, webhook: Destination, goal: Goal, monkeypatch: pytest.MonkeyPatch
) -> None:
    later(monkeypatch, minutes=-15)
    destination_failed(webhook, Verdict(Outcome.GONE, "410", "Gone."))
    later(monkeypatch, minutes=-5)
    given = {"name": "CRM", "settings": webhook.settings, "secrets": {"secret": ""}, "is_test_mode": False}
    destination_change(destination=webhook, **given)
    later(monkeypatch)
    convert(goal, in_alder.site, minutes=10)
    sweep(in_alder)
    assert not Delivery.objects.exists() and Conversion.objects.exists()
    assert "It was off from" in words(in_alder.browser(in_alder.manager).get(f"{PAGE}/{webhook.id}"))
    # What its provider takes no more isn't offered.
    later(monkeypatch, days=91)
    assert clock.now() > NOW
    assert "It was off from" not in words(in_alder.browser(in_alder.manager).get(f"{PAGE}/{webhook.id}"))
