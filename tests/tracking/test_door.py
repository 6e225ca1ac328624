"""The slim way in: the ASGI door with its inbox, in this process, on real servers."""

import asyncio
import gzip
import json
import logging
import threading
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
from django.conf import LazySettings
from django.conf import settings as configured

from apps.agencies.models import SiteRoute
from apps.tracking import routes, salts, sealing, tracker_file, valkey
from apps.tracking.door import Door
from apps.tracking.inbox import Inbox, Load
from apps.tracking.loading import NotLoaded, Unavailable
from tests.tracking.doors import ADDRESS, BROWSER, ORIGIN, SITE_KEY, Streams, batch, pageview, why

pytestmark = pytest.mark.usefixtures("known_site")
HEADERS = {"Origin": ORIGIN, "User-Agent": BROWSER, "Content-Type": "text/plain;charset=UTF-8"}


@pytest.fixture
def known_site(route: SiteRoute, streams: Streams) -> None:
    """All that the door would load in threads, which don't see a test's transaction."""
    routes.routes.load(SITE_KEY)
    routes.routes.load("nobody")
    salts.keep()
    sealing.keep()


@pytest.fixture
async def http() -> AsyncIterator[httpx.AsyncClient]:
    door = Door(is_kept_fresh=False)
    async with client_of(door) as client:
        yield client
    await door.close()


def client_of(app: Any) -> httpx.AsyncClient:
    transport = httpx.ASGITransport(app=app, client=(ADDRESS, 4711))
    return httpx.AsyncClient(transport=transport, base_url="http://any.host", headers=HEADERS)


async def test_it_takes_a_batch_and_answers_when_it_is_stored(http: httpx.AsyncClient, streams: Streams) -> None:
    response = await http.post("/api/track/batch", json=batch(pageview(1), pageview(2, at=None)))
    assert response.status_code == 202
    assert response.json()["accepted"] == 1
    assert response.headers["Access-Control-Allow-Origin"] == "*"
    assert response.headers["Cache-Control"] == "no-store"
    assert "set-cookie" not in response.headers
    assert len(streams.envelopes) == 1
    assert streams.refused == {"invalid": 1}


async def test_requests_at_once_ride_together_and_none_is_lost(http: httpx.AsyncClient, streams: Streams) -> None:
    bodies = [batch(pageview(number)) for number in range(200)]
    answers = await asyncio.gather(*[http.post("/api/track/batch", json=body) for body in bodies])
    assert {answer.status_code for answer in answers} == {202}
    ids = {event.event_id for envelope in streams.envelopes for event in envelope.events}
    assert len(ids) == 200


async def test_refusals_of_requests_at_once_are_summed_up(http: httpx.AsyncClient, streams: Streams) -> None:
    body = batch(pageview(1), pageview(2))
    answers = await asyncio.gather(
        *[http.post("/api/track/batch", json=body, headers={"Origin": "https://evil.example"}) for _ in range(50)]
    )
    assert {answer.status_code for answer in answers} == {403}
    assert streams.refused == {"origin": 100}
    assert len(streams.refusals) < 50


@pytest.mark.parametrize("path", ["/", "/api/track", "/api/track/batch/", "/b.js.map", "/admin/"])
async def test_what_it_doesnt_know_is_404(http: httpx.AsyncClient, path: str) -> None:
    assert (await http.get(path)).status_code == 404


async def test_what_it_doesnt_know_goes_to_the_pages() -> None:
    async def pages(scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 418, "headers": []})
        await send({"type": "http.response.body", "body": scope["path"].encode()})

    async with client_of(Door(pages, is_kept_fresh=False)) as client:
        assert (await client.get("/sites/")).content == b"/sites/"
        assert (await client.get("/health")).status_code == 200


async def test_it_answers_its_methods_only(http: httpx.AsyncClient) -> None:
    for path, allowed in (
        ("/api/track/batch", "POST, OPTIONS"),
        ("/api/track/pixel.gif", "GET, HEAD, OPTIONS"),
        ("/b.js", "GET, HEAD, OPTIONS"),
    ):
        response = await http.put(path)
        assert (response.status_code, response.headers["Allow"]) == (405, allowed)
        assert (await http.options(path)).status_code == 204


async def test_a_preflight_allows_what_the_contract_needs(http: httpx.AsyncClient) -> None:
    response = await http.options("/api/track/event", headers={"Access-Control-Request-Method": "POST"})
    assert response.headers["Access-Control-Allow-Origin"] == "*"
    assert "POST" in response.headers["Access-Control-Allow-Methods"]
    assert "Authorization" in response.headers["Access-Control-Allow-Headers"]


