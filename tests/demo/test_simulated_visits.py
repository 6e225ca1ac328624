"""Simulated visits: the same each time, in the contract's words, and readable as a web server's log."""

import random
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import msgspec
import pytest
from django.conf import LazySettings

from apps.core import clock
from apps.demo.cookies import cookies_remember
from apps.demo.journeys import Visit, regulars, visits_of_day
from apps.demo.logs import log_lines
from apps.demo.payloads import context, events, has_agreed, match, milliseconds
from apps.demo.people import Place, places
from apps.demo.stories import CYCLE_DAYS, scene_now, stories
from apps.demo.world import COUNTRIES, KESTREL, QUILLMARK, SALTGROVE
from apps.networks.kinds import NetworkKind
from apps.tracking.accesslog import page_target, parse_line
from apps.tracking.match_keys import match_keys_open
from apps.tracking.models import Conversion, ConversionMatch
from apps.tracking.payload import read_clean
from tests.cast import Cast

DAY = date(2026, 11, 18)  # a Wednesday


@pytest.fixture(autouse=True)
def drawn_places(tmp_path: Path, settings: LazySettings) -> Iterator[None]:
    """Addresses as if drawn from the databases: documentation ranges, some organisations a country."""
    settings.BEACON_DATA_DIR = tmp_path
    kinds = (NetworkKind.CONSUMER, NetworkKind.BUSINESS, NetworkKind.EDUCATION, NetworkKind.GOVERNMENT)
    pools = {
        kind: {
            code: [_place(kind, code, number, spot) for number in range(1 if kind == NetworkKind.CONSUMER else 60)]
            for spot, code in enumerate(COUNTRIES, start=1)
        }
        for kind in kinds
    }
    (tmp_path / "demo-places.json").write_bytes(msgspec.json.encode(pools))
    for kept in (places, regulars, stories):
        kept.cache_clear()
    yield
    for kept in (places, regulars, stories):
        kept.cache_clear()


def _place(kind: NetworkKind, code: str, number: int, spot: int) -> Place:
    if kind == NetworkKind.CONSUMER:
        return Place(f"198.51.100.{spot}", code, "")
    return Place(f"203.0.113.{spot}", code, f"{kind}{number}.{code}.example", "Automotive" if number < 40 else "")


@pytest.fixture
def day() -> list[Visit]:
    return list(visits_of_day(KESTREL, DAY))


def test_a_day_comes_out_the_same_each_time(day: list[Visit]) -> None:
    assert day == list(visits_of_day(KESTREL, DAY))
    assert day != list(visits_of_day(KESTREL, date(2026, 11, 19)))


def test_no_id_comes_twice(day: list[Visit]) -> None:
    ids = [event["id"] for visit in day for event in events(visit)]
    assert len(ids) == len(set(ids)) > 1_000


def test_a_weekend_is_quieter(day: list[Visit]) -> None:
    assert len(list(visits_of_day(KESTREL, date(2026, 11, 21)))) < len(day) / 2


def test_people_glance_read_act_and_come_again_and_bots_crawl(day: list[Visit]) -> None:
    people = [visit for visit in day if not visit.is_bot]
    assert {visit.is_bot for visit in day} == {True, False}
    assert any(len(visit.steps) == 1 and visit.steps[0].engaged_ms < 10_000 for visit in people)
    assert any(step.actions for visit in people for step in visit.steps)
    assert len({(visit.person.address, visit.person.user_agent) for visit in people}) < len(people)
    assert all(not step.engaged_ms for visit in day if visit.is_bot for step in visit.steps)


def test_few_visits_are_of_organisations(day: list[Visit]) -> None:
    people = [visit for visit in day if not visit.is_bot]
    named = [visit for visit in people if visit.person.organisation]
    assert 0.06 < len(named) / len(people) < 0.16


def test_a_few_companies_come_closer_until_some_ask_and_the_others_dont() -> None:
    days = [DAY + timedelta(days=number) for number in range(CYCLE_DAYS + 2)]  # to the Monday after
    told = stories(KESTREL)
    assert all(story.place.industry for story in told)
    asked = {story.place.domain for story in told if any(story.asks_on(day) for day in days)}
    assert {story.place.domain for story in told if story.plot.asks} == asked
    assert 0 < len(asked) < len(told)

    story = next(story for story in told if story.plot.asks)
    last = next(day for day in days if story.asks_on(day))
    visits = [visit for visit in visits_of_day(KESTREL, last) if visit.person.organisation == story.place.domain]
    assert "demo_request" in {action.name for visit in visits for step in visit.steps for action in step.actions}


def test_somebody_whose_story_is_under_way_can_come_now() -> None:
    draw = random.Random(1)
    scene = scene_now(KESTREL, DAY, draw)
    assert scene is not None
    [story] = [story for story in stories(KESTREL) if scene.person in story.people]
    assert story.act_on(DAY) is not None
    assert scene_now(QUILLMARK, DAY, draw) is None


def test_the_door_finds_nothing_wrong_with_what_is_sent(day: list[Visit]) -> None:
    for visit in day[:200]:
        sent = list(events(visit))
        body = {
            "site_key": "k",
            "sent_at": milliseconds(visit.steps[-1].at),
            "tracker": "simulator",
            "context": context(visit),
            "events": sent,
        }
        payload = read_clean(msgspec.json.encode(body), is_single=False)
        assert payload is not None
        assert len(payload.events) == len(sent)


def test_its_log_is_one_that_the_import_reads() -> None:
    lines = list(log_lines(SALTGROVE, DAY, 1))
    parsed = [parse_line(line) for line in lines]

    assert all(parsed)
    times = [line.at for line in parsed if line]
    assert times == sorted(times)
    pages = sum(page_target(line)[1] is None for line in parsed if line)
    steps = sum(len(visit.steps) for visit in visits_of_day(SALTGROVE, DAY))
    assert pages == steps
    # Assets, and now and then a probe for what isn't there.
    assert len(lines) > 2 * steps


def test_the_past_keeps_cookies_of_those_who_agreed_and_reached_a_goal(
    day: list[Visit], in_alder: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(clock, "now", lambda: datetime(2026, 11, 20, tzinfo=UTC))
    agreed = [visit for visit in day if has_agreed(visit)]
    others = [visit for visit in day if not has_agreed(visit)]
    for visit in (agreed[0], others[0]):
        step = visit.steps[0]
        Conversion.objects.create(
            site_id=in_alder.site.id, goal_id=1, event_id=step.id, session_id=step.id, occurred_at=step.at
        )
    cookies_remember(in_alder.site, day)
    cookies_remember(in_alder.site, day)
    first = agreed[0]
    told = {**match(first), "user_agent": first.person.user_agent}
    assert match_keys_open(step.id for visit in day for step in visit.steps) == {first.steps[0].id: told}
    assert ConversionMatch.objects.get().session_id == first.steps[0].id
