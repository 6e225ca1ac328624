"""The door as it runs in production: processes that share limits, and bounds on what a stranger may hold open."""

import gzip
import json
import socket
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from apps.agencies.models import Agency
from apps.core.ids import public_key
from apps.core.tenancy import in_schema
from apps.sites.models import Site
from apps.sites.proxy_key import proxy_key
from apps.sites.services import client_create, site_create
from apps.tracking import sealing
from apps.tracking.throttles import BURST_SECONDS, MOST_UNSETTLED_RATIO
from config.http_protocol import HEAD_SECONDS, MOST_HEAD_BYTES
from config.local.deadline import wait_until
from config.local.ports import LOOPBACK
from tests.cast import Cast
from tests.tracking.door_process import DoorProcess, door_process
from tests.tracking.doors import DOMAIN, Streams, batch, pageview

pytestmark = [pytest.mark.real, pytest.mark.usefixtures("fresh_process")]
VISITOR, MADE_UP = "198.51.100.9", "203.0.113.5"
BOMB_BYTES = 40 * 2**20
RATE = 30


@pytest.fixture
def site(real_agency: Agency, streams: Streams) -> Site:
    with in_schema(str(real_agency.schema_name)):
        return site_create(client=client_create(name="C"), name="S", domains=[DOMAIN], site_key=public_key())


@pytest.fixture(scope="module")
def door(_cast: Cast) -> Iterator[DoorProcess]:
    """The door of all tests that need nothing but the usual of it."""
    with door_process() as door:
        yield door


def body(site: Site, number: int = 1) -> dict[str, object]:
    return batch(pageview(number)) | {"site_key": site.site_key}


def test_processes_keep_to_a_rate_together(site: Site) -> None:
    """Twice the rate at once and the rate from then on, whichever process is asked; a bounded bit may slip through."""
    with ExitStack() as stack:
        doors = [stack.enter_context(door_process({"BEACON_RATE_PER_IP": str(RATE)})) for _ in range(2)]
        for door in doors:
            door.post(body(site))
        start = time.monotonic()
        statuses: Counter[int] = Counter()
        threads = [threading.Thread(target=hammer, args=(door, site, start + 4, statuses)) for door in doors * 2]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        seconds = time.monotonic() - start
    allowed = RATE * (BURST_SECONDS + seconds)
    assert statuses[202] <= allowed + len(doors) * (RATE * MOST_UNSETTLED_RATIO + 1)
    assert statuses[202] >= allowed * 0.8
    assert statuses[429] > 0
    assert set(statuses) == {202, 429}


def hammer(door: DoorProcess, site: Site, until: float, statuses: Counter[int]) -> None:
    while time.monotonic() < until:
        statuses[door.post(body(site)).status] += 1


def test_bombs_cost_no_more_than_honest_bodies(door: DoorProcess, site: Site) -> None:
    bomb = gzip.compress(b" " * BOMB_BYTES)
    assert len(bomb) < 64 * 1024
    for number in range(20):
        door.post(body(site, number))
    before = door.memory
    for _ in range(30):
        answer = door.post(bomb, Content_Encoding="gzip")
        assert (answer.status, answer.said["rejected"][0]["field"]) == (413, "body")  # type: ignore[attr-defined]
    assert door.memory - before < BOMB_BYTES / 4


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ({}, LOOPBACK),
        ({"X-Forwarded-For": VISITOR}, LOOPBACK),
        ({"CF-Connecting-IP": VISITOR}, VISITOR),
        ({"CF-Connecting-IP": VISITOR, "X-Forwarded-For": MADE_UP, "Forwarded": f"for={MADE_UP}"}, VISITOR),
        ({"CF-Connecting-IP": f"{VISITOR}, {MADE_UP}"}, LOOPBACK),
        ({"CF_Connecting_IP": VISITOR}, LOOPBACK),
        ({"True-Client-IP": VISITOR}, LOOPBACK),
    ],
)
def test_the_header_that_is_set_counts_and_no_other(
    cloudflare_door: DoorProcess, site: Site, streams: Streams, headers: dict[str, str], expected: str
) -> None:
    assert send_raw(cloudflare_door, request(body(site), *headers.items())).startswith(b"HTTP/1.1 202")
    assert address_of(streams) == expected


def test_a_header_sent_twice_is_nobodys(cloudflare_door: DoorProcess, site: Site, streams: Streams) -> None:
    twice = (("CF-Connecting-IP", MADE_UP), ("cf-connecting-ip", VISITOR))
    assert send_raw(cloudflare_door, request(body(site), *twice)).startswith(b"HTTP/1.1 202")
    assert address_of(streams) == LOOPBACK


