"""A line to a server that can be cut and mended: the server is away without anybody else noticing."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from config.local.deadline import wait_until
from config.local.ports import LOOPBACK
from tests.ports import free_ports

BIND_SECONDS = 30.0


class Cable:
    """Forwards connections to `port` from a port of its own, `near`."""

    def __init__(self, port: int) -> None:
        self._far = port
        self._open: list[socket.socket] = []
        self._listener: socket.socket | None = None
        (self.near,) = free_ports(1)
        self.mend()

    def mend(self) -> None:
        listener = socket.socket()
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        # A connection that was just cut may hold the port for a moment yet.
        assert wait_until(lambda: self._is_bound(listener), seconds=BIND_SECONDS), f"port {self.near} is taken"
        listener.listen()
        self._listener = listener
        threading.Thread(target=self._accept, args=(listener,), daemon=True).start()

    def _is_bound(self, listener: socket.socket) -> bool:
        with suppress(OSError):
            listener.bind((LOOPBACK, self.near))
            return True
        return False

    def cut(self) -> None:
        """Break all connections; new ones are refused."""
        if self._listener is not None:
            self._listener.shutdown(socket.SHUT_RDWR)
            self._listener.close()
            self._listener = None
        for end in self._open:
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
        self._open.clear()

    def _accept(self, listener: socket.socket) -> None:
        while True:
            try:
                near, _ = listener.accept()
            except OSError:
                return
            far = socket.create_connection((LOOPBACK, self._far))
            self._open += [near, far]
            for ends in ((near, far), (far, near)):
                threading.Thread(target=_forward, args=ends, daemon=True).start()


def _forward(one: socket.socket, other: socket.socket) -> None:
    with suppress(OSError):
        while chunk := one.recv(65536):
            other.sendall(chunk)
    for end in (one, other):
        with suppress(OSError):
            end.shutdown(socket.SHUT_RDWR)


@contextmanager
def cable(port: int) -> Iterator[Cable]:
    made = Cable(port)
    try:
        yield made
    finally:
        made.cut()
