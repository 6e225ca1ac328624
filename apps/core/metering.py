"""Prometheus metrics of all processes of this machine, whichever of them is asked.

Each process counts into files of its own below the data folder (the client library's multi-process mode). What a
process leaves behind when it ends is folded into one file of the past, so that sums never fall and files don't pile up.
A state (how long is the queue now?) isn't kept but asked when somebody scrapes: see `Asked`.

A label names a kind (a reason, a status, a task), never a site, an address or an agency: those have no bound.
"""

import atexit
import fcntl
import os
import struct
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import psutil
from django.conf import settings

FOLDER = Path(settings.BEACON_DATA_DIR) / "metrics"
FOLDER.mkdir(parents=True, exist_ok=True, mode=0o700)
# Read by the client library when it is imported. Not only where it is unset: a process may have been started by one
# that has another data folder.
os.environ["PROMETHEUS_MULTIPROC_DIR"] = str(FOLDER)

import prometheus_client  # noqa: E402
from prometheus_client import CollectorRegistry, Counter, mmap_dict, multiprocess  # noqa: E402
from prometheus_client.metrics_core import GaugeMetricFamily, Metric  # noqa: E402

# These two bring no types.
MmapedDict: Any = mmap_dict.MmapedDict
merge: Any = multiprocess.MultiProcessCollector.merge

__all__ = ["CONTENT_TYPE", "SECONDS", "SIZES", "Asked", "Counter", "Histogram", "exposition", "settle", "tidy"]

CONTENT_TYPE = prometheus_client.CONTENT_TYPE_LATEST
PAST = "past"
TRIES = 5
# Upper bounds of the buckets: of what takes time, and of what has a size.
SECONDS = (0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 30.0, 60.0, 300.0, 3_600.0)
SIZES = (1, 2, 5, 10, 20, 50, 100, 200, 500, 1_000, 2_000, 5_000, 10_000)


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
    """Return all metrics of this machine in Prometheus' text format."""
    registry = CollectorRegistry(auto_describe=False)
    for one in asked:
        registry.register(one)
    with _hold():
        _fold_the_dead()
        counted = _counted()
    registry.register(counted)
    return prometheus_client.generate_latest(registry)


class _Counted:
    def __init__(self, metrics: Iterable[Metric]) -> None:
        self._metrics = list(metrics)

    def collect(self) -> Iterable[Metric]:
        return self._metrics


def _counted() -> _Counted:
    for last in range(TRIES):
        try:
            return _Counted(merge([str(path) for path in FOLDER.glob("*.db")]))
        except (FileNotFoundError, struct.error):  # a process has just begun or ended a file
            if last == TRIES - 1:
                raise
    raise AssertionError


def tidy() -> None:
    """Fold what ended processes have left into the past. Each process does so at its start; it may run any time."""
    with _hold():
        _fold_the_dead()


@atexit.register
def settle() -> None:
    """Fold this process's own counts into the past; it counts no more."""
    if FOLDER.exists():  # a test's folder may be gone already
        with _hold():
            _fold([path for path in FOLDER.glob("*.db") if _pid(path) == os.getpid()])


@contextmanager
def _hold() -> Iterator[None]:
    """Keep other processes from folding, and from reading a half that was folded already."""
    with (FOLDER / "lock").open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _fold_the_dead() -> None:
    _fold([path for path in FOLDER.glob("*.db") if (pid := _pid(path)) is not None and not psutil.pid_exists(pid)])


def _fold(paths: Iterable[Path]) -> None:
    for path in paths:
        past = MmapedDict(str(FOLDER / f"{path.name.partition('_')[0]}_{PAST}.db"))
        try:
            # One killed while it made the file has counted nothing yet.
            with suppress(struct.error):
                for key, value, _, _ in MmapedDict.read_all_values_from_file(path):
                    past.write_value(key, past.read_value(key)[0] + value, 0.0)
        finally:
            past.close()
        path.unlink()


def _pid(path: Path) -> int | None:
    """Return whose file it is; None for the past."""
    owner = path.stem.rpartition("_")[2]
    return int(owner) if owner.isdigit() else None
