"""The page in a browser, from outside: a process of its own, bounded in time and memory, gone with all its children.

It is given no environment but its path, so that no secret of ours is near the pages it opens.
"""

import json
import os
import subprocess
import sys
import tempfile
import threading
import time
from contextlib import ExitStack, suppress
from dataclasses import replace
from pathlib import Path
from types import TracebackType
from typing import Self

import psutil

from .browser.job import Job
from .findings import Visit, visit_read

ROOT = Path(__file__).resolve().parents[2]
MOST_MEMORY = 1200 * 2**20
MOST_OUTPUT = 16 * 2**20
LOOK_SECONDS = 0.25
# What a process may take to say what it has, when its own time is over.
GRACE_SECONDS = 1.0
MODULE = "apps.installation.browser.program"


class Renderer:
    """A browser that is being started. `with Renderer(job) as renderer: visit = renderer.open(url)`.

    What is left of it is gone when the block ends, opened or not.
    """

    def __init__(self, job: Job, *, most_memory: int = MOST_MEMORY) -> None:
        self._job = job
        self._most_memory = most_memory
        self._closing = ExitStack()

    def __enter__(self) -> Self:
        with ExitStack() as closing:
            folder = closing.enter_context(
                tempfile.TemporaryDirectory(prefix="beacon-check-", ignore_cleanup_errors=True)
            )
            self.folder = folder  # the browser's own: its name stands in the command line of all that is the browser's
            self._process = _start()
            until = time.monotonic() + self._job.seconds + GRACE_SECONDS
            self._ending = _Ending(self._process, until=until, most_memory=self._most_memory)
            closing.callback(self._ending.finish)
            self._ending.start()
            self._say(replace(self._job, folder=folder).text())
            self._closing = closing.pop_all()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._closing.close()

    def open(self, url: str) -> Visit:
        """Return what the browser sees at `url`. Blocks for the rest of the job's seconds and one more at most; never
        raises for what the page or the browser does."""
        self._say("".join(url.split()))
        output = b""
        with suppress(OSError):
            output = self._process.stdout.read(MOST_OUTPUT) if self._process.stdout else b""
        if self._ending.why:
            return Visit(outcome="failed", why=self._ending.why)
        try:
            return visit_read(json.loads(output))
        except (ValueError, TypeError, KeyError):
            return Visit(outcome="failed", why="the browser ended before it had loaded")

    def _say(self, line: str) -> None:
        """Write a line to the program. Its input stays open after that: it ends when we do."""
        with suppress(OSError):
            if self._process.stdin is not None:
                self._process.stdin.write(line.encode() + b"\n")
                self._process.stdin.flush()


def _start() -> subprocess.Popen[bytes]:
    kept = {name: os.environ[name] for name in ("PATH", "LANG", "SYSTEMROOT") if name in os.environ}
    return subprocess.Popen(
        [sys.executable, "-m", MODULE],
        cwd=ROOT,
        env={**kept, "PYTHONPATH": str(ROOT), "PYTHONDONTWRITEBYTECODE": "1"},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )


class _Ending(threading.Thread):
    """Watches a process and its children: ends them when their time or memory is used up, and at the end anyway."""

    def __init__(self, process: subprocess.Popen[bytes], *, until: float, most_memory: int) -> None:
        super().__init__(daemon=True)
        self._process = process
        self._until = until
        self._most = most_memory
        self._over = threading.Event()
        self._known: dict[int, psutil.Process] = {}
        self.why = ""

    def run(self) -> None:
        while not self._over.wait(LOOK_SECONDS):
            self._look()
            if time.monotonic() > self._until:
                self.why = "it wasn’t loaded in time"
            elif sum(map(_memory, self._known.values())) > self._most:
                self.why = "it takes more memory than a page may"
            if self.why:
                self._kill()
                return

    def finish(self) -> None:
        self._over.set()
        self.join()
        self._look()
        self._kill()
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                with suppress(OSError):
                    pipe.close()
        self._process.wait()

    def _look(self) -> None:
        """Remember all descendants: those of a process that has ended are nobody's children any more."""
        with suppress(psutil.Error):
            parent = psutil.Process(self._process.pid)
            self._known[parent.pid] = parent
        for known in list(self._known.values()):
            with suppress(psutil.Error):
                self._known.update({child.pid: child for child in known.children(recursive=True)})

    def _kill(self) -> None:
        for one in self._known.values():
            # psutil knows by the start time that a pid isn't somebody else's meanwhile.
            with suppress(psutil.Error):
                one.kill()
        psutil.wait_procs(list(self._known.values()), timeout=GRACE_SECONDS)


def _memory(process: psutil.Process) -> int:
    """Return the bytes that a process has for itself; what Chromium's processes share would count many times."""
    with suppress(psutil.Error):
        info = process.memory_info()
        return int(info.rss - getattr(info, "shared", 0))
    return 0
