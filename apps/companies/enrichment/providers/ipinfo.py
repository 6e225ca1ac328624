"""IPinfo's batch endpoint (ipinfo.io/developers/batch): up to 1,000 addresses in the body of one request.

Addresses and token stand in body and header, never in the URL, which others might log. What IPinfo says of an error
isn't passed on: it may quote an address.
"""

import email.utils
import ssl
import time
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from urllib.parse import urlsplit

import httpcore
import msgspec

from apps.core import clock
from apps.core.http import Deadline, GuardedBackend, Late
from apps.core.outbound import Guard, PrivateAddress, UnknownName

from .base import Failure, NetworkAnswer, ProviderError, Source
from .shapes import answer_of

MOST_ENTRIES = 1_000  # the documented limit of a batch
# Where the plans' batches are asked. Bare addresses resolve as the plan's own look-up.
BATCHES = {
    "lite": "https://api.ipinfo.io/batch/lite",
    "core": "https://api.ipinfo.io/batch",
    "plus": "https://api.ipinfo.io/batch",
    "legacy": "https://ipinfo.io/batch",
}
# Their own client waits 5 s for a batch.
CONNECT_SECONDS = 3.0
ANSWER_SECONDS = 8.0
# An entry has some 600 bytes, and 1,500 with everything that a plan can add.
MOST_BYTES = 8 * 2**20
# Nobody is believed who wants to be left alone for longer.
LONGEST_PAUSE_SECONDS = 24 * 3600.0


class IPinfo:
    source = Source.IPINFO

    def __init__(self, *, url: str, token: str, seconds: float = ANSWER_SECONDS) -> None:
        parts = urlsplit(url)
        port = parts.port or (443 if parts.scheme == "https" else 80)
        self._url = url
        self._seconds = seconds
        # The operator's own settings name this host, so it may be a private one.
        self._guard = Guard(allowed=frozenset({(parts.hostname or "", port)}))
        self._headers = [
            ("Host", parts.netloc.rpartition("@")[2]),
            ("Authorization", f"Bearer {token}"),
            ("Content-Type", "application/json"),
            ("Accept", "application/json"),
            ("User-Agent", "Beacon"),
        ]

    def ask(self, ips: Sequence[str]) -> Mapping[str, NetworkAnswer]:
        """Return answers by address, as in `Provider`. Blocks for some seconds at most; ValueError for too many."""
        if len(ips) > MOST_ENTRIES:
            raise ValueError(f"a batch has {MOST_ENTRIES} entries at most")
        status, retry_after, body = self._send(msgspec.json.encode(list(ips)))
        if status != HTTPStatus.OK:
            raise _refusal(status, retry_after)
        try:
            entries = msgspec.json.decode(body, type=dict[str, object])
        except (msgspec.DecodeError, UnicodeDecodeError):
            raise ProviderError(Failure.MALFORMED, "IPinfo's answer can't be read.", is_charged=True) from None
        at = clock.now()
        return {ip: answer for ip in ips if (answer := answer_of(entries.get(ip), at)) is not None}

    def _send(self, body: bytes) -> tuple[int, str, bytes]:
        """Return status, Retry-After and body. Redirects aren't followed: the token would go with them."""
        deadline = Deadline(time.monotonic() + self._seconds)
        limits = {"timeout": {"connect": CONNECT_SECONDS, "read": self._seconds, "write": self._seconds, "pool": 1.0}}
        try:
            with (
                httpcore.ConnectionPool(
                    ssl_context=ssl.create_default_context(), network_backend=GuardedBackend(self._guard, deadline)
                ) as pool,
                pool.stream("POST", self._url, headers=self._headers, content=body, extensions=limits) as response,
            ):
                retry_after = next(
                    (value.decode("latin-1") for name, value in response.headers if name.lower() == b"retry-after"), ""
                )
                return response.status, retry_after, _read(response)
        except (PrivateAddress, UnknownName, httpcore.ConnectError, httpcore.ConnectTimeout):
            raise ProviderError(Failure.UNREACHABLE, "There is no connection to IPinfo.") from None
        except (httpcore.TimeoutException, TimeoutError, Late):
            raise ProviderError(Failure.UNREACHABLE, "IPinfo doesn't answer in time.", is_charged=True) from None
        except (httpcore.NetworkError, httpcore.ProtocolError, OSError):
            raise ProviderError(Failure.UNREACHABLE, "The connection to IPinfo broke off.", is_charged=True) from None


def _read(response: httpcore.Response) -> bytes:
    """Return the body. Raises Late where it takes too long, ProviderError where it has no end."""
    body = bytearray()
    for chunk in response.iter_stream():
        body += chunk
        if len(body) > MOST_BYTES:
            raise ProviderError(Failure.MALFORMED, "IPinfo's answer is too long.", is_charged=True)
    return bytes(body)


def _refusal(status: int, retry_after: str) -> ProviderError:
    if status == HTTPStatus.TOO_MANY_REQUESTS:
        text = "IPinfo answered 429: too many requests, or the plan's quota is used up."
        return ProviderError(Failure.LIMITED, text, retry_after=pause_of(retry_after))
    if status in (HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN):
        text = f"IPinfo answered {status}: the token isn't known, or its plan doesn't include this."
        return ProviderError(Failure.REFUSED, text)
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        text = f"IPinfo answered {status}: something is wrong there."
        return ProviderError(Failure.UNREACHABLE, text, retry_after=pause_of(retry_after), is_charged=True)
    return ProviderError(Failure.REJECTED, f"IPinfo answered {status}: is the address of its batches right?")


def pause_of(header: str) -> float | None:
    """Return the seconds of a Retry-After header, a number or a date (RFC 9110, 10.2.3); None for anything else."""
    text = header.strip()
    if text.isascii() and text.isdigit():
        return min(float(text), LONGEST_PAUSE_SECONDS)
    try:
        moment = email.utils.parsedate_to_datetime(text)
    except ValueError:
        return None
    if moment.tzinfo is None:
        return None
    return min(max(0.0, (moment - clock.now()).total_seconds()), LONGEST_PAUSE_SECONDS)
