"""A server that answers a letter at a time, without end: each read brings something, none of them the answer."""

import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from threading import Event, Thread

# So long after its start it gives up, lest a test that fails runs for ever.
MOST_SECONDS = 8.0
PAUSE = 0.05


@contextmanager
def dripping(first: bytes, drop: bytes) -> Iterator[int]:
    """Serve `first` to whoever connects, then `drop` every PAUSE; yields the port."""
    stopping = Event()

    def drip(accepted: socket.socket) -> None:
        with accepted, suppress(OSError):
            accepted.sendall(first)
            for _ in range(int(MOST_SECONDS / PAUSE)):
                if stopping.wait(PAUSE):
                    return
                accepted.sendall(drop)

    def serve() -> None:
        with suppress(OSError):
            while True:
                accepted, _ = server.accept()
                threads.append(Thread(target=drip, args=(accepted,)))
                threads[-1].start()

    with socket.create_server(("127.0.0.1", 0)) as server:
        threads = [Thread(target=serve)]
        threads[0].start()
        try:
            yield server.getsockname()[1]
        finally:
            stopping.set()
            server.shutdown(socket.SHUT_RDWR)
            for thread in threads:
                thread.join()
