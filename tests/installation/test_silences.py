"""Alarms: raised for sites that went silent, once, not for those that rest; cleared when they are heard again; and none
while it is we who don't hear."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.core import mail

from apps.agencies.models import Membership
from apps.analytics.site_health import TagState, site_health
from apps.core.tenancy import in_schema
from apps.installation.models import HourCount, HoursKnown, Silence, SilenceNotice, Watch
from apps.installation.silence import mails, watching
from apps.installation.silence.watching import Look, agencies_watch, is_outage
from apps.installation.silence.words import silence_text
from apps.installation.tasks import silences_watch
from apps.sites.models import Site
from apps.tracking.health import Check
from apps.tracking.models import Session
from apps.tracking.selectors import RECENT_VISITS
from apps.tracking.steps.bots import OWN_CHECK
from tests.cast import Cast
from tests.factories_tracking import Page, visit_make

pytestmark = pytest.mark.django_db
NOON = datetime(2026, 5, 13, 12, tzinfo=UTC)  # a Wednesday
HOUR, MINUTE, DAY, WEEK = timedelta(hours=1), timedelta(minutes=1), timedelta(days=1), timedelta(weeks=1)
WELL = {"writer": Check(True, True, "stores what arrives")}


@pytest.fixture(autouse=True)
def well(monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, Check]]:
    """The pipeline is well, unless a test says otherwise; the door can't be reached from here."""
    checks = dict(WELL)

    class Readiness:
        def look(self) -> tuple[bool, dict[str, Check]]:
            return all(check.ok for check in checks.values()), checks

    monkeypatch.setattr(watching, "readiness", Readiness())
    monkeypatch.setattr(watching, "door_answers", lambda: False)
    yield checks


def watch(cast: Cast, now: datetime) -> None:
    agencies_watch([str(cast.alder.schema_name)], now=now)


def busy(site: Site, *, until: datetime = NOON, per_hour: int = 12) -> None:
    """Give a site eight weeks of Wednesdays and Thursdays, 8 to 18, with two page views a visit; then nothing more."""
    # A row for each hour would be thousands of visits: those of the past are put where they are counted.
    first = (until - 8 * WEEK).replace(hour=0, minute=0)
    hours = [first + number * HOUR for number in range(int((until - first) / HOUR))]
    HourCount.objects.bulk_create(
        HourCount(site=site, hour=hour, visits=per_hour, pageviews=2 * per_hour)
        for hour in hours
        if hour.weekday() in (2, 3) and 8 <= hour.hour < 18
    )
    HoursKnown.objects.create(site=site, since=first, until=until)
    visit_make(site, until - MINUTE)


def test_a_site_that_goes_silent_raises_an_alarm_once(in_alder: Cast) -> None:
    busy(in_alder.site)
    watch(in_alder, NOON + 20 * MINUTE)
    assert not Silence.objects.exists()
    for minutes in range(30, 130, 10):
        watch(in_alder, NOON + minutes * MINUTE)
    silence = Silence.objects.get()
    assert (silence.site_id, silence.heard_at) == (in_alder.site.id, NOON - MINUTE)
    assert silence_text(silence, now=NOON + 2 * HOUR) == "silent since 11:59, usually 48 page views by now"
    watch(in_alder, NOON + 2 * HOUR + 5 * MINUTE)
    silence = Silence.objects.get()
    assert silence.usual == pytest.approx(50.4)
    assert len(mail.outbox) == len({silence.to[0] for silence in mail.outbox}) == 4


def test_it_ends_by_itself_when_the_site_is_heard_again(in_alder: Cast) -> None:
    busy(in_alder.site)
    watch(in_alder, NOON + 2 * HOUR)
    visit_make(in_alder.site, NOON + 3 * HOUR, set_aside="bot_declared")  # a bot shows as well that the tag works
    watch(in_alder, NOON + 3 * HOUR + 5 * MINUTE)
    silence = Silence.objects.get()
    assert (silence.end, silence.ended_at) == ("heard", NOON + 3 * HOUR)


def test_a_visit_that_goes_on_ends_it_too(in_alder: Cast) -> None:
    busy(in_alder.site)
    watch(in_alder, NOON + 2 * HOUR)
    Session.objects.filter(site_id=in_alder.site.id).update(ended_at=NOON + 2 * HOUR + MINUTE)
    watch(in_alder, NOON + 2 * HOUR + 5 * MINUTE)
    assert Silence.objects.get().end == "heard"


def test_an_imported_log_ends_nothing(in_alder: Cast) -> None:
    busy(in_alder.site)
    watch(in_alder, NOON + 2 * HOUR)
    visit_make(in_alder.site, NOON + 2 * HOUR + MINUTE, origin="import")
    watch(in_alder, NOON + 2 * HOUR + 5 * MINUTE)
    assert Silence.objects.get().ended_at is None


OWN_VISIT: dict[str, Any] = {"set_aside": "bot_headless", "bot_name": OWN_CHECK}


