"""What a watcher's socket says, over real Valkey and PostgreSQL."""

import asyncio
from collections.abc import AsyncIterator

import pytest
from channels.testing import WebsocketCommunicator

from apps.companies.facts import CompanyMatched
from apps.core import clock
from apps.live import board
from apps.live.access import Watch
from apps.live.frames import announce_companies, announce_events, group_name
from apps.live.picture import Picture, picture_now
from apps.tracking.models import Origin

from .conftest import Watched
from .sockets import apart, heard, words

pytestmark = pytest.mark.real


@pytest.fixture
async def socket(watched: Watched) -> AsyncIterator[WebsocketCommunicator]:
    """The owner's socket, its first picture already taken."""
    cookie = await apart(watched.cookie)(watched.owner)
    opened = watched.socket(cookie)
    assert (await opened.connect(timeout=30))[0]
    await heard(opened, 'id="live-visits"', 'id="live-feed"')
    yield opened
    await opened.disconnect(timeout=30)


async def test_it_sends_the_whole_picture_first(watched: Watched) -> None:
    visit = await apart(watched.visit)("/pricing", source="Google", channel="Organic Search", city="Vienna")
    socket = watched.socket(await apart(watched.cookie)(watched.owner))
    await socket.connect(timeout=30)
    text = await heard(socket, 'id="live-feed"')
    assert f'id="visit-{visit.id}"' in text
    assert "Someone in Vienna came from Google to /pricing" in words(text)
    assert "1 person on the site" in words(text)
    await socket.disconnect(timeout=30)


async def test_a_stored_visit_arrives_on_top(watched: Watched, socket: WebsocketCommunicator) -> None:
    visit = await apart(watched.visit)("/docs")
    await apart(announce_events)(watched.stored(visit))
    row = await heard(socket, f'id="visit-{visit.id}"')
    assert row.startswith('<tbody hx-swap-oob="afterbegin:#live-visits">')
    assert 'class="arrived"' in row
    assert "1 person" in words(await heard(socket, 'id="live-now"'))


async def test_a_visit_that_goes_on_is_changed_in_place(watched: Watched, socket: WebsocketCommunicator) -> None:
    visit = await apart(watched.visit)("/docs")
    await apart(announce_events)(watched.stored(visit))
    await heard(socket, f'id="visit-{visit.id}"', "live-now")
    await apart(watched.change)(visit, exit_path="/pricing")
    await apart(announce_events)(watched.stored(visit))
    row = await heard(socket, "/pricing")
    assert f'<tr role="row" id="visit-{visit.id}" hx-swap-oob="true"' in row


async def test_a_company_found_later_takes_the_networks_place(watched: Watched, socket: WebsocketCommunicator) -> None:
    visit = await apart(watched.visit)("/docs", network_kind="business")
    await apart(announce_events)(watched.stored(visit))
    assert "Company network" in await heard(socket, f'id="visit-{visit.id}"', "live-now")
    company_id = await apart(watched.company)("Varnholt AG")
    await apart(watched.change)(visit, company_id=company_id)
    await apart(announce_companies)(CompanyMatched(watched.schema, watched.site.id, (visit.id,)))
    text = await heard(socket, "Varnholt AG", "live-now")
    assert f'id="visit-{visit.id}" hx-swap-oob="true"' in text
    assert "1 from a network that names a company" in words(text)


async def test_who_has_left_is_taken_off(watched: Watched, socket: WebsocketCommunicator) -> None:
    visit = await apart(watched.visit)("/docs")
    await apart(announce_events)(watched.stored(visit))
    await heard(socket, f'id="visit-{visit.id}"', "live-now")
    await apart(watched.change)(visit, ended_at=visit.ended_at.replace(year=2020))
    await apart(announce_events)(watched.stored(visit))
    assert f'<tr id="visit-{visit.id}" hx-swap-oob="delete"></tr>' in await heard(socket, "live-now", "delete")


