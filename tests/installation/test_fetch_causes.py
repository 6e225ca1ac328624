"""Causes on the way to the page: names, servers, certificates, redirects, addresses that nobody may open."""

import codecs
import socket
import ssl
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from math import inf
from threading import Event, Thread

import httpcore
import pytest
import trustme

from apps.core.http import Deadline, GuardedBackend
from apps.core.outbound import Guard, PrivateAddress
from apps.installation.causes import Cause
from apps.installation.diagnosis import diagnose
from apps.installation.fetching import CHARSETS, _text, page_fetch
from apps.installation.findings import Fetched, Visit
from apps.installation.running import findings_of
from tests.dripping import dripping

from .world import HOST, World


def fetched(world: World, url: str, guard: Guard | None = None, seconds: float = 5) -> Fetched:
    return page_fetch(url, guard=guard or world.guard(), seconds=seconds)


def cause(world: World, found: Fetched) -> Cause:
    return diagnose(findings_of(world.facts(), start_url=found.hops[0], fetched=found, visit=Visit()))[0].cause


def test_a_name_without_an_address(world: World) -> None:
    found = fetched(world, "http://nobody.example/")
    assert cause(world, found) is Cause.NAME_UNKNOWN


def test_a_server_that_refuses(world: World) -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        found = fetched(world, f"http://{HOST}:{closed.getsockname()[1]}/")
    assert (cause(world, found), found.trouble.why) == (Cause.UNREACHABLE, "it refuses the connection")


def test_a_server_that_doesnt_answer(world: World) -> None:
    found = fetched(world, world.url("never", "slow.example"), seconds=0.5)
    assert (cause(world, found), found.trouble.why) == (Cause.UNREACHABLE, "it doesn’t answer in time")
    assert found.milliseconds < 3000


