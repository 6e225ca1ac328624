"""A check from its row to its answer: states, the bound on time, and what is kept."""

import time
from datetime import timedelta
from typing import Any

import pytest
from pytest_django import Settings

from apps.core import clock
from apps.core.outbound import Guard
from apps.core.tenancy import in_schema
from apps.installation import running
from apps.installation.causes import Cause
from apps.installation.fetching import USER_AGENT, VERSION, page_fetch
from apps.installation.findings import Fetched
from apps.installation.models import CheckState, SiteCheck
from apps.installation.rendering import GRACE_SECONDS
from apps.installation.running import check_run, guard_of_settings
from apps.installation.selectors import checks_of
from apps.installation.services import (
    BROKEN,
    KEPT,
    LIMIT,
    MOST_AN_HOUR,
    NO_TIME,
    TooMany,
    check_start,
    check_take,
    checks_close_overdue,
)
from apps.installation.texts import answers_of
from apps.sites.models import Site
from apps.sites.services import site_create
from apps.tracking.steps.bots import OWN_CHECK, declared, is_declared
from apps.tracking.steps.signals import Signal
from tests.cast import Cast
from tests.dripping import dripping

from .world import KEY, World

pytestmark = pytest.mark.django_db


@pytest.fixture
def site(in_alder: Cast, world: World, settings: Settings) -> Site:
    settings.BEACON_TRACK_URL = world.track
    Site.objects.filter(id=in_alder.site.id).update(site_key=KEY)
    in_alder.site.domains.update(host="shop.example")
    in_alder.site.refresh_from_db()
    return in_alder.site


def asked(site: Site, world: World, page: str = "well") -> SiteCheck:
    return check_start(site=site, written=world.url(page), requested_by="Ida")


