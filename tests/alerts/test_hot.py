"""Mails about companies that turn hot: to whom, once a day, and never for the past."""

import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from apps.alerts import occasions
from apps.alerts.companies import company_content
from apps.alerts.models import AlertSent
from apps.alerts.occasions import hot_raise, targets_raise
from apps.alerts.sending import alert_send, alerts_due
from apps.alerts.subscriptions import subscription_set
from apps.alerts.tasks import hot_raise_task
from apps.companies.models import Company, CompanyMatch
from apps.core.tenancy import in_schema
from apps.scoring.facts import TemperatureChanged
from apps.scoring.services import scores_make
from apps.sites.models import Site
from apps.tracking.models import Session
from config import pipeline
from tests.cast import Cast
from tests.scoring.conftest import company_make, make_hot

from .conftest import NOW, Kind, Outbox, ago, at, known, target, turned_hot, wish


def send_all() -> int:
    return sum(alert_send(alert_id) for alert_id in alerts_due())


def test_a_member_who_asked_is_told_with_score_reasons_and_pages(
    in_alder: Cast, varnholt: Company, outbox: Outbox
) -> None:
    wish(in_alder.viewer, in_alder.site, Kind.HOT)
    make_hot(varnholt, in_alder.site, NOW)
    change = turned_hot(varnholt, in_alder.site)
    visit = Session.objects.filter(company_id=varnholt.id).latest("started_at")
    CompanyMatch.objects.create(
        company=varnholt,
        site_id=in_alder.site.id,
        session_id=visit.id,
        ground="network",
        confidence_ratio=0.7,
        visit_ratio=0.85,
        created_at=NOW,
    )
    Company.objects.filter(id=varnholt.id).update(industry="Machinery", city="Linz", country="AT")
    assert hot_raise([change.id]) == 1
    assert send_all() == 1
    (mail,) = outbox()
    assert mail.to == in_alder.viewer.user.email
    assert mail.subject.startswith("Varnholt AG turned hot on First site, score ")
    for body in (mail.text, mail.html):
        assert "Varnholt AG" in body and "varnholt.example" in body
        assert ", hot. What adds most" in re.sub("<[^>]+>", "", body)
        assert "Machinery, Linz, Austria; 85% sure" in body
        assert "/pricing, 6 times" in body
        assert f"/s/first-site/companies/{varnholt.id}" in body
        assert "/mail/stop/" in body
        assert "http://alder" in body
    assert not re.search(r"<img|background=|url\(|src=", mail.html)  # nothing that tells of its being read


def test_it_is_told_by_what_scoring_stores(in_alder: Cast, varnholt: Company, outbox: Outbox) -> None:
    wish(in_alder.viewer, in_alder.site, Kind.HOT)
    make_hot(varnholt, in_alder.site, NOW)
    scores_make(site_id=in_alder.site.id, company_ids=[varnholt.id])
    assert hot_raise() == 1
    send_all()
    assert "turned hot" in outbox()[0].subject


def test_once_a_day_however_often_and_by_whichever_way(in_alder: Cast, varnholt: Company, outbox: Outbox) -> None:
    wish(in_alder.viewer, in_alder.site, Kind.HOT)
    first, second = turned_hot(varnholt, in_alder.site, ago(hours=3)), turned_hot(varnholt, in_alder.site)
    assert hot_raise([first.id]) == 1
    assert hot_raise([first.id]) == hot_raise([second.id]) == hot_raise() == 0
    send_all()
    assert send_all() == 0
    assert len(outbox()) == 1


def test_one_company_on_two_sites_of_the_day_is_one_mail(in_alder: Cast, varnholt: Company) -> None:
    for site in (in_alder.site, in_alder.other_site):
        wish(in_alder.owner, site, Kind.HOT)
        turned_hot(varnholt, site)
    assert hot_raise() == 1


def test_a_target_that_turns_hot_is_one_mail_unless_the_first_comes_to_nothing(
    in_alder: Cast, varnholt: Company, outbox: Outbox
) -> None:
    for kind in (Kind.HOT, Kind.TARGET):
        wish(in_alder.viewer, in_alder.site, kind)
    target(varnholt, in_alder.first)
    turned_hot(varnholt, in_alder.site)
    assert (hot_raise(), targets_raise(), hot_raise()) == (1, 0, 0)
    subscription_set(user_id=in_alder.viewer.user_id, site_id=in_alder.site.id, kind=Kind.HOT, is_wanted=False)
    assert send_all() == 0
    wish(in_alder.viewer, in_alder.site, Kind.HOT)
    assert (hot_raise(), targets_raise(), send_all(), targets_raise()) == (0, 1, 1, 0)
    assert [mail.subject.partition(" at ")[0] for mail in outbox()] == ["Target account Varnholt AG was on First site"]


def test_another_member_another_company_another_mail(in_alder: Cast, varnholt: Company) -> None:
    wish(in_alder.viewer, in_alder.site, Kind.HOT)
    wish(in_alder.owner, in_alder.site, Kind.HOT)
    turned_hot(varnholt, in_alder.site)
    turned_hot(company_make("Quarrystone"), in_alder.site)
    assert hot_raise() == 4


