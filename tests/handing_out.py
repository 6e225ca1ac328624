"""How xdist hands the tests out: a file in one piece, a whole Beacon's folder too, and what takes long before the rest.

What a file or a folder shares (a browser, a Beacon with its demo, a table of visits) is made once, by the one worker
that has it. The groups of xdist (3.8) itself don't do: it writes them where pytest (9.2) no longer reads them.
"""

from __future__ import annotations

from typing import Any

import pytest
from xdist.scheduler import LoadScopeScheduling

# Folders whose tests share one Beacon.
WHOLE = ("tests/e2e", "tests/faults")
# What takes longest comes first, and the many quick ones fill up the end, when no worker is to wait for another. The
# tracker's tests, which follow a page by the moment, stay behind what keeps whole servers busy.
FIRST = (
    *WHOLE,
    "tests/analytics/test_rollups_agree.py",
    "tests/tracking/test_door_process.py",
    "tests/installation",
    "tests/platform",
    "tests/live",
    "tests/analytics",
    "tests/tracking/test_cors_browser.py",
    "tests/tracking/test_writer_survives.py",
    "tests/core/test_metering.py",
    "tests/core/test_ui_browser.py",
)


class Pieces(LoadScopeScheduling):
    """Pieces are called by their path; xdist's controller, which knows no marks, sees no more of a test than its id."""

    def _split_scope(self, nodeid: str) -> str:
        path = nodeid.split("::", 1)[0]
        return next((folder for folder in WHOLE if path.startswith(f"{folder}/")), path)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Pieces:
    config.option.loadscopereorder = False
    return Pieces(config, log)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Sort what takes long to the front; files stay together."""
    items.sort(key=lambda item: _place(item.nodeid))


def _place(nodeid: str) -> int:
    return next((place for place, path in enumerate(FIRST) if nodeid.startswith(path)), len(FIRST))