def test_a_whole_check_opens_the_page_and_says_that_all_is_well(
    site: Site, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    # The bound is for people who wait; a machine that runs a whole suite may take longer.
    monkeypatch.setattr("apps.installation.services.LIMIT", timedelta(seconds=60))
    check = asked(site, world)
    assert check.state == CheckState.QUEUED
    assert check_run(check.id, guard=world.guard())
    check.refresh_from_db()
    assert (check.state, check.cause, check.result["browser"]) == (CheckState.DONE, Cause.WELL, "seen")
    assert world.posts[0] == (KEY, f"http://shop.example:{world.port}")
    assert any("b.js (200)" in text for _, text in check.result["evidence"])
    assert check.finished_at is not None


def test_without_chromium_the_source_is_looked_at_and_that_is_said(
    site: Site, world: World, settings: Settings
) -> None:
    settings.BEACON_CHROMIUM = "/nowhere/chromium"
    check = asked(site, world)
    check_run(check.id, guard=world.guard())
    check.refresh_from_db()
    assert (check.cause, answers_of(check)[0].copy) == (Cause.SOURCE_ONLY, "apt install chromium")


def test_private_addresses_are_not_reached_unless_allowed(site: Site, world: World, settings: Settings) -> None:
    settings.BEACON_CHROMIUM = "/nowhere/chromium"
    check = check_start(site=site, written=f"http://127.0.0.1:{world.port}/well")
    check_run(check.id)
    check.refresh_from_db()
    assert (check.cause, check.result["causes"][0][1]["address"]) == (Cause.PRIVATE_ADDRESS, "127.0.0.1")
    settings.BEACON_CHECK_PRIVATE_ADDRESSES = True
    again = check_start(site=site, written=f"http://127.0.0.1:{world.port}/well")
    check_run(again.id)
    again.refresh_from_db()
    assert again.cause == Cause.DOMAIN_NOT_LISTED


def test_the_checks_user_agent_is_set_aside_by_itself() -> None:
    verdict = declared(USER_AGENT.format(version=VERSION))
    assert (verdict.signal, verdict.name) == (Signal.HEADLESS, OWN_CHECK)
    assert is_declared(USER_AGENT.format(version=VERSION))


def test_the_operators_door_may_be_private(settings: Settings) -> None:
    settings.BEACON_TRACK_URL = "https://Track.intranet"
    assert guard_of_settings().allowed == {("track.intranet", 443)}


def test_a_second_check_while_one_is_under_way_is_the_first(site: Site, world: World) -> None:
    first = asked(site, world)
    assert asked(site, world, "no_tag").id == first.id
    check_take(first.id)
    assert asked(site, world, "no_tag").id == first.id


def test_a_check_is_taken_once(site: Site, world: World) -> None:
    check = asked(site, world)
    assert check_take(check.id) is not None
    assert check_take(check.id) is None


def test_a_check_that_nobody_took_in_time_says_so(site: Site, world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    check = asked(site, world)
    later = clock.now() + LIMIT + timedelta(seconds=1)
    monkeypatch.setattr(clock, "now", lambda: later)
    checks_close_overdue(site_id=site.id)
    check.refresh_from_db()
    assert (check.state, answers_of(check)[0].says) == (CheckState.FAILED, NO_TIME)
    # Whoever comes too late finds nothing to do, and the next one may be asked for.
    assert check_run(check.id, guard=world.guard())
    assert asked(site, world).id != check.id


def test_one_whose_worker_died_is_closed_too(site: Site, world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    check = asked(site, world)
    check_take(check.id)
    later = clock.now() + LIMIT + timedelta(seconds=1)
    monkeypatch.setattr(clock, "now", lambda: later)
    checks_close_overdue(site_id=site.id)
    check.refresh_from_db()
    assert check.result == {"why": BROKEN}


def test_one_taken_too_late_to_be_of_use_is_given_up(site: Site, world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    check = asked(site, world)
    later = clock.now() + LIMIT - timedelta(seconds=3)
    monkeypatch.setattr(clock, "now", lambda: later)
    assert check_run(check.id, guard=world.guard())
    check.refresh_from_db()
    assert check.result == {"why": NO_TIME}


def test_it_waits_while_all_browsers_are_in_use(site: Site, world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    check = asked(site, world)
    for _ in range(running.MOST_AT_ONCE):
        running._browsers.acquire()
    try:
        assert not check_run(check.id, guard=world.guard())
        check.refresh_from_db()
        assert check.state == CheckState.QUEUED
        later = clock.now() + LIMIT - timedelta(seconds=3)
        monkeypatch.setattr(clock, "now", lambda: later)
        assert check_run(check.id, guard=world.guard())
        check.refresh_from_db()
        assert check.result == {"why": NO_TIME}
    finally:
        for _ in range(running.MOST_AT_ONCE):
            running._browsers.release()


def test_a_check_that_breaks_off_says_so_and_is_heard_of(site: Site, world: World) -> None:
    def lookup(host: str) -> Any:
        raise RuntimeError("out of order")

    check = asked(site, world)
    with pytest.raises(RuntimeError):
        check_run(check.id, guard=Guard(lookup=lookup))
    check.refresh_from_db()
    assert (check.state, check.result) == (CheckState.FAILED, {"why": BROKEN})
    assert running._browsers.acquire(blocking=False)
    running._browsers.release()


def test_a_page_that_comes_by_drops_has_its_answer_in_time(
    site: Site, world: World, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.BEACON_CHROMIUM = "/nowhere/chromium"
    monkeypatch.setattr(running, "FETCH_SECONDS", 0.5)
    begun = time.monotonic()
    with dripping(b"HTTP/1.1 200 OK\r\nx: ", b"y") as port:
        check = check_start(site=site, written=f"http://shop.example:{port}/")
        check_run(check.id, guard=world.guard())
    assert time.monotonic() - begun < 20  # the page would go on for ever
    check.refresh_from_db()
    assert (check.state, check.cause) == (CheckState.DONE, Cause.UNREACHABLE)


def test_one_that_waited_long_has_less_time_for_its_page(
    site: Site, world: World, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.BEACON_CHROMIUM = "/nowhere/chromium"
    given: list[float] = []

    def fetch(url: str, *, seconds: float, **options: Any) -> Fetched:
        given.append(seconds)
        return Fetched(hops=[url], status=200)

    monkeypatch.setattr(running, "page_fetch", fetch)
    check = asked(site, world)
    waited = LIMIT - timedelta(seconds=running.LEAST_SECONDS + 1)
    SiteCheck.objects.filter(id=check.id).update(created_at=clock.now() - waited)
    check_run(check.id, guard=world.guard())
    assert 1 < given[0] <= running.LEAST_SECONDS + 1 - running.STORE_SECONDS


def test_of_the_20_seconds_enough_is_left_to_end_a_browser_and_to_store() -> None:
    """A browser that doesn't end by itself has a moment, and ending it takes another one."""
    assert running.STORE_SECONDS >= 2 * GRACE_SECONDS + 1


def test_what_no_table_takes_is_replaced_in_what_pages_say(
    site: Site, world: World, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.BEACON_CHROMIUM = "/nowhere/chromium"
    monkeypatch.setattr(
        running, "page_fetch",
        lambda url, **options: Fetched(
            hops=[url, "http://shop.example/\0"], status=200, headers=[("content-security-policy", "x\udc00")],
            body="<script src=/b.js data-site-id='a\0b\ud800'></script>",
        ),
    )  # fmt: skip
    check = asked(site, world)
    check_run(check.id, guard=world.guard())
    check.refresh_from_db()
    assert (check.state, check.cause) == (CheckState.DONE, Cause.KEY_WRONG)
    assert check.result["causes"][0][1]["found"] == "a\ufffdb\ufffd"
    assert check.result["url"] == "http://shop.example/\ufffd"
    assert [None, "Content-Security-Policy: x\ufffd"] in check.result["evidence"]


@pytest.mark.parametrize("step", ["diagnose", "check_finish"])
def test_a_check_whose_answer_breaks_off_says_so(
    site: Site, world: World, settings: Settings, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    def broken(*arguments: object, **options: object) -> None:
        raise RuntimeError("out of order")

    settings.BEACON_CHROMIUM = "/nowhere/chromium"
    monkeypatch.setattr(running, step, broken)
    check = asked(site, world)
    with pytest.raises(RuntimeError):
        check_run(check.id, guard=world.guard())
    check.refresh_from_db()
    assert (check.state, check.result) == (CheckState.FAILED, {"why": BROKEN})


def test_the_last_ones_of_a_site_are_kept(site: Site, world: World, settings: Settings) -> None:
    settings.BEACON_CHROMIUM = "/nowhere/chromium"
    now = clock.now() - timedelta(hours=2)
    SiteCheck.objects.bulk_create(
        [SiteCheck(site=site, url="x", state=CheckState.DONE, created_at=now, finished_at=now) for _ in range(KEPT + 3)]
    )
    check = asked(site, world)
    check_run(check.id, guard=world.guard())
    kept = list(SiteCheck.objects.filter(site=site))
    assert (len(kept), kept[0].id) == (KEPT, check.id)


def past(site: Site, count: int, minutes: float) -> None:
    at = clock.now() - timedelta(minutes=minutes)
    SiteCheck.objects.bulk_create(
        [SiteCheck(site=site, url="x", state=CheckState.DONE, created_at=at, finished_at=at) for _ in range(count)]
    )


def test_an_agency_has_two_checks_under_way_at_once(site: Site, in_alder: Cast, world: World) -> None:
    first = asked(site, world)
    asked(in_alder.other_site, world)
    third = site_create(client=site.client, name="Third", domains=["third.example"])
    with pytest.raises(TooMany, match="2 checks of this agency are under way"):
        asked(third, world)
    # One's own that is under way is still the answer; one whose time is over makes room.
    assert asked(site, world).id == first.id
    SiteCheck.objects.filter(id=first.id).update(created_at=clock.now() - LIMIT - timedelta(seconds=1))
    assert asked(third, world).state == CheckState.QUEUED


def test_an_agency_has_so_many_checks_an_hour(site: Site, in_alder: Cast, world: World, settings: Settings) -> None:
    settings.BEACON_CHROMIUM = "/nowhere/chromium"
    past(site, 40, minutes=61)
    past(in_alder.other_site, MOST_AN_HOUR - 1, minutes=59.5)
    check_run(asked(site, world).id, guard=world.guard())
    with pytest.raises(TooMany, match=r"can start in 1 minute\.") as refusal:
        asked(site, world)
    assert 0 < refusal.value.seconds <= 30
    with in_schema(str(in_alder.birch.schema_name)):
        assert asked(in_alder.birch_site, world).state == CheckState.QUEUED


def test_what_the_hour_is_counted_by_is_kept_and_not_listed(site: Site, world: World, settings: Settings) -> None:
    settings.BEACON_CHROMIUM = "/nowhere/chromium"
    past(site, KEPT + 5, minutes=5)
    check_run(asked(site, world).id, guard=world.guard())
    assert (SiteCheck.objects.filter(site=site).count(), len(checks_of(site.id))) == (KEPT + 6, KEPT)


def test_https_that_isnt_there_is_tried_without(site: Site, world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    asked_for: list[str] = []
    fetch = page_fetch

    def noted(url: str, **options: Any) -> Any:
        asked_for.append(url)
        return fetch(url, **options)

    monkeypatch.setattr(running, "page_fetch", noted)
    running._fetch("https://127.0.0.1/", guard=Guard(allows_private=True), seconds=5)
    assert asked_for == ["https://127.0.0.1/", "http://127.0.0.1/"]
