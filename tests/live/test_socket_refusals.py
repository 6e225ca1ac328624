"""Who may not watch, and what ends a watch."""

from typing import Any

import pytest
from channels.testing import WebsocketCommunicator
from django.contrib.sessions.models import Session as LoginSession

from apps.agencies.models import Agency, Membership
from apps.agencies.roles import Role
from apps.core.tenancy import in_schema
from apps.live import board, consumers
from config.asgi import application
from tests import factories
from tests.cast import Cast
from tests.secret_keys import key_change

from .conftest import Watched
from .sockets import apart, heard

pytestmark = pytest.mark.real


async def is_let_in(watched: Watched, cookie: str, **how: str) -> bool:
    socket = watched.socket(cookie, **how)
    connected, _ = await socket.connect(timeout=30)
    await socket.disconnect()
    return bool(connected)


@pytest.fixture
def cookie(watched: Watched) -> str:
    return watched.cookie(watched.owner)


async def test_a_member_is_let_in(watched: Watched, cookie: str) -> None:
    assert await is_let_in(watched, cookie)


async def test_a_changed_secret_key_logs_no_watcher_out(watched: Watched, cookie: str, settings: Any) -> None:
    key_change(settings)
    for _ in range(2):
        assert await is_let_in(watched, cookie)


@pytest.mark.parametrize("origin", ["https://evil.example", "null", "", "http://[", "http://localhost:8000"])
async def test_a_page_of_another_origin_is_refused(watched: Watched, cookie: str, origin: str) -> None:
    assert not await is_let_in(watched, cookie, origin=origin)


@pytest.mark.parametrize("other", ["", "sessionid=", "sessionid=" + "x" * 32, "unrelated=1"])
async def test_nobody_without_a_login_is_let_in(watched: Watched, other: str) -> None:
    assert not await is_let_in(watched, other)


async def test_another_agencys_member_is_refused(watched: Watched, _cast: Cast) -> None:
    cookie = await apart(watched.cookie)(_cast.outsider)
    assert not await is_let_in(watched, cookie)


async def test_a_member_of_another_client_is_refused(watched: Watched) -> None:
    def limited(client_ids: list[int]) -> Membership:
        return factories.make_member(watched.agency, Role.MANAGER, client_ids=client_ids)

    stranger = await apart(limited)([watched.site.client_id + 1])
    assert not await is_let_in(watched, await apart(watched.cookie)(stranger))
    own = await apart(limited)([watched.site.client_id])
    assert await is_let_in(watched, await apart(watched.cookie)(own))


async def test_a_viewer_is_let_in(watched: Watched) -> None:
    viewer = await apart(factories.make_member)(watched.agency, Role.VIEWER)
    assert await is_let_in(watched, await apart(watched.cookie)(viewer))


async def test_an_unknown_site_is_refused(watched: Watched, cookie: str) -> None:
    assert not await is_let_in(watched, cookie, slug="no-such-site")


@pytest.mark.parametrize("host", ["localhost", "nobody.localhost", "127.0.0.1"])
async def test_a_host_without_the_agency_is_refused(watched: Watched, cookie: str, host: str) -> None:
    assert not await is_let_in(watched, cookie, host=host)


async def test_a_site_is_not_to_be_had_by_another_agencys_host(watched: Watched, _cast: Cast) -> None:
    """The site's name under the host of an agency that the person does belong to."""
    cookie = await apart(watched.cookie)(_cast.outsider)
    assert not await is_let_in(watched, cookie, host="birch.localhost")


async def test_a_stopped_agency_is_refused(watched: Watched, cookie: str) -> None:
    await apart(Agency.objects.filter(id=watched.agency.id).update)(is_active=False)
    assert not await is_let_in(watched, cookie)


@pytest.mark.parametrize("what", ["membership", "client", "login", "password", "user", "site"])
async def test_a_watch_ends_with_what_allowed_it(
    watched: Watched, cookie: str, what: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(board, "TICK_SECONDS", 0.1)
    monkeypatch.setattr(consumers, "CHECK_SECONDS", 0.1)
    socket = watched.socket(cookie)
    await socket.connect(timeout=30)
    await heard(socket, 'id="live-feed"')

    await apart(take_away)(watched, what)

    message = await socket.receive_output(timeout=30)
    while message["type"] == "websocket.send":
        message = await socket.receive_output(timeout=30)
    assert (message["type"], message["code"]) == ("websocket.close", consumers.NOT_FOUND)
    await socket.disconnect()


def take_away(watched: Watched, what: str) -> None:
    user = watched.owner.user
    if what == "membership":
        Membership.objects.filter(id=watched.owner.id).delete()
    elif what == "client":
        Membership.objects.filter(id=watched.owner.id).update(client_ids=[])
    elif what == "login":
        LoginSession.objects.all().delete()
    elif what == "password":
        user.set_password("another-horse-7")
        user.save(update_fields=["password"])
    elif what == "user":
        user.is_active = False
        user.save(update_fields=["is_active"])
    else:
        with in_schema(watched.schema):
            watched.site.delete()


async def test_a_socket_under_no_address_of_ours_is_turned_away() -> None:
    socket = WebsocketCommunicator(application, "/made-up", headers=[(b"host", b"localhost")])
    connected, _ = await socket.connect(timeout=30)
    assert not connected
