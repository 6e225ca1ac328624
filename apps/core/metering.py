"""Prometheus metrics of all processes of this machine, whichever of them is asked.

Each process counts into files of its own below the data folder (the client library's multi-process mode). What a
process leaves behind when it ends is folded into one file of the past, so that sums never fall and files don't pile up.
Processes of several containers may share the folder: a process is known by the locks on its files, not by its number.
Nothing here fails whoever counts: without room on the disk the counts stay in memory (see `metering_files`).
A state (how long is the queue now?) isn't kept but asked when somebody scrapes: see `Asked`.

A label names a kind (a reason, a status, a task), never a site, an address or an agency: those have no bound.
"""

import atexit
import fcntl
import os
import secrets
import struct
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from django.conf import settings

FOLDER = Path(settings.BEACON_DATA_DIR) / "metrics"
with suppress(OSError):  # without it all is counted in memory
    FOLDER.mkdir(parents=True, exist_ok=True, mode=0o700)
# Read by the client library when it is imported. Not only where it is unset: a process may have been started by one
# that has another data folder.
os.environ["PROMETHEUS_MULTIPROC_DIR"] = str(FOLDER)

import prometheus_client  # noqa: E402
from prometheus_client import CollectorRegistry, Counter, multiprocess  # noqa: E402
from prometheus_client import values as library_values  # noqa: E402
from prometheus_client.metrics_core import GaugeMetricFamily, Metric  # noqa: E402

from .metering_files import NEW, CountsFile, is_owned, warn_once  # noqa: E402

# These bring no types.
library: Any = library_values
read_all: Any = CountsFile.read_all_values_from_file
merge: Any = multiprocess.MultiProcessCollector.merge

__all__ = ["CONTENT_TYPE", "SECONDS", "SIZES", "Asked", "Busy", "Counter", "Histogram", "exposition", "settle"]

CONTENT_TYPE = prometheus_client.CONTENT_TYPE_LATEST
PAST = "past"
TRIES = 5
# Folding takes milliseconds; who waits longer waits for one that hangs.
HOLD_SECONDS = 2.0
HOLD_PAUSE_SECONDS = 0.02
# A file that is being begun has its name after less.
BEGUN_SECONDS = 60.0
# Upper bounds of the buckets: of what takes time, and of what has a size.
SECONDS = (0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 30.0, 60.0, 300.0, 3_600.0)
SIZES = (1, 2, 5, 10, 20, 50, 100, 200, 500, 1_000, 2_000, 5_000, 10_000)


class Busy(TimeoutError):
    """Another process holds the metrics for too long."""


class _Owner:
    """The name in this process's files: its number alone may be another's too, in another container."""

    def __init__(self) -> None:
        self.renew()
        os.register_at_fork(after_in_child=self.renew)

    def renew(self) -> None:
        self.name = f"{os.getpid()}-{secrets.token_hex(4)}"


_owner = _Owner()
library.MmapedDict = CountsFile
library.ValueClass = library.MultiProcessValue(lambda: _owner.name)


class Histogram(prometheus_client.Histogram):
    """A histogram that also takes what was counted elsewhere: on a hot path one `observe` is dear (5 us)."""

    @property
    def bounds(self) -> Sequence[float]:
        """The upper bounds of the buckets, the last of them infinite."""
        return self._upper_bounds

    def add(self, counts: Sequence[int], total: float) -> None:
        """Add observations by bucket, and the sum of them all."""
        for bucket, count in zip(self._buckets, counts, strict=True):
            if count:
                bucket.inc(count)
        self._sum.inc(total)


class Asked:
    """States that are asked for at each scrape. `ask` returns name -> (help, label, values by label)."""

    def __init__(self, ask: Callable[[], Iterable[tuple[str, str, str, dict[str, float]]]]) -> None:
        self._ask = ask

    def collect(self) -> Iterator[Metric]:
        for name, says, label, values in self._ask():
            family = GaugeMetricFamily(name, says, labels=[label] if label else [])
            for kind, value in values.items():
                family.add_metric([kind] if label else [], value)
            yield family


def exposition(*asked: Asked) -> bytes:
    """Return all metrics of this machine in Prometheus' text format. Raises Busy; blocks for some seconds at most."""
    registry = CollectorRegistry(auto_describe=False)
    for one in asked:
        registry.register(one)
    registry.register(_read())
    return prometheus_client.generate_latest(registry)


class _Counted:
    def __init__(self, metrics: Iterable[Metric]) -> None:
        self._metrics = list(metrics)

    def collect(self) -> Iterable[Metric]:
        return self._metrics


def _read() -> _Counted:
    try:
        with _hold():
            _fold_the_dead()
            return _counted()
    except Busy:
        raise
    except OSError as error:
        warn_once("The metrics of ended processes can't be folded", error)
    return _counted()


def _counted() -> _Counted:
    for last in range(TRIES):
        try:
            return _Counted(merge([str(path) for path in FOLDER.glob("*.db")]))
        except (FileNotFoundError, struct.error):  # a process has just begun or ended a file
            if last == TRIES - 1:
                raise
    raise AssertionError


@atexit.register
def settle() -> None:
    """Fold this process's own counts into the past; it counts no more. What can't be done now, the next scrape does."""
    if not FOLDER.exists():  # a test's folder may be gone already
        return
    try:
        with _hold():
            _fold(FOLDER.glob(f"*_{_owner.name}.db"))
    except OSError as error:
        warn_once("This process's metrics can't be folded yet", error)


@contextmanager
def _hold() -> Iterator[None]:
    """Keep other processes from folding, and from reading a half that was folded already. Raises Busy."""
    until = time.monotonic() + HOLD_SECONDS
    with (FOLDER / "lock").open("a") as lock:
        while True:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if time.monotonic() > until:
                    raise Busy("another process holds the metrics") from None
                time.sleep(HOLD_PAUSE_SECONDS)
        yield


def _fold_the_dead() -> None:
    _fold([path for path in FOLDER.glob("*.db") if not path.stem.endswith(f"_{PAST}") and not is_owned(path)])
    for path in FOLDER.glob(f"*{NEW}"):
        if time.time() - path.stat().st_mtime > BEGUN_SECONDS:
            path.unlink()


def _fold(paths: Iterable[Path]) -> None:
    """Add each file to the past and remove it; one that the past has no room for stays, and is read where it is."""
    for path in paths:
        counts: dict[str, float] = {}
        with suppress(struct.error):  # cut off before anything was counted
            counts = {key: value for key, value, _, _ in read_all(path)}
        past = CountsFile(str(FOLDER / f"{path.name.partition('_')[0]}_{PAST}.db"))
        try:
            if not past.makes_room(counts):
                continue
            for key, value in counts.items():
                past.write_value(key, past.read_value(key)[0] + value, 0.0)
        finally:
            past.close()  # type: ignore[no-untyped-call]
        path.unlink()
