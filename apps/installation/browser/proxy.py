"""The only way out of the browser: a small forward proxy on the loopback that judges every address before it connects.

It resolves names itself and connects to the addresses it has judged, so a name that changes its answer gains nothing.
Each connection is used for one request (or one tunnel) and closed.
"""

import asyncio
from contextlib import suppress
from types import TracebackType
from typing import Self
from urllib.parse import urlsplit

from apps.core.outbound import Guard, PrivateAddress, UnknownName

HEAD_BYTES = 65_536
CHUNK = 65_536
MOST_BYTES = 50 * 2**20  # of a whole visit
MOST_CONNECTIONS = 512
CONNECT_SECONDS = 6.0
DROPPED = ("proxy-connection:", "connection:", "proxy-authorization:", "keep-alive:")


class GuardProxy:
    """An HTTP proxy. `failures`: host -> why nobody connected to it; `refused`: those of private addresses."""

    def __init__(self, guard: Guard) -> None:
        self._guard = guard
        self._server: asyncio.Server | None = None
        self._left = MOST_BYTES
        self._open = 0
        self.failures: dict[str, str] = {}
        self.refused: list[str] = []

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0, limit=HEAD_BYTES)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._server is not None:
            self._server.close()

    @property
    def url(self) -> str:
        if self._server is None:
            raise RuntimeError("the proxy isn't running")
        return f"http://127.0.0.1:{self._server.sockets[0].getsockname()[1]}"

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._open += 1
        try:
            if self._open <= MOST_CONNECTIONS:
                head = await reader.readuntil(b"\r\n\r\n")
                await self._pass_on(head, reader, writer)
        except (OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError, TimeoutError, ValueError):
            pass  # the browser sees a closed connection, which says enough
        finally:
            self._open -= 1
            writer.close()

    async def _pass_on(self, head: bytes, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        line, _, rest = head.partition(b"\r\n")
        method, target, version = line.decode("latin-1").split(" ", 2)
        is_tunnel = method == "CONNECT"
        parts = urlsplit(f"//{target}" if is_tunnel else target)
        host, port = parts.hostname or "", parts.port or 80
        try:
            onward, out = await self._connect(host, port)
        except OSError as error:
            await self._fail(writer, host, error)
            return
        try:
            if is_tunnel:
                writer.write(b"HTTP/1.1 200 Connected\r\n\r\n")
            else:
                path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
                out.write(f"{method} {path} {version}\r\n".encode("latin-1") + _headers(rest))
            await asyncio.gather(self._copy(reader, out), self._copy(onward, writer, ends=not is_tunnel))
        finally:
            out.close()

    async def _connect(self, host: str, port: int) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        addresses = await asyncio.to_thread(self._guard.addresses, host, port)
        failure: OSError = UnknownName(host)
        for address in addresses[:2]:
            try:
                return await asyncio.wait_for(asyncio.open_connection(address, port), CONNECT_SECONDS)
            except OSError as error:  # TimeoutError is one
                failure = error
        raise failure

    async def _fail(self, writer: asyncio.StreamWriter, host: str, error: OSError) -> None:
        if isinstance(error, PrivateAddress):
            self.failures[host] = "private"
            if host not in self.refused:
                self.refused.append(host)
        elif isinstance(error, UnknownName):
            self.failures[host] = "name"
        elif isinstance(error, TimeoutError):
            self.failures[host] = "timeout"
        else:
            self.failures[host] = "refused"
        writer.write(b"HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\nConnection: close\r\nX-Beacon-Check: 1\r\n\r\n")
        await writer.drain()

    async def _copy(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, *, ends: bool = False) -> None:
        """Copy to the end. `ends`: close the other side then, so that the browser sees the answer's end."""
        with suppress(OSError):
            while self._left > 0 and (chunk := await reader.read(CHUNK)):
                self._left -= len(chunk)
                writer.write(chunk)
                await writer.drain()
        with suppress(OSError):
            if ends or self._left <= 0:
                writer.close()
            elif writer.can_write_eof():
                writer.write_eof()


def _headers(rest: bytes) -> bytes:
    """Return a request's headers without those for the proxy; the server is asked to close, which ends the answer."""
    lines = [line for line in rest.split(b"\r\n") if line and not line.decode("latin-1").lower().startswith(DROPPED)]
    return b"\r\n".join([*lines, b"Connection: close", b"", b""])