@pytest.mark.parametrize("fields", [{"origin": "server"}, OWN_VISIT], ids=["by a server", "by our own check"])
def test_what_says_nothing_of_the_tag_neither_hides_nor_ends_a_silence(in_alder: Cast, fields: dict[str, Any]) -> None:
    busy(in_alder.site)
    for minutes in range(RECENT_VISITS + 1):
        visit_make(in_alder.site, NOON + minutes * MINUTE, **fields)
    watch(in_alder, NOON + 2 * HOUR)
    assert Silence.objects.get().heard_at == NOON - MINUTE
    visit_make(in_alder.site, NOON + 2 * HOUR + MINUTE, **fields)
    watch(in_alder, NOON + 2 * HOUR + 5 * MINUTE)
    assert Silence.objects.get().ended_at is None
    visit_make(in_alder.site, NOON + 2 * HOUR + 6 * MINUTE, origin="pixel")
    watch(in_alder, NOON + 2 * HOUR + 10 * MINUTE)
    assert Silence.objects.get().end == "heard"


def test_a_site_that_only_servers_write_of_works_and_waits_for_no_tag(in_alder: Cast) -> None:
    site = in_alder.site
    visit_make(site, NOON, origin="server")
    visit_make(site, NOON + MINUTE, **OWN_VISIT)
    health = site_health([site], now=NOON + HOUR)[site.id]
    assert (health.state, health.last_at) == (TagState.WORKING, NOON)


@pytest.mark.parametrize("status", ["paused", "archived"])
def test_a_site_that_rests_raises_none_and_ends_its_own(in_alder: Cast, status: str) -> None:
    busy(in_alder.site)
    busy(in_alder.other_site)
    visit_make(in_alder.other_site, NOON + HOUR)
    watch(in_alder, NOON + HOUR + 5 * MINUTE)
    Site.objects.all().update(status=status)
    watch(in_alder, NOON + 4 * HOUR)
    silence = Silence.objects.get()
    assert (silence.site_id, silence.end) == (in_alder.site.id, "rests")


def test_hours_are_counted_once_and_gone_after_their_weeks(in_alder: Cast) -> None:
    site = in_alder.site
    visit_make(site, NOON - 30 * WEEK)
    visit_make(site, NOON - 2 * HOUR, pages=[Page("/"), Page("/a")])
    visit_make(site, NOON - 2 * HOUR + MINUTE)
    visit_make(site, NOON - 2 * HOUR + MINUTE, set_aside="bot_declared")
    visit_make(site, NOON - 2 * HOUR + MINUTE, origin="import")
    visit_make(site, NOON - 2 * HOUR + MINUTE, origin="server")
    visit_make(site, NOON + MINUTE)
    watch(in_alder, NOON + 5 * MINUTE)
    assert list(HourCount.objects.values_list("hour", "visits", "pageviews")) == [(NOON - 2 * HOUR, 2, 3)]
    watch(in_alder, NOON + HOUR + 10 * MINUTE)
    assert HourCount.objects.count() == 2
    watch(in_alder, NOON + 9 * WEEK)
    assert HourCount.objects.count() == 0


def test_while_storing_lags_nothing_is_raised_and_the_time_doesnt_count(in_alder: Cast, well: dict[str, Check]) -> None:
    busy(in_alder.site)
    well["writer"] = Check(False, True, "hasn't stored anything for 4000 s")
    watch(in_alder, NOON + 2 * HOUR)
    assert not Silence.objects.exists()
    well["writer"] = WELL["writer"]
    watch(in_alder, NOON + 2 * HOUR + 5 * MINUTE)
    assert not Silence.objects.exists()
    for minutes in range(10, 120, 10):
        watch(in_alder, NOON + 2 * HOUR + minutes * MINUTE)
    assert Silence.objects.get().raised_at > NOON + 2 * HOUR + 30 * MINUTE


def test_after_looks_that_didnt_come_a_silence_counts_from_the_next(in_alder: Cast) -> None:
    busy(in_alder.site)
    watch(in_alder, NOON)
    watch(in_alder, NOON + 2 * HOUR)
    assert not Silence.objects.exists()
    assert Watch.objects.get().alive_since == NOON + 2 * HOUR


