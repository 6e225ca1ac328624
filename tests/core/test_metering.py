"""Metrics of several processes: summed, kept over a process' death, and no files left behind."""

import os
import re
import subprocess
import sys

import pytest

from apps.core import metering
from config.local.folders import CHECKOUT
from tests.tracking.processes import environment

COUNT = """
import os, sys, django
django.setup()
from apps.tracking import measures
measures.UNTOLD.inc(3)
measures.LAG_SECONDS.add([0, 2] + [0] * (len(measures.LAG_SECONDS.bounds) - 2), 0.004)
print(os.getpid(), flush=True)
if sys.argv[1] == "killed":
    os.kill(os.getpid(), 9)
"""


def value(name: str) -> float:
    found = re.search(rf"^{re.escape(name)} (\S+)$", metering.exposition().decode(), re.M)
    return float(found[1]) if found else 0.0


def count(how: str) -> int:
    """Count in a process of its own that ends as said; return its id."""
    command = [sys.executable, "-c", COUNT, how]
    done = subprocess.run(command, cwd=CHECKOUT, env=environment(), stdout=subprocess.PIPE, text=True, check=False)
    return int(done.stdout)


@pytest.mark.parametrize("how", ["ended", "killed"])
def test_what_a_process_counted_outlives_it_and_its_files_dont(how: str) -> None:
    before = value("beacon_writer_facts_untold_total")
    lag = value('beacon_writer_lag_seconds_bucket{le="0.002"}')
    for _ in range(3):
        pid = count(how)
    assert value("beacon_writer_facts_untold_total") == before + 9
    assert value('beacon_writer_lag_seconds_bucket{le="0.002"}') == lag + 6
    assert value("beacon_writer_facts_untold_total") == before + 9
    assert not list(metering.FOLDER.glob(f"*_{pid}.db"))


def test_a_process_that_goes_on_is_read_in_its_own_files() -> None:
    from apps.tracking import measures

    before = value("beacon_writer_facts_untold_total")
    measures.UNTOLD.inc(2)
    assert value("beacon_writer_facts_untold_total") == before + 2
    assert list(metering.FOLDER.glob(f"*_{os.getpid()}.db"))


def test_a_file_of_which_nothing_was_written_yet_does_no_harm() -> None:
    empty = metering.FOLDER / "counter_999999999.db"
    empty.write_bytes(b"")
    assert metering.exposition()
    assert not empty.exists()


def test_the_folder_is_closed_to_others() -> None:
    assert metering.FOLDER.stat().st_mode & 0o077 == 0