@pytest.mark.parametrize(
    ("scheme", "first", "drop"),
    [
        ("http", b"", b"H"),
        ("http", b"HTTP/1.1 200 OK\r\nx: ", b"y"),
        ("http", b"", b"HTTP/1.1 100 Continue\r\n\r\n"),
        ("http", b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n", b"0"),
        ("http", b"HTTP/1.1 200 OK\r\n\r\n", b"<p>"),
        ("https", b"\x16\x03\x03\x3f\xff\x02\x00\x3f\xfb", b"x"),
    ],
)
def test_a_server_that_answers_by_drops_is_given_up_in_time(
    world: World, scheme: str, first: bytes, drop: bytes
) -> None:
    with dripping(first, drop) as port:
        found = fetched(world, f"{scheme}://{HOST}:{port}/", seconds=0.4)
    assert (cause(world, found), found.trouble.why) == (Cause.UNREACHABLE, "it doesn’t answer in time")
    assert found.milliseconds < 2500


def test_a_name_that_is_looked_up_without_end_is_given_up_in_time(world: World) -> None:
    stopping = Event()

    def lookup(host: str) -> list[str]:
        stopping.wait(8)
        return ["127.0.0.1"]

    found = fetched(world, "http://slowly.example/", Guard(lookup=lookup), seconds=0.3)
    stopping.set()
    assert (cause(world, found), found.milliseconds < 2500) == (Cause.UNREACHABLE, True)


def test_a_first_address_that_is_silent_leaves_the_second_its_time() -> None:
    """The shares of the time: half for the first, what is left for the second."""
    given: list[float] = []

    class Silent(httpcore.SyncBackend):
        def connect_tcp(
            self, host: str, port: int, timeout: float | None = None, *arguments: object, **options: object
        ) -> httpcore.NetworkStream:
            given.append(timeout or 0)
            raise httpcore.ConnectTimeout("not in a test")

    guard = Guard(lookup=lambda _: ["8.8.8.8", "8.8.4.4", "1.1.1.1"])
    backend = GuardedBackend(guard, Deadline(time.monotonic() + 10), inner=Silent())
    with pytest.raises(httpcore.ConnectTimeout):
        backend.connect_tcp("silent.example", 80, timeout=10)
    assert given == [pytest.approx(5, abs=2), pytest.approx(10, abs=2)]


def test_a_server_that_speaks_something_else(world: World) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:

        def greet() -> None:
            accepted, _ = server.accept()
            accepted.sendall(b"SSH-2.0-OpenSSH\r\n")
            accepted.recv(65_536)  # closed with the request unread, the greeting might be lost with it
            accepted.close()

        thread = Thread(target=greet)
        thread.start()
        found = fetched(world, f"http://{HOST}:{server.getsockname()[1]}/")
        thread.join()
    assert (cause(world, found), found.trouble.why) == (Cause.UNREACHABLE, "it answers something that isn’t HTTP")


@pytest.mark.parametrize("charset", ["punycode", "idna", "unicode_escape", "utf-7", "hex", "undefined", "nonsense", ""])
def test_a_page_in_letters_that_no_browser_knows_is_read_as_utf_8(charset: str) -> None:
    assert _text("ü".encode(), [("content-type", f"text/html; charset={charset}")]) == "ü"


def test_the_names_of_charsets_are_pythons() -> None:
    assert [name for name in CHARSETS if codecs.lookup(name).name != name] == []
    assert _text("ü".encode("latin-1"), [("content-type", "text/html; charset='ISO-8859-1'")]) == "ü"


def test_an_answer_that_is_marked_as_gzip_and_isnt(world: World) -> None:
    found = fetched(world, world.url("no_gzip"))
    assert (cause(world, found), found.trouble.why) == (Cause.UNREACHABLE, "its answer is marked as gzip, and isn’t")


def test_a_redirect_to_an_address_that_is_none(world: World) -> None:
    found = fetched(world, world.url("to/none"))
    assert cause(world, found) is Cause.UNREACHABLE
    assert (found.hops, "an address that is none" in found.trouble.why) == ([world.url("to/none")], True)


def test_redirects_without_end(world: World) -> None:
    assert cause(world, fetched(world, world.url("to/self"))) is Cause.ENDLESS_REDIRECTS


def test_what_isnt_a_page(world: World) -> None:
    assert cause(world, fetched(world, world.url("picture"))) is Cause.NO_PAGE


def test_a_redirect_to_a_file_is_not_followed(world: World) -> None:
    found = fetched(world, world.url("to/file"))
    assert cause(world, found) is Cause.UNREACHABLE
    assert found.body == ""


def test_a_redirect_to_a_private_address_is_not_followed(world: World) -> None:
    guard = Guard(allowed=frozenset({(HOST, world.port)}), pins=world.pins)
    found = fetched(world, world.url("to/private"), guard)
    assert cause(world, found) is Cause.PRIVATE_ADDRESS
    assert (found.hops, found.trouble.address) == ([world.url("to/private"), "http://10.1.2.3/"], "10.1.2.3")


def test_a_private_address_is_not_opened_unless_the_operator_allows_it(world: World) -> None:
    found = fetched(world, world.url("well"), Guard(pins=world.pins))
    assert (cause(world, found), found.trouble.address) == (Cause.PRIVATE_ADDRESS, "127.0.0.1")


def test_a_name_that_changes_its_answer_gains_nothing() -> None:
    """Rebinding: the first answer is public, the second the machine itself. Only what was judged is connected to."""
    answers = iter(["8.8.8.8", "127.0.0.1"])
    connected: list[str] = []

    class Recorder(httpcore.SyncBackend):
        def connect_tcp(self, host: str, port: int, *arguments: object, **options: object) -> httpcore.NetworkStream:
            connected.append(host)
            raise httpcore.ConnectError("not in a test")

    backend = GuardedBackend(Guard(lookup=lambda _: [next(answers)]), Deadline(inf), inner=Recorder())
    with pytest.raises(httpcore.ConnectError):
        backend.connect_tcp("rebound.example", 80)
    assert connected == ["8.8.8.8"]
    with pytest.raises(PrivateAddress):
        backend.connect_tcp("rebound.example", 80)
    assert connected == ["8.8.8.8"]


# --- certificates -----------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


@contextmanager
def secure(context: ssl.SSLContext) -> Iterator[int]:
    class Page(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("content-type", "text/html")
            self.send_header("content-length", "0")
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Page)
    server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    thread = Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield server.server_port
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def served(world: World, leaf: trustme.LeafCert, trusted: trustme.CA | None) -> Fetched:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    leaf.configure_cert(context)
    trusts = ssl.create_default_context()
    if trusted is not None:
        trusted.configure_trust(trusts)
    with secure(context) as port:
        return page_fetch(f"https://{HOST}:{port}/", guard=world.guard(), seconds=5, trusts=trusts)


def test_a_good_certificate(world: World, authority: trustme.CA) -> None:
    found = served(world, authority.issue_cert(HOST), authority)
    assert (found.trouble.kind, found.status) == ("", 200)


def test_a_certificate_that_has_run_out(world: World, authority: trustme.CA) -> None:
    past = datetime.now(UTC) - timedelta(days=1)
    found = served(world, authority.issue_cert(HOST, not_after=past), authority)
    assert cause(world, found) is Cause.TLS_EXPIRED


def test_a_certificate_of_another_host(world: World, authority: trustme.CA) -> None:
    found = served(world, authority.issue_cert("another.example"), authority)
    assert cause(world, found) is Cause.TLS_WRONG_HOST


def test_a_certificate_of_an_unknown_authority(world: World, authority: trustme.CA) -> None:
    assert cause(world, served(world, authority.issue_cert(HOST), None)) is Cause.TLS_UNKNOWN_CA


def test_a_certificate_that_signs_itself(world: World, authority: trustme.CA) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    with authority.cert_pem.tempfile() as cert, authority.private_key_pem.tempfile() as key:
        context.load_cert_chain(cert, key)
    with secure(context) as port:
        found = page_fetch(f"https://{HOST}:{port}/", guard=world.guard(), seconds=5)
    assert cause(world, found) is Cause.TLS_SELF_SIGNED


def test_a_server_without_tls_on_its_port(world: World) -> None:
    assert cause(world, fetched(world, f"https://{HOST}:{world.port}/")) is Cause.TLS_BROKEN
