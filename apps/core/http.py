"""Connections of ours to the outside: to addresses that the guard (`outbound`) has judged, and with an end.

A timeout for each read alone bounds nothing: a server that sends a letter a second would be read for ever.
"""

import ssl
import threading
import time
import typing
from collections.abc import Iterable
from contextlib import suppress

import httpcore

from .outbound import Guard

MOST_ADDRESSES = 2
# What is written at once: each piece has the time that is left then.
PIECE = 16_384
LONGEST_LOOKUP = 30.0


class Late(Exception):
    """The time is over."""


class Deadline:
    """A moment (of time.monotonic()) after which nothing more is waited for."""

    def __init__(self, until: float) -> None:
        self._until = until

    def left(self, timeout: float | None = None) -> float:
        """Return the seconds that are left, at most `timeout`. Raises Late."""
        left = self._until - time.monotonic()
        if left <= 0:
            raise Late
        return left if timeout is None else min(timeout, left)


class TimedStream(httpcore.NetworkStream):
    """A connection whose every step ends at the deadline."""

    def __init__(self, inner: httpcore.NetworkStream, deadline: Deadline) -> None:
        self._inner = inner
        self._deadline = deadline

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self._inner.read(max_bytes, self._deadline.left(timeout))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        for start in range(0, len(buffer), PIECE):
            self._inner.write(buffer[start : start + PIECE], self._deadline.left(timeout))

    def close(self) -> None:
        self._inner.close()

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.NetworkStream:
        # Python bounds the whole handshake by a socket's timeout, not each of its reads.
        secure = self._inner.start_tls(ssl_context, server_hostname, self._deadline.left(timeout))
        return TimedStream(secure, self._deadline)

    def get_extra_info(self, info: str) -> typing.Any:
        return self._inner.get_extra_info(info)


class GuardedBackend(httpcore.NetworkBackend):
    """Connects to addresses that the guard has judged, whatever the name may say a moment later.

    No step of it or its connections goes on past the deadline; what would raises Late.
    """

    def __init__(self, guard: Guard, deadline: Deadline, inner: httpcore.NetworkBackend | None = None) -> None:
        self._guard = guard
        self._deadline = deadline
        self._inner = inner or httpcore.SyncBackend()

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[typing.Any] | None = None,
    ) -> httpcore.NetworkStream:
        failure: Exception | None = None
        addresses = self._addresses(host, port)[:MOST_ADDRESSES]
        for number, address in enumerate(addresses):
            # Those behind it have their share: a first one that is silent leaves the second its chance.
            share = self._deadline.left(timeout) / (len(addresses) - number)
            try:
                stream = self._inner.connect_tcp(address, port, share, local_address, socket_options)
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:
                failure = error
            else:
                return TimedStream(stream, self._deadline)
        raise failure or httpcore.ConnectError("no address")

    def _addresses(self, host: str, port: int) -> list[str]:
        """Ask the guard, no longer than there is time: the system's resolver takes as long as it likes."""
        answer: list[list[str] | Exception] = []

        def ask() -> None:
            try:
                answer.append(self._guard.addresses(host, port))
            except Exception as error:  # whatever it is, it is raised where the answer is waited for
                answer.append(error)

        asking = threading.Thread(target=ask, daemon=True)
        left = self._deadline.left()
        asking.start()
        asking.join(min(left, LONGEST_LOOKUP))
        found = answer[0] if answer else Late()
        if isinstance(found, Exception):
            raise found
        return found

    def sleep(self, seconds: float) -> None:
        with suppress(Late):
            time.sleep(self._deadline.left(seconds))