async def test_a_lost_message_costs_a_tick_and_no_more(watched: Watched, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(board, "TICK_SECONDS", 0.2)
    socket = watched.socket(await apart(watched.cookie)(watched.owner))
    await socket.connect(timeout=30)
    await heard(socket, 'id="live-feed"')
    visit = await apart(watched.visit)("/docs")
    assert "/docs" in await heard(socket, f'id="visit-{visit.id}"')
    await socket.disconnect(timeout=30)


async def test_only_what_differs_is_sent(
    watched: Watched, socket: WebsocketCommunicator, monkeypatch: pytest.MonkeyPatch
) -> None:
    # With time standing still: a row says how long ago its visitor was seen, and would differ by itself.
    moment = clock.now()
    monkeypatch.setattr(clock, "now", lambda: moment)
    first = await apart(watched.visit)("/docs", ago_s=60)
    await apart(announce_events)(watched.stored(first))
    await heard(socket, f'id="visit-{first.id}"', "live-now")
    second = await apart(watched.visit)("/docs")
    # Told twice, as facts may be.
    await apart(announce_events)(watched.stored(second))
    await apart(announce_events)(watched.stored(second))
    text = await heard(socket, f'id="visit-{second.id}"', "live-now")
    assert str(first.id) not in text
    assert await socket.receive_nothing(timeout=1.0)


async def test_a_backfilled_visit_is_silent(watched: Watched, socket: WebsocketCommunicator) -> None:
    visit = await apart(watched.visit)("/old", origin=Origin.IMPORT)
    await apart(announce_events)(watched.stored(visit, is_backfill=True))
    assert await socket.receive_nothing(timeout=0.6)
    await apart(announce_events)(watched.stored(visit))
    assert await socket.receive_nothing(timeout=0.6)


async def test_a_set_aside_visit_is_silent(watched: Watched, socket: WebsocketCommunicator) -> None:
    visit = await apart(watched.visit)("/", set_aside="bot_declared")
    await apart(announce_events)(watched.stored(visit))
    assert await socket.receive_nothing(timeout=0.6)


async def test_a_visit_of_another_site_is_silent(watched: Watched, socket: WebsocketCommunicator) -> None:
    assert group_name(watched.schema, 1) != group_name(watched.schema, 11)
    visit = await apart(watched.visit)("/", site=await apart(watched.other_site)())
    await apart(announce_events)(watched.stored(visit))
    assert await socket.receive_nothing(timeout=0.6)


async def test_any_word_brings_the_whole_picture_anew(watched: Watched, socket: WebsocketCommunicator) -> None:
    await socket.send_to(text_data='{"visits": "drop table"}')
    text = await heard(socket, 'id="live-visits"', 'id="live-feed"')
    assert 'id="live-now"' in text


async def test_companies_alone_where_they_are_asked_for(watched: Watched) -> None:
    company_id = await apart(watched.company)()
    unknown = await apart(watched.visit)("/")
    named = await apart(watched.visit)("/", company_id=company_id)
    socket = watched.socket(await apart(watched.cookie)(watched.owner), query="show=companies")
    await socket.connect(timeout=30)
    text = await heard(socket, 'id="live-visits"')
    assert f'id="visit-{named.id}"' in text and f'id="visit-{unknown.id}"' not in text
    await socket.disconnect(timeout=30)


async def test_watchers_of_a_site_share_one_look(watched: Watched, monkeypatch: pytest.MonkeyPatch) -> None:
    looks: list[Watch] = []

    def counted(watch: Watch, before: Picture | None) -> Picture:
        looks.append(watch)
        return picture_now(watch, before)

    monkeypatch.setattr(board, "picture_now", counted)
    cookie = await apart(watched.cookie)(watched.owner)
    sockets = [watched.socket(cookie) for _ in range(5)]
    for socket in sockets:
        await socket.connect(timeout=30)
        await heard(socket, 'id="live-feed"')
    looks.clear()
    visit = await apart(watched.visit)("/docs")
    await apart(announce_events)(watched.stored(visit))
    await asyncio.gather(*(heard(socket, f'id="visit-{visit.id}"') for socket in sockets))
    # Each socket gets the message and wakes the board; what comes while it looks makes it look once more, for all.
    assert len(looks) < len(sockets)
    for socket in sockets:
        await socket.disconnect(timeout=30)