@pytest.fixture(scope="module")
def cloudflare_door(_cast: Cast) -> Iterator[DoorProcess]:
    extra = {"BEACON_TRUSTED_PROXIES": LOOPBACK, "BEACON_CLIENT_ADDRESS_HEADER": "cf-connecting-ip"}
    with door_process(extra) as door:
        yield door


def test_a_clients_own_proxy_is_believed_by_its_key(door: DoorProcess, site: Site, streams: Streams) -> None:
    key = proxy_key(site.site_key)
    assert door.post(body(site), Beacon_Proxy_Key=key, Beacon_Client_Address=VISITOR).status == 202
    assert address_of(streams) == VISITOR


def address_of(streams: Streams) -> str:
    """Return the address that the last envelope holds, opened."""
    envelope = streams.envelopes[-1]
    sealing.forget_all()
    return sealing.open_address(envelope.sealed_ip, envelope.seal_hour)


def request(content: object, *headers: tuple[str, str]) -> bytes:
    text = json.dumps(content).encode()
    lines = ["POST /api/track/batch HTTP/1.1", "Host: x", "Content-Type: text/plain", "Connection: close"]
    lines += [f"Origin: https://{DOMAIN}", f"Content-Length: {len(text)}", *(f"{name}: {v}" for name, v in headers)]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + text


def send_raw(door: DoorProcess, *pieces: bytes) -> bytes:
    """Send pieces as they are, and return all that comes back until the door hangs up."""
    with socket.create_connection((LOOPBACK, door.port), timeout=HEAD_SECONDS * 2) as connection:
        for piece in pieces:
            try:
                connection.sendall(piece)
            except OSError:  # refused and hung up on while we are still talking
                break
        return read_all(connection)


def read_all(connection: socket.socket) -> bytes:
    received = b""
    while True:
        try:
            chunk = connection.recv(65536)
        except ConnectionResetError:
            return received
        if not chunk:
            return received
        received += chunk


def test_an_honest_request_in_pieces_is_taken(door: DoorProcess, site: Site) -> None:
    whole = request(body(site), ("X-Long", "x" * 8000))
    pieces = [whole[at : at + 500] for at in range(0, len(whole), 500)]
    assert send_raw(door, *pieces).startswith(b"HTTP/1.1 202")


@pytest.mark.parametrize(
    "pieces",
    [
        [b"GET /health HTTP/1.1\r\nHost: x\r\nX: " + b"x" * MOST_HEAD_BYTES + b"\r\n\r\n"],
        [b"GET /health HTTP/1.1\r\nHost: x\r\nX: " + b"x" * 1000] + [b"x" * 1000] * 200,
        [b"GET /health HTTP/1.1\r\n"] + [b"A: b\r\n" * 500] * 100,
        [b"GET /" + b"x" * MOST_HEAD_BYTES + b" HTTP/1.1\r\nHost: x\r\n\r\n"],
    ],
    ids=["whole", "one header", "many headers", "address"],
)
def test_a_head_without_end_is_431(door: DoorProcess, pieces: list[bytes]) -> None:
    # Where we still talk when it hangs up, the system may throw its last words away; it does hang up.
    answer = send_raw(door, *pieces)
    assert answer.startswith(b"HTTP/1.1 431") or answer == b""
    assert door.is_ready()


def test_who_says_nothing_or_too_slowly_is_hung_up_on(door: DoorProcess) -> None:
    start = time.monotonic()
    with ExitStack() as stack:
        silent, halting = (
            stack.enter_context(socket.create_connection((LOOPBACK, door.port), timeout=HEAD_SECONDS * 2))
            for _ in range(2)
        )
        halting.sendall(b"POST /api/track/batch HTTP/1.1\r\nHost:")
        assert read_all(silent).startswith(b"HTTP/1.1 408")
        assert read_all(halting).startswith(b"HTTP/1.1 408")
    assert HEAD_SECONDS - 1 < time.monotonic() - start < HEAD_SECONDS * 2


def test_past_the_bound_of_connections_it_says_so_and_recovers(site: Site) -> None:
    with door_process({"BEACON_MOST_CONNECTIONS": "10"}) as door, ExitStack() as stack:
        for _ in range(12):
            stack.enter_context(socket.create_connection((LOOPBACK, door.port)))
        answer = send_raw(door, request(body(site)))
        assert answer.startswith(b"HTTP/1.1 503") and b"retry-after: 5" in answer
        assert b"access-control-allow-origin: *" in answer
        stack.close()
        assert wait_until(lambda: door.post(body(site)).status == 202, seconds=30)
