"""A load generator light enough not to be what is measured: raw sockets, ready-made requests, one loop over epoll.

Run as a process of its own; prints one JSON line. Without `--rate` every connection sends its next request as soon as
it has its answer. With it, requests are due at fixed moments and latency counts from when each was due, so that a
server that falls behind can't hide it. With `--unique` every event has an id of its own, however long it takes;
without, the prepared ones come round again, which is as good for the door but counts as repeated behind it.
"""

import argparse
import json
import select
import socket
import time
from collections import Counter, deque
from itertools import pairwise

from apps.core.ids import uuid7
from tests.bench.figures import percentile
from tests.bench.requests import SIZES, ids_of, make

PREPARED = {"event": 20_000, "usual": 10_000, "batch": 400}
WARM_UP_SECONDS = 1.0
# Latencies are told for so many equal parts of the run as well, so that one can see whether they grow.
PARTS = 10


class Connection:
    """One keep-alive connection with at most one request on its way."""

    def __init__(self, port: int) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port))
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.due = 0.0
        self.received = b""

    def send(self, request: bytes, due: float) -> None:
        self.due = due
        self.socket.sendall(request)

    def take(self) -> int:
        """Read what has come; return the status once the answer is complete, else 0."""
        chunk = self.socket.recv(65536)
        if not chunk:
            raise ConnectionError("the server hung up")
        self.received += chunk
        head, found, body = self.received.partition(b"\r\n\r\n")
        if not found:
            return 0
        at = head.lower().index(b"content-length:") + 15
        if len(body) < int(head[at : at + 12].split(b"\r\n")[0]):
            return 0
        self.received = b""
        return int(head[9:12])


class Load:
    def __init__(self, port: int, connections: int, requests: list[bytes], *, is_unique: bool = False) -> None:
        self._requests = requests
        self._ids = [ids_of(request) for request in requests] if is_unique else []
        self._sent = 0
        self._epoll = select.epoll()
        self._by_number = {}
        for _ in range(connections):
            connection = Connection(port)
            self._by_number[connection.socket.fileno()] = connection
            self._epoll.register(connection.socket.fileno(), select.EPOLLIN)
        self.latencies: list[float] = []
        self.statuses: Counter[int] = Counter()

    def full(self, seconds: float) -> float:
        """Keep every connection busy; return how long it took."""
        start = time.perf_counter()
        end = start + seconds
        for connection in self._by_number.values():
            connection.send(self._next(), time.perf_counter())
        busy = len(self._by_number)
        while busy:
            for connection in self._answered(-1):
                if time.perf_counter() < end:
                    connection.send(self._next(), time.perf_counter())
                else:
                    busy -= 1
        return time.perf_counter() - start

    def paced(self, seconds: float, rate: float) -> float:
        """Send at a steady rate; a request that finds no free connection waits, and its latency with it."""
        free = deque(self._by_number.values())
        start = time.perf_counter()
        total, due_count, busy = int(seconds * rate), 0, 0
        while due_count < total or busy:
            now = time.perf_counter()
            while free and due_count < total and (due := start + due_count / rate) <= now:
                free.popleft().send(self._next(), due)
                due_count, busy = due_count + 1, busy + 1
            pause = max(0.0, start + due_count / rate - time.perf_counter()) if free and due_count < total else -1
            answered = self._answered(pause)
            busy -= len(answered)
            free.extend(answered)
        return time.perf_counter() - start

    def _next(self) -> bytes:
        self._sent += 1
        number = self._sent % len(self._requests)
        request = self._requests[number]
        for known in self._ids[number] if self._ids else ():
            request = request.replace(known, str(uuid7()).encode())
        return request

    def _answered(self, pause: float) -> list[Connection]:
        done = []
        for number, _ in self._epoll.poll(pause):
            connection = self._by_number[number]
            status = connection.take()
            if status:
                self.latencies.append(time.perf_counter() - connection.due)
                self.statuses[status] += 1
                done.append(connection)
        return done


def parts_of(values: list[float]) -> list[list[float]]:
    """Return `values`, in the order in which they came, in PARTS parts of about the same length."""
    bounds = [len(values) * number // PARTS for number in range(PARTS + 1)]
    return [values[first:last] for first, last in pairwise(bounds)]


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--kind", choices=tuple(PREPARED), default="event")
    parser.add_argument("--connections", type=int, default=32)
    parser.add_argument("--seconds", type=float, default=5.0)
    parser.add_argument("--rate", type=float, default=0.0)
    parser.add_argument("--unique", action="store_true", help="every event has an id of its own")
    chosen = parser.parse_args()
    requests = make(chosen.kind, PREPARED[chosen.kind])
    load = Load(chosen.port, chosen.connections, requests, is_unique=chosen.unique)
    load.full(WARM_UP_SECONDS)
    load.latencies.clear()
    load.statuses.clear()
    taken = load.paced(chosen.seconds, chosen.rate) if chosen.rate else load.full(chosen.seconds)
    milliseconds = [latency * 1000 for latency in load.latencies]
    print(
        json.dumps(
            {
                "requests": len(milliseconds),
                "events": len(milliseconds) * SIZES[chosen.kind],
                "seconds": taken,
                "per_second": len(milliseconds) / taken,
                "p50_ms": percentile(milliseconds, 50),
                "p95_ms": percentile(milliseconds, 95),
                "p99_ms": percentile(milliseconds, 99),
                "parts_p50_ms": [percentile(part, 50) for part in parts_of(milliseconds)],
                "statuses": dict(load.statuses),
            }
        )
    )


if __name__ == "__main__":
    main()
