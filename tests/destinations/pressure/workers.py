"""Real Celery workers, as the Procfile starts them, that can be killed and started again."""

import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import psutil

from config.local.folders import CHECKOUT
from config.local.procfile import read_procfile

STOP_SECONDS = 30.0
# Both queues of destinations, so that each of several workers does all there is to do.
QUEUES = "destinations,sending"


class Workers:
    """So many workers, alike. `started`: how often one was."""

    def __init__(self, count: int, environment: Mapping[str, str], log: Path, *, threads: int) -> None:
        self._environment = dict(environment) | {
            "BEACON_SENDER_THREADS": str(threads),
            "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
        }
        self._log = log
        self.started = 0
        self._ended_cpu_seconds = 0.0
        self._processes = [self._start() for _ in range(count)]

    def kill(self, number: int) -> None:
        """Kill one, whatever it is doing; nobody takes its place yet."""
        process = self._processes[number]
        self._ended_cpu_seconds += _cpu_seconds(process)
        process.kill()
        process.wait()

    def restart(self, number: int) -> None:
        self._processes[number] = self._start()

    @property
    def count(self) -> int:
        return len(self._processes)

    def memory_bytes(self) -> int:
        """Return what the biggest of them has for itself alone."""
        running = [psutil.Process(process.pid) for process in self._processes if process.poll() is None]
        return max((process.memory_full_info().uss for process in running), default=0)

    def cpu_seconds(self) -> float:
        """Return the processor time that all of them have used so far, those included that were killed."""
        return self._ended_cpu_seconds + sum(_cpu_seconds(process) for process in self._processes)

    def stop(self) -> None:
        for process in self._processes:
            process.send_signal(signal.SIGTERM)
        for process in self._processes:
            try:
                process.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()

    def _start(self) -> subprocess.Popen[bytes]:
        line = re.sub(r"--queues \S+", f"--queues {QUEUES}", read_procfile(CHECKOUT / "Procfile")["sender"])
        self.started += 1
        with self._log.open("ab") as log:
            return subprocess.Popen(
                ["sh", "-c", f"exec {line}"], cwd=CHECKOUT, env=self._environment, stdout=log, stderr=log
            )


def _cpu_seconds(process: subprocess.Popen[bytes]) -> float:
    times = psutil.Process(process.pid).cpu_times()
    return float(times.user + times.system)


@contextmanager
def workers(count: int, environment: Mapping[str, str], log: Path, *, threads: int) -> Iterator[Workers]:
    """Run workers while the block runs."""
    running = Workers(count, environment, log, threads=threads)
    try:
        yield running
    finally:
        running.stop()
