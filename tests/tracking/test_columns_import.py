"""numpy is for whoever counts columns: the processes that take and store events don't carry its memory."""

import subprocess
import sys

import pytest

from config.local.folders import CHECKOUT

SAYS = "import sys; print([name for name in ('numpy', 'playwright') if name in sys.modules])"


@pytest.mark.parametrize(
    "start",
    [
        "import config.asgi_track",
        "import django; django.setup(); import apps.tracking.management.commands.run_writer",
    ],
    ids=["door", "writer"],
)
def test_what_takes_and_stores_events_stays_lean(start: str) -> None:
    told = subprocess.run([sys.executable, "-c", f"{start}; {SAYS}"], cwd=CHECKOUT, capture_output=True, text=True)
    assert (told.stdout, told.returncode) == ("[]\n", 0), told.stderr
