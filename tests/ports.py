"""Ports for servers of the tests, which the system hands out to nobody else between the choice and the server's start.

What it does hand out, to connections and to whoever asks for any port, begins at 32,768 on Linux.
"""

import os
from collections.abc import Iterator
from itertools import count, islice

from config.local.ports import port_is_free

LOWEST, EACH, MOST_WORKERS = 20_000, 1_500, 8


def _numbers() -> Iterator[int]:
    """Yield this worker's numbers, round and round; each process begins elsewhere, for those of another run."""
    worker = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw")) % MOST_WORKERS
    for number in count(os.getpid()):
        yield LOWEST + worker * EACH + number % EACH


_FREE = filter(port_is_free, _numbers())


def free_ports(count: int) -> list[int]:
    return list(islice(_FREE, count))
