"""What the runner says: plain lines on the terminal, for as long as there is one."""

from __future__ import annotations

import os
import sys


class Console:
    """Prints lines. A closed terminal silences it; the orderly stop goes on without."""

    def __init__(self) -> None:
        self._is_open = True

    def say(self, text: str = "") -> None:
        if not self._is_open:
            return
        try:
            print(text, flush=True)
        except (OSError, ValueError):  # the terminal was closed, the pipe's reader has ended
            self._is_open = False
            # The interpreter flushes once more at its end and would complain.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())

    def relay(self, name: str, line: str) -> None:
        """Pass on a line of one of the processes, marked with its name."""
        self.say(f"{name:>9} | {line}")
