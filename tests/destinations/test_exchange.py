"""Requests to addresses that people enter: they reach the internet or nothing, and they end."""

import socket
import ssl
from collections.abc import Sequence
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from threading import Thread
from typing import Any

import httpcore
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from apps.demo.standing_in.frame import Ask, Reply, serving
from apps.destinations import exchange
from apps.destinations.exchange import calling
from apps.destinations.providers.base import Answer, Request, Unanswered
from tests.dripping import dripping

PUBLIC = "93.184.215.14"
PRIVATE = [
    "127.0.0.1", "10.1.2.3", "192.168.0.10", "100.64.0.1", "169.254.169.254", "0.0.0.0",
    "[::1]", "[::]", "[fe80::1]", "[fd12:3456::1]", "[::ffff:127.0.0.1]", "[::ffff:169.254.169.254]",
    "[64:ff9b::a9fe:a9fe]",
    "2130706433", "0x7f.1", "localhost", "metadata.google.internal",
]  # fmt: skip


class Redirecting:
    name = "Redirecting"

    def __init__(self, location: str) -> None:
        self.taken: dict[str, int] = {}
        self.location = location

    def answer(self, ask: Ask) -> Reply:
        self.taken[ask.path] = self.taken.get(ask.path, 0) + 1
        return Reply(302, "", {"Location": self.location})


def ask(url: str, *, allowed: str = "", timeout: float = 5.0) -> Answer:
    with calling(stand_in_url=allowed, timeout=timeout) as call:
        return call(Request("POST", url, {"Content-Type": "application/json"}, b"{}"))


def unanswered(url: str, **given: Any) -> tuple[str, bool]:
    with pytest.raises(Unanswered) as caught:
        ask(url, **given)
    return caught.value.reason, caught.value.may_have_arrived


@pytest.fixture
def connected(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The addresses that were connected to; nothing really is."""
    found: list[str] = []

    def connect(_: object, host: str, *__: object) -> httpcore.NetworkStream:
        found.append(host)
        raise httpcore.ConnectError

    monkeypatch.setattr(httpcore.SyncBackend, "connect_tcp", connect)
    return found


def names(monkeypatch: pytest.MonkeyPatch, *answers: Sequence[str]) -> list[str]:
    """Have every name answer with these addresses in turn; return the names that were asked for."""
    asked: list[str] = []

    def look_up(host: str, *_: object, **__: object) -> list[tuple[Any, ...]]:
        asked.append(host)
        given = answers[min(len(asked), len(answers)) - 1]
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, 0)) for address in given]

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    return asked


@pytest.mark.parametrize("host", PRIVATE)
def test_no_private_address_is_connected_to_however_it_is_written(host: str, connected: list[str]) -> None:
    reason, may_have_arrived = unanswered(f"https://{host}/hook")
    # The cloud's own name is known inside that cloud alone.
    assert reason in ("private_address", "unknown_name") and not may_have_arrived
    assert connected == []


@pytest.mark.parametrize(
    "address", ["10.0.0.1", "169.254.169.254", "::1", "fd00::1", "::ffff:10.0.0.1", "fe80::1%eth0"]
)
def test_a_name_that_leads_into_a_private_network_is_refused(
    address: str, connected: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    names(monkeypatch, [address])
    assert unanswered("https://hooks.example/")[0] == "private_address"
    names(monkeypatch, [PUBLIC, address])
    assert unanswered("https://hooks.example/")[0] == "private_address"
    assert connected == []


def test_the_address_that_was_judged_is_the_one_connected_to(
    connected: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = names(monkeypatch, [PUBLIC], ["127.0.0.1"])
    assert unanswered("https://rebinding.example/") == ("unreachable", False)
    assert (asked, connected) == (["rebinding.example"], [PUBLIC])
    # The next request looks anew, and sees where the name leads by then.
    assert unanswered("https://rebinding.example/")[0] == "private_address"
    assert connected == [PUBLIC]


@pytest.mark.parametrize("location", ["http://169.254.169.254/latest/meta-data/", "/elsewhere"])
def test_a_redirect_is_an_answer_and_is_not_followed(location: str) -> None:
    redirecting = Redirecting(location)
    with serving(redirecting) as url:
        answer = ask(f"{url}/hook", allowed=url)
    assert (answer.status, answer.headers["location"]) == (302, location)
    assert redirecting.taken == {"/hook": 1}


def test_only_the_stand_ins_own_port_may_be_reached() -> None:
    with serving(Redirecting("/")) as url, serving(Redirecting("/")) as other:
        assert unanswered(other, allowed=url)[0] == "private_address"


@pytest.mark.parametrize(
    ("first", "drop"),
    [(b"HTTP/1.1 200 OK\r\n", b"X-Drop: 1\r\n"), (b"HTTP/1.1 200 OK\r\nContent-Length: 900000\r\n\r\n", b" ")],
)
def test_an_answer_that_never_ends_is_given_up(first: bytes, drop: bytes) -> None:
    with dripping(first, drop) as port:
        url = f"http://127.0.0.1:{port}"
        assert unanswered(url, allowed=url, timeout=2.0) == ("timeout", True)


def test_an_answer_is_read_up_to_its_bound() -> None:
    class Long(Redirecting):
        def answer(self, ask: Ask) -> Reply:
            return Reply(200, "x" * (exchange.MOST_BYTES * 2))

    with serving(Long("/")) as url:
        assert len(ask(url, allowed=url).text) == exchange.MOST_BYTES


def test_what_was_never_sent_cannot_have_arrived(monkeypatch: pytest.MonkeyPatch) -> None:
    def failing(*_: object, **__: object) -> httpcore.NetworkStream:
        raise httpcore.ReadTimeout

    monkeypatch.setattr(httpcore.SyncBackend, "connect_tcp", failing)
    assert unanswered(f"https://{PUBLIC}/") == ("unreachable", False)


def test_a_certificate_that_nobody_vouches_for_is_said(tmp_path: Path) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(self_signed(tmp_path))
    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = Thread(target=shake_hands, args=(listener, context))
        thread.start()
        url = f"https://127.0.0.1:{listener.getsockname()[1]}"
        assert unanswered(url, allowed=url) == ("certificate", False)
        thread.join()


def shake_hands(listener: socket.socket, context: ssl.SSLContext) -> None:
    accepted, _ = listener.accept()
    with accepted, suppress(OSError):
        context.wrap_socket(accepted, server_side=True).close()


def self_signed(folder: Path) -> Path:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
        .sign(key, hashes.SHA256())
    )
    kept = folder / "server.pem"
    form = serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    kept.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, *form) + certificate.public_bytes(serialization.Encoding.PEM)
    )
    return kept