async def test_a_large_body_is_413_before_it_is_all_there(http: httpx.AsyncClient) -> None:
    sent = 0

    async def body() -> AsyncIterator[bytes]:
        nonlocal sent
        for _ in range(100):
            sent += 16_384
            yield b"x" * 16_384

    response = await http.post("/api/track/batch", content=body())
    assert response.status_code == 413
    assert why(response) == {"body": "is larger than 64 KiB: send fewer events at once"}


async def test_a_body_in_pieces_is_read_whole(http: httpx.AsyncClient) -> None:
    whole = json.dumps(batch(pageview())).encode()

    async def body() -> AsyncIterator[bytes]:
        for at in range(0, len(whole), 7):
            yield whole[at : at + 7]

    assert (await http.post("/api/track/batch", content=body())).status_code == 202


async def test_a_client_that_hangs_up_gets_no_answer_and_stores_nothing(streams: Streams) -> None:
    messages = [
        {"type": "http.request", "body": b'{"site_key":', "more_body": True},
        {"type": "http.disconnect"},
    ]
    sent: list[Any] = []

    async def receive() -> Any:
        return messages.pop(0)

    async def send(message: Any) -> None:
        sent.append(message)

    await Door(is_kept_fresh=False)(scope_of("/api/track/batch"), receive, send)
    assert sent == []
    assert streams.raw == b""


def scope_of(path: str, *headers: tuple[bytes, bytes]) -> dict[str, Any]:
    return {
        "type": "http",
        "method": "POST",
        "path": path,
        "query_string": b"",
        "headers": [(b"content-type", b"text/plain"), *headers],
        "client": (ADDRESS, 1),
    }


async def test_headers_that_are_no_text_do_no_harm(http: httpx.AsyncClient, streams: Streams) -> None:
    response = await http.post(
        "/api/track/batch",
        content=json.dumps(batch(pageview())),
        headers={b"User-Agent": b"\xff\xfe\x00x", b"Accept-Language": b"\xed\xa0\x80", b"Referer": b"\xff"},
    )
    assert response.status_code == 202
    assert "\x00" not in streams.envelopes[0].user_agent


async def test_it_judges_the_head_as_plain_django_does(http: httpx.AsyncClient, streams: Streams) -> None:
    body = json.dumps(batch(pageview()))
    heads = [
        {"Sec-CH-UA": '"Chromium";v="140"'},
        {"User-Agent": "Chrome/140", "Sec-CH-UA-Mobile": "?1", "Sec-CH-UA-Platform": '"Windows"'},
        {"Sec-Fetch-Site": "none"},
        {"Sec-Fetch-Mode": "navigate"},
        {"Sec-Fetch-Dest": "document"},
        {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "cors", "Sec-Fetch-Dest": "empty"},
    ]
    for head in heads:
        assert (await http.post("/api/track/batch", content=body, headers=head)).status_code == 202
    found = sorted(",".join(envelope.head_signals) for envelope in streams.envelopes)
    assert found == ["", "fetch", "fetch", "fetch", "hints", "hints"]


async def test_gzip_is_read(http: httpx.AsyncClient) -> None:
    content = gzip.compress(json.dumps(batch(pageview())).encode())
    assert (await http.post("/api/track/batch", content=content)).status_code == 202


async def test_the_pixel_is_a_picture_in_any_case(http: httpx.AsyncClient, streams: Streams) -> None:
    response = await http.get("/api/track/pixel.gif", params={"site_key": SITE_KEY, "url": "https://shop.example/x"})
    assert (response.status_code, len(response.content)) == (200, 43)
    assert len(streams.envelopes) == 1
    response = await http.get("/api/track/pixel.gif", params={"site_key": "nobody"})
    assert (response.status_code, len(response.content), response.headers["Beacon-Reason"]) == (200, 43, "site")
    response = await http.head("/api/track/pixel.gif", params={"site_key": SITE_KEY, "url": "https://shop.example/x"})
    assert (response.status_code, response.content, response.headers["Content-Length"]) == (200, b"", "43")
    assert len(streams.envelopes) == 1


async def test_with_the_streams_away_it_says_503_and_when_to_come_again(
    settings: LazySettings, caplog: pytest.LogCaptureFixture
) -> None:
    settings.REDIS_URL = "redis://127.0.0.1:1/0"
    async with client_of(Door(is_kept_fresh=False)) as client:
        response = await client.post("/api/track/batch", json=batch(pageview()))
        assert (response.status_code, response.headers["Retry-After"]) == (503, "2")
        pixel = await client.get("/api/track/pixel.gif", params={"site_key": SITE_KEY, "url": "https://shop.example/"})
        assert (pixel.status_code, pixel.headers["Beacon-Reason"]) == (200, "unavailable")
    assert ADDRESS not in caplog.text