def test_when_nobody_is_heard_at_all_it_may_be_us(in_alder: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    busy(in_alder.site)
    busy(in_alder.other_site, until=NOON)
    watch(in_alder, NOON + 2 * HOUR)
    assert not Silence.objects.exists()
    monkeypatch.setattr(watching, "door_answers", lambda: True)
    watch(in_alder, NOON + 2 * HOUR + 5 * MINUTE)
    assert Silence.objects.count() == 2


def look(*silent: datetime, heard: datetime) -> Look:
    from apps.installation.silence.rhythm import Judgement

    found = {number: (at, Judgement(True)) for number, at in enumerate(silent)}
    return Look("a_1", found, max([heard, *silent]))


@pytest.mark.parametrize(
    ("looks", "expected"),
    [
        ([look(heard=NOON)], False),
        ([look(NOON, heard=NOON)], False),  # one alone is believed
        ([look(NOON, NOON - MINUTE, heard=NOON)], True),
        ([look(NOON, heard=NOON), look(NOON - MINUTE, heard=NOON)], True),  # in different agencies
        ([look(NOON, NOON - MINUTE, heard=NOON + MINUTE)], False),  # another one was heard since
        ([look(NOON, NOON - HOUR, heard=NOON)], False),  # not together
    ],
)
def test_an_outage_of_ours_is_told_from_silent_sites(looks: list[Look], expected: bool) -> None:
    assert is_outage(looks) is expected


def test_each_agency_has_its_own(in_alder: Cast) -> None:
    busy(in_alder.site)
    with in_schema(str(in_alder.birch.schema_name)):
        visit_make(in_alder.birch_site, NOON + HOUR)
    agencies_watch([str(in_alder.birch.schema_name), str(in_alder.alder.schema_name)], now=NOON + 2 * HOUR)
    assert Silence.objects.count() == 1
    with in_schema(str(in_alder.birch.schema_name)):
        assert not Silence.objects.exists()
    assert in_alder.outsider.user.email not in [one.to[0] for one in mail.outbox]


def test_the_task_goes_over_all_agencies(in_alder: Cast) -> None:
    silences_watch()
    assert Watch.objects.count() == 1
    with in_schema(str(in_alder.birch.schema_name)):
        assert Watch.objects.count() == 1


def test_a_deleted_site_takes_its_rows_along(in_alder: Cast) -> None:
    busy(in_alder.site)
    watch(in_alder, NOON + 2 * HOUR)
    Site.objects.filter(id=in_alder.site.id).delete()
    assert not Silence.objects.exists()
    assert not HourCount.objects.exists()
    assert not SilenceNotice.objects.exists()


# --- mails ------------------------------------------------------------------------------------------------------------


def told(member: Membership) -> list[str]:
    return [str(one.subject) for one in mail.outbox if one.to == [member.user.email]]


def test_the_mail_goes_to_whoever_may_mend_it(in_alder: Cast) -> None:
    busy(in_alder.other_site)
    visit_make(in_alder.site, NOON + HOUR)
    watch(in_alder, NOON + 2 * HOUR)
    subject = "Second site is silent since 11:59, usually 48 page views by now"
    assert told(in_alder.owner) == told(in_alder.admin) == told(in_alder.manager) == [subject]
    assert told(in_alder.limited) == told(in_alder.analyst) == told(in_alder.viewer) == []
    text = str(mail.outbox[0].body)
    assert f"http://alder.localhost:8000/s/{in_alder.other_site.slug}/settings/check" in text
    assert "Second site (Second)" in text


def test_several_sites_share_a_mail(in_alder: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watching, "door_answers", lambda: True)
    busy(in_alder.site)
    busy(in_alder.other_site)
    watch(in_alder, NOON + 2 * HOUR)
    assert told(in_alder.owner) == ["2 sites are silent"]
    assert told(in_alder.limited)[0].startswith("First site is silent")


def test_nobody_gets_more_than_two_a_day(in_alder: Cast) -> None:
    """Each quarter of an hour the site falls silent anew: the third mail waits for the next day."""
    now = NOON + HOUR
    site = in_alder.site
    for number in range(4):
        Silence.objects.filter(ended_at=None).update(ended_at=now)
        Silence.objects.create(site=site, heard_at=now, raised_at=now, usual=30)
        mails.silences_tell(now=now + number * MINUTE)
        mails.silences_tell(now=now + number * MINUTE)
    assert len(told(in_alder.owner)) == 2
    mails.silences_tell(now=now + DAY + 10 * MINUTE)
    assert len(told(in_alder.owner)) == 3


def test_of_two_runs_at_once_one_mails(in_alder: Cast) -> None:
    """Both have read who was told before either has noted it."""
    silence = Silence.objects.create(site=in_alder.site, heard_at=NOON, raised_at=NOON, usual=30)
    other = Silence.objects.create(site=in_alder.other_site, heard_at=NOON, raised_at=NOON, usual=30)
    mails._tell(in_alder.alder, in_alder.owner, [silence], NOON)
    mails._tell(in_alder.alder, in_alder.owner, [silence], NOON + MINUTE)
    assert len(told(in_alder.owner)) == 1
    mails._tell(in_alder.alder, in_alder.owner, [silence, other], NOON + MINUTE)
    assert told(in_alder.owner)[1].startswith("Second site is silent")
    assert SilenceNotice.objects.count() == 2


def test_a_mail_that_couldnt_be_sent_is_sent_the_next_time(in_alder: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    Silence.objects.create(site=in_alder.site, heard_at=NOON, raised_at=NOON, usual=30)

    def away(*arguments: object, **options: object) -> None:
        raise ConnectionRefusedError

    with monkeypatch.context() as patch:
        patch.setattr(mails, "mail_send", away)
        mails.silences_tell(now=NOON)
    assert (mail.outbox, SilenceNotice.objects.count()) == ([], 0)
    mails.silences_tell(now=NOON + 5 * MINUTE)
    assert len(told(in_alder.owner)) == 1
