import gzip
import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
LIMIT = 2048


# Python's zlib, as GNU gzip, makes a few bytes more of it than Node's.
def test_the_core_is_at_most_2048_bytes_gzipped(tracker_script: bytes) -> None:
    assert len(gzip.compress(tracker_script, 9, mtime=0)) <= LIMIT


def test_the_size_check_passes() -> None:
    subprocess.run(["node", "tracker_js/size.mjs", "--check"], cwd=ROOT, check=True, stdout=subprocess.DEVNULL)