async def test_full_streams_are_503_until_there_is_room(settings: LazySettings, streams: Streams) -> None:
    settings.STREAM_MAX_BYTES = 1
    async with client_of(Door(is_kept_fresh=False)) as client:
        response = await client.post("/api/track/batch", json=batch(pageview()))
        assert (response.status_code, response.headers["Retry-After"]) == (503, "5")
        assert streams.envelopes == []
    settings.STREAM_MAX_BYTES = 2**28
    async with client_of(Door(is_kept_fresh=False)) as client:
        assert (await client.post("/api/track/batch", json=batch(pageview()))).status_code == 202


async def test_a_server_out_of_memory_is_503_and_nothing_is_acknowledged(streams: Streams) -> None:
    valkey.durable().config_set("maxmemory", "1mb")
    inbox = Inbox(str(configured.REDIS_URL))
    inbox.memory.is_due = lambda: False  # type: ignore[method-assign]
    try:
        with pytest.raises(Unavailable):
            await inbox.put(Load([(0, b"x" * 2_000_000)]))
            await inbox.put(Load([(0, b"x")]))
    finally:
        valkey.durable().config_set("maxmemory", "512mb")
        await inbox.close()


async def test_it_comes_back_after_the_connection_broke(streams: Streams) -> None:
    inbox = Inbox(str(configured.REDIS_URL))
    await inbox.put(Load([(0, b"one")]))
    valkey.durable().client_kill_filter(_type="normal", skipme=True)
    for _ in range(3):
        try:
            await inbox.put(Load([(0, b"two")]))
        except Unavailable:
            continue
        break
    assert streams.raw.endswith(b"two")
    await inbox.close()


async def test_too_much_waiting_is_refused_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("apps.tracking.inbox.MOST_WAITING", 3)
    inbox = Inbox(str(configured.REDIS_URL))
    results = await asyncio.gather(*[inbox.put(Load([(0, b"x")])) for _ in range(10)], return_exceptions=True)
    assert sum(isinstance(result, Unavailable) for result in results) == 7
    await inbox.close()


async def test_the_tracker_is_served_packed_and_checked_by_its_tag(http: httpx.AsyncClient) -> None:
    packed = await http.get("/b.js", headers={"Accept-Encoding": "gzip, br;q=0"})
    assert (packed.status_code, packed.headers["Content-Encoding"]) == (200, "gzip")
    assert packed.headers["Content-Type"] == "text/javascript; charset=utf-8"
    assert packed.headers["Access-Control-Allow-Origin"] == "*"
    assert packed.headers["Vary"] == "Accept-Encoding"
    plain = await http.get("/b.js", headers={"Accept-Encoding": "identity"})
    assert plain.content == packed.content
    assert plain.headers["ETag"] != packed.headers["ETag"]
    again = await http.get("/b.js", headers={"Accept-Encoding": "gzip", "If-None-Match": f"W/{packed.headers['ETag']}"})
    assert (again.status_code, again.content) == (304, b"")
    assert (await http.head("/b.js")).content == b""


async def test_a_tracker_that_isnt_built_says_how(http: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tracker_file, "FOLDER", tracker_file.FOLDER / "nowhere")
    response = await http.get("/b.js")
    assert response.status_code == 503
    assert "npm run build" in response.text


async def test_no_address_is_logged_whatever_happens(
    http: httpx.AsyncClient, caplog: pytest.LogCaptureFixture, streams: Streams
) -> None:
    caplog.set_level(logging.DEBUG)
    for content in (b"", b"\xff", json.dumps(batch(pageview())).encode(), json.dumps(batch(1)).encode()):
        await http.post("/api/track/batch", content=content)
    assert ADDRESS not in caplog.text
    assert ADDRESS.encode() not in streams.raw


async def test_lifespan_is_answered() -> None:
    messages = [{"type": "lifespan.startup"}, {"type": "lifespan.shutdown"}]
    sent: list[str] = []

    async def receive() -> Any:
        return messages.pop(0)

    async def send(message: Any) -> None:
        sent.append(message["type"])

    await Door(is_kept_fresh=False)({"type": "lifespan"}, receive, send)
    assert sent == ["lifespan.startup.complete", "lifespan.shutdown.complete"]


async def test_what_many_wait_for_is_loaded_once_and_one_who_hangs_up_ends_nobodys_waiting() -> None:
    door = Door(is_kept_fresh=False)
    loaded: list[str] = []
    may_go_on = threading.Event()

    def load() -> None:
        assert may_go_on.wait(30)
        loaded.append("limit")

    waiting = [asyncio.create_task(door._load(NotLoaded(load, "limit"))) for _ in range(20)]
    await asyncio.sleep(0)
    waiting.pop(0).cancel()
    may_go_on.set()
    await asyncio.gather(*waiting)
    assert loaded == ["limit"]
    await door._load(NotLoaded(load, "limit"))
    assert loaded == ["limit"] * 2
    await door.close()
