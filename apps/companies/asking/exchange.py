"""One request to a service and its answer: by the guard's connections, with an end in time and in size.

Redirects aren't followed: the token would go with them. What the service says of an error isn't passed on: it may quote
what it was asked for.
"""

import email.utils
import ssl
import time
from collections.abc import Sequence
from dataclasses import dataclass
from http import HTTPStatus
from urllib.parse import urlsplit

import httpcore

from apps.core import clock
from apps.core.http import Deadline, GuardedBackend, Late
from apps.core.outbound import Guard, PrivateAddress, UnknownName

from .failures import Failure, ProviderError

CONNECT_SECONDS = 3.0
# Nobody is believed who wants to be left alone for longer.
LONGEST_PAUSE_SECONDS = 24 * 3600.0


@dataclass(frozen=True, slots=True)
class Answer:
    status: int
    retry_after: str
    body: bytes


@dataclass(frozen=True, slots=True)
class Service:
    """A service by the operator's settings. `name`: as it is called in errors; `seconds`: until the answer's end."""

    name: str
    url: str
    seconds: float
    most_bytes: int

    def send(self, *, method: str, url: str, headers: Sequence[tuple[str, str]], body: bytes = b"") -> Answer:
        """Return the answer to a request. `url` is at the service's host. Blocks. Raises ProviderError."""
        parts = urlsplit(self.url)
        port = parts.port or (443 if parts.scheme == "https" else 80)
        # The operator's own settings name this host, so it may be a private one.
        guard = Guard(allowed=frozenset({(parts.hostname or "", port)}))
        deadline = Deadline(time.monotonic() + self.seconds)
        limits = {"timeout": {"connect": CONNECT_SECONDS, "read": self.seconds, "write": self.seconds, "pool": 1.0}}
        given = [("Host", parts.netloc.rpartition("@")[2]), ("User-Agent", "Beacon"), *headers]
        try:
            with (
                httpcore.ConnectionPool(
                    ssl_context=ssl.create_default_context(), network_backend=GuardedBackend(guard, deadline)
                ) as pool,
                pool.stream(method, url, headers=given, content=body, extensions=limits) as response,
            ):
                retry_after = next(
                    (value.decode("latin-1") for name, value in response.headers if name.lower() == b"retry-after"), ""
                )
                return Answer(response.status, retry_after, self._read(response))
        except (PrivateAddress, UnknownName, httpcore.ConnectError, httpcore.ConnectTimeout):
            raise ProviderError(Failure.UNREACHABLE, f"There is no connection to {self.name}.") from None
        except (httpcore.TimeoutException, TimeoutError, Late):
            raise ProviderError(Failure.UNREACHABLE, f"{self.name} doesn't answer in time.", is_charged=True) from None
        except (httpcore.NetworkError, httpcore.ProtocolError, OSError):
            raise ProviderError(
                Failure.UNREACHABLE, f"The connection to {self.name} broke off.", is_charged=True
            ) from None

    def refusal(self, answer: Answer, *, wrong: str) -> ProviderError:
        """Return what an answer that brings nothing means. `wrong`: what to look at where the request is at fault."""
        status = answer.status
        if status == HTTPStatus.TOO_MANY_REQUESTS:
            text = f"{self.name} answered 429: too many requests, or the plan's quota is used up."
            return ProviderError(Failure.LIMITED, text, retry_after=pause_of(answer.retry_after))
        if status in (HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN):
            text = f"{self.name} answered {status}: the token isn't known, or its plan doesn't include this."
            return ProviderError(Failure.REFUSED, text)
        if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
            text = f"{self.name} answered {status}: something is wrong there."
            return ProviderError(Failure.UNREACHABLE, text, retry_after=pause_of(answer.retry_after), is_charged=True)
        return ProviderError(Failure.REJECTED, f"{self.name} answered {status}: {wrong}")

    def _read(self, response: httpcore.Response) -> bytes:
        """Return the body. Raises Late where it takes too long, ProviderError where it has no end."""
        body = bytearray()
        for chunk in response.iter_stream():
            body += chunk
            if len(body) > self.most_bytes:
                raise ProviderError(Failure.MALFORMED, f"{self.name}'s answer is too long.", is_charged=True)
        return bytes(body)


def pause_of(header: str) -> float | None:
    """Return the seconds of a Retry-After header, a number or a date (RFC 9110, 10.2.3); None for anything else."""
    text = header.strip()
    if text.isascii() and text.isdigit():
        return min(float(text), LONGEST_PAUSE_SECONDS)
    try:
        moment = email.utils.parsedate_to_datetime(text)
    except (ValueError, OverflowError):
        return None
    if moment.tzinfo is None:
        return None
    return min(max(0.0, (moment - clock.now()).total_seconds()), LONGEST_PAUSE_SECONDS)
