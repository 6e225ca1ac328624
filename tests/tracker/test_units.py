"""The tracker's unit tests, in JavaScript (`tracker_js/test`), as one test of this suite."""

import os
import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def test_the_units_of_the_tracker() -> None:
    command = ["node", "node_modules/vitest/vitest.mjs", "run", "--config", "tracker_js/vitest.config.mjs"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, env={**os.environ, "NO_COLOR": "1"})
    assert done.returncode == 0, done.stdout[-6_000:] + done.stderr[-2_000:]