@pytest.mark.parametrize(
    ("zone", "midnight"),
    [
        ("Europe/Vienna", datetime(2026, 3, 28, 23, tzinfo=UTC)),  # the night in which the clock goes forward
        ("Europe/Vienna", datetime(2026, 10, 24, 22, tzinfo=UTC)),  # ... and back
        ("America/New_York", datetime(2026, 5, 13, 4, tzinfo=UTC)),
        ("Asia/Kolkata", datetime(2026, 5, 12, 18, 30, tzinfo=UTC)),
    ],
)
def test_a_day_is_one_of_the_sites_zone(
    in_alder: Cast, varnholt: Company, monkeypatch: pytest.MonkeyPatch, zone: str, midnight: datetime
) -> None:
    in_alder.site.time_zone = zone
    in_alder.site.save()
    wish(in_alder.viewer, in_alder.site, Kind.HOT, since=midnight - timedelta(days=40))
    at(monkeypatch, midnight + timedelta(hours=2))
    moments = [midnight - timedelta(hours=1), midnight - timedelta(seconds=1), midnight, midnight + timedelta(hours=1)]
    assert [hot_raise([turned_hot(varnholt, in_alder.site, moment).id]) for moment in moments] == [1, 0, 1, 0]


def test_nothing_for_the_past_nor_before_it_was_asked_for(in_alder: Cast, varnholt: Company) -> None:
    wish(in_alder.viewer, in_alder.site, Kind.HOT, since=ago(hours=1))
    turned_hot(varnholt, in_alder.site, is_backfill=True)
    turned_hot(varnholt, in_alder.site, ago(hours=2))  # before it was asked for
    turned_hot(varnholt, in_alder.site, ago(hours=7))
    turned_hot(varnholt, in_alder.site, after="warm")
    turned_hot(varnholt, in_alder.site, what="category", after="high_intent")
    assert hot_raise() == 0
    assert not AlertSent.objects.exists()


def test_nothing_of_a_company_that_the_client_ignores(in_alder: Cast, varnholt: Company) -> None:
    wish(in_alder.owner, in_alder.site, Kind.HOT)
    wish(in_alder.owner, in_alder.other_site, Kind.HOT)
    known(varnholt, in_alder.first, is_ignored=True)
    turned_hot(varnholt, in_alder.site)
    assert hot_raise() == 0
    turned_hot(varnholt, in_alder.other_site)  # another client's, who doesn't
    assert hot_raise() == 1


def test_a_company_that_is_gone_is_passed_over(in_alder: Cast, varnholt: Company) -> None:
    wish(in_alder.owner, in_alder.site, Kind.HOT)
    turned_hot(varnholt, in_alder.site)
    varnholt.delete()
    assert hot_raise() == 0


def test_who_may_not_see_the_site_any_more_gets_nothing(in_alder: Cast, varnholt: Company, outbox: Outbox) -> None:
    for member in (in_alder.viewer, in_alder.limited, in_alder.analyst, in_alder.manager):
        wish(member, in_alder.other_site, Kind.HOT)  # `limited` sees the first client alone
    in_alder.analyst.user.is_active = False
    in_alder.analyst.user.save()
    turned_hot(varnholt, in_alder.other_site)
    assert hot_raise() == 2
    in_alder.viewer.delete()  # before it is sent
    send_all()
    assert [mail.to for mail in outbox()] == [in_alder.manager.user.email]


def test_who_ends_it_before_it_is_sent_gets_nothing(in_alder: Cast, varnholt: Company, outbox: Outbox) -> None:
    wish(in_alder.viewer, in_alder.site, Kind.HOT)
    turned_hot(varnholt, in_alder.site)
    hot_raise()
    subscription_set(user_id=in_alder.viewer.user_id, site_id=in_alder.site.id, kind=Kind.HOT, is_wanted=False)
    assert send_all() == 0
    assert outbox() == []
    assert alerts_due() == []


def test_a_site_that_fails_takes_no_other_site_s_mails(
    in_alder: Cast, varnholt: Company, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken_id = min(in_alder.site.id, in_alder.other_site.id)  # comes first
    target(varnholt, in_alder.first)
    target(varnholt, in_alder.second)
    for site in (in_alder.site, in_alder.other_site):
        turned_hot(varnholt, site)
        for kind in (Kind.HOT, Kind.TARGET):
            wish(in_alder.owner, site, kind)

    def fail(*, site: Site, **about: Any) -> dict[str, Any]:
        if site.id == broken_id:
            raise KeyError("odd")
        return company_content(site=site, **about)

    monkeypatch.setattr(occasions, "company_content", fail)
    for how in (hot_raise, targets_raise):
        AlertSent.objects.all().delete()
        assert how() == 1
        assert AlertSent.objects.get().site_id != broken_id


def test_other_agencies_hear_nothing(in_alder: Cast, varnholt: Company) -> None:
    turned_hot(varnholt, in_alder.site)
    with in_schema(str(in_alder.birch.schema_name)):
        wish(in_alder.outsider, in_alder.birch_site, Kind.HOT)
        assert hot_raise() == 0
    wish(in_alder.outsider, in_alder.site, Kind.HOT)  # a number of Birch's that got into Alder's table
    assert hot_raise() == 0


def test_the_fact_wakes_it_unless_it_is_of_the_past(monkeypatch: pytest.MonkeyPatch) -> None:
    woken: list[Any] = []
    monkeypatch.setattr(hot_raise_task, "apply_async", lambda given, **_: woken.append(given))
    fact = {"schema": "a_1", "change_id": 5, "site_id": 1, "company_id": 2, "before": "warm", "score": 74}
    fact |= {"at": NOW, "rule_keys": ("pricing",)}
    pipeline.tell_of_hot(TemperatureChanged(after="hot", is_backfill=False, **fact))  # type: ignore[arg-type]
    pipeline.tell_of_hot(TemperatureChanged(after="hot", is_backfill=True, **fact))  # type: ignore[arg-type]
    pipeline.tell_of_hot(TemperatureChanged(after="warm", is_backfill=False, **fact))  # type: ignore[arg-type]
    assert woken == [("a_1", 5)]
