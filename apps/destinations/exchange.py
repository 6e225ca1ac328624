"""Requests to providers: by connections that are kept for a while, to public addresses only, with an end.

Redirects aren't followed: secrets would go with them, and they could lead anywhere.
"""

import ssl
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from urllib.parse import urlsplit

import httpcore

from apps.core.http import Deadline, GuardedBackend, Late
from apps.core.outbound import Guard, PrivateAddress, UnknownName

from .providers.base import Answer, Call, Request, Unanswered

CONNECT_SECONDS = 5.0
MOST_BYTES = 256 * 1024
# No connection of a turn is used for longer than its requests may take together.
LONGEST_SECONDS = 120.0


class RequestDeadline(Deadline):
    """Ends with the turn, and for each thread with the request it is at.

    A server that sends its headers letter by letter would else hold a connection for as long as the turn.
    """

    def __init__(self, until: float) -> None:
        super().__init__(until)
        self._turn_until = until
        self._request = threading.local()

    def begin(self, until: float) -> None:
        """Begin a request in this thread."""
        self._request.until = until

    def left(self, timeout: float | None = None) -> float:
        request_until: float = getattr(self._request, "until", self._turn_until)
        return Deadline(min(self._turn_until, request_until)).left(timeout)


@lru_cache(maxsize=1)
def _tls() -> ssl.SSLContext:
    # Reading the authorities takes some ten milliseconds, each time.
    return ssl.create_default_context()


@contextmanager
def calling(*, stand_in_url: str = "", timeout: float, connections: int = 1) -> Iterator[Call]:
    """Give a way to ask that several threads may use at once. `stand_in_url` may be reached though it is private.

    What it returns or raises is as `Call` says.
    """
    guard = Guard(allowed=frozenset({_host_port(stand_in_url)}) if stand_in_url else frozenset())
    deadline = RequestDeadline(time.monotonic() + LONGEST_SECONDS)
    backend = GuardedBackend(guard, deadline)
    with httpcore.ConnectionPool(
        ssl_context=_tls(), network_backend=backend, max_connections=connections, max_keepalive_connections=connections
    ) as pool:
        yield lambda request: _ask(pool, deadline, request, timeout)


def _ask(pool: httpcore.ConnectionPool, deadline: RequestDeadline, request: Request, timeout: float) -> Answer:
    steps: list[str] = []
    extensions = {
        "timeout": {"connect": min(CONNECT_SECONDS, timeout), "read": timeout, "write": timeout, "pool": timeout},
        "trace": lambda name, _: steps.append(name),
    }
    host = urlsplit(request.url).netloc.rpartition("@")[2]
    headers = [("Host", host), ("User-Agent", "Beacon"), *request.headers.items()]
    begun = time.monotonic()
    deadline.begin(begun + timeout)
    try:
        with pool.stream(
            request.method, request.url, headers=headers, content=request.body or b"", extensions=extensions
        ) as response:
            text = _read(response, begun + timeout)
            names = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in response.headers}
            return Answer(response.status, names, text, round((time.monotonic() - begun) * 1000))
    except PrivateAddress:
        words = "The address leads into a private network, where Beacon sends nothing."
        raise Unanswered("private_address", words, may_have_arrived=False) from None
    except UnknownName:
        raise Unanswered("unknown_name", "The host’s name isn’t known.", may_have_arrived=False) from None
    except (httpcore.ConnectError, httpcore.ConnectTimeout, httpcore.PoolTimeout) as error:
        # The pool raises it anew "from None", which leaves where it came from in its context.
        if isinstance(refused := error.__context__, ssl.SSLCertVerificationError):
            words = f"The certificate isn’t valid: {refused.verify_message}."
            raise Unanswered("certificate", words, may_have_arrived=False) from None
        raise Unanswered("unreachable", "There is no connection.", may_have_arrived=False) from None
    except (httpcore.TimeoutException, TimeoutError, Late):
        if not _has_begun(steps):
            words = f"There is no connection within {timeout:.0f} seconds."
            raise Unanswered("unreachable", words, may_have_arrived=False) from None
        raise Unanswered("timeout", f"No answer within {timeout:.0f} seconds.", may_have_arrived=True) from None
    except (httpcore.NetworkError, httpcore.ProtocolError, OSError):
        if not _has_begun(steps):
            raise Unanswered("unreachable", "There is no connection.", may_have_arrived=False) from None
        words = "The connection broke off before the answer."
        raise Unanswered("broken_off", words, may_have_arrived=True) from None


def _has_begun(steps: list[str]) -> bool:
    """Return whether anything of the request was sent: a connection that never came about carried nothing."""
    return any(step.endswith("send_request_headers.started") for step in steps)


def _read(response: httpcore.Response, until: float) -> str:
    body = bytearray()
    for chunk in response.iter_stream():
        body += chunk
        if len(body) > MOST_BYTES:
            break
        if time.monotonic() > until:
            raise Late
    return bytes(body[:MOST_BYTES]).decode("utf-8", "replace")


def _host_port(url: str) -> tuple[str, int]:
    parts = urlsplit(url)
    return parts.hostname or "", parts.port or (443 if parts.scheme == "https" else 80)
