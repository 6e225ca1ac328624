"""One connection to a Valkey for an event loop: commands packed in one go, replies read in one go.

Only what the inbox needs, at a fraction of what a general client costs a command. It connects when it is first needed
and again after a failure; who waits for a reply when the connection breaks gets the error, since the outcome is
unknown.
"""

import asyncio
import ssl
from collections.abc import Sequence
from typing import Any
from urllib.parse import unquote, urlsplit

import hiredis

CONNECT_SECONDS = 2.0
ANSWER_SECONDS = 10.0
CHUNK = 256 * 1024

# Typed as hiredis types its packer, whose tuples may well be longer than one.
Command = Any
Reply = object


class ErrorReply(Exception):
    """The server said no."""


class Connection:
    """`url`: redis://[user][:password]@host:port/db, rediss:// for TLS. Calls must not overlap."""

    def __init__(self, url: str) -> None:
        self._parts = urlsplit(url)
        self._reader: asyncio.StreamReader | None = None
        self._writer: asyncio.StreamWriter | None = None
        self._parser = hiredis.Reader(replyError=ErrorReply)

    async def call(self, commands: Sequence[Command]) -> list[Reply]:
        """Send all commands and return their replies in order; one that the server refused is an ErrorReply among them.

        Raises OSError, EOFError or TimeoutError, after which the next call connects anew.
        """
        if not commands:
            return []
        try:
            if self._writer is None:
                await self._connect()
            return await self._exchange(commands)
        except hiredis.ProtocolError as error:
            self.close()
            raise EOFError("what came back isn't the protocol") from error
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        if self._writer is not None:
            self._writer.close()
        self._reader = self._writer = None

    async def _connect(self) -> None:
        parts = self._parts
        context = ssl.create_default_context() if parts.scheme == "rediss" else None
        async with asyncio.timeout(CONNECT_SECONDS):
            self._reader, self._writer = await asyncio.open_connection(
                parts.hostname or "localhost", parts.port or 6379, ssl=context, limit=CHUNK
            )
            self._parser = hiredis.Reader(replyError=ErrorReply)
            greeting: list[Command] = []
            if parts.password:
                user = [unquote(parts.username).encode()] if parts.username else []
                greeting.append((b"AUTH", *user, unquote(parts.password).encode()))
            database = parts.path.strip("/")
            if database not in ("", "0"):
                greeting.append((b"SELECT", database.encode()))
            if greeting:
                for reply in await self._exchange(greeting):
                    if isinstance(reply, ErrorReply):
                        raise ConnectionRefusedError("the server refused the login or the database")

    async def _exchange(self, commands: Sequence[Command]) -> list[Reply]:
        assert self._reader is not None
        assert self._writer is not None
        self._writer.write(b"".join([hiredis.pack_command(command) for command in commands]))
        replies: list[Reply] = []
        async with asyncio.timeout(ANSWER_SECONDS):
            await self._writer.drain()
            while len(replies) < len(commands):
                reply = self._parser.gets()
                if reply is False:
                    chunk = await self._reader.read(CHUNK)
                    if not chunk:
                        raise EOFError("the server hung up")
                    self._parser.feed(chunk)
                else:
                    replies.append(reply)
        return replies
