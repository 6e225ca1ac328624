"""`python -m config.local services -- COMMAND...`"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path
from types import FrameType

from config.local.folders import CHECKOUT, DataFolder
from config.local.lock import Busy
from config.local.problem import Problem
from config.local.services import services_up


def data_folder() -> DataFolder:
    return DataFolder(Path(os.environ.get("BEACON_DATA_DIR") or CHECKOUT / ".data").expanduser().resolve())


def with_services(command: list[str]) -> int:
    folder = data_folder()
    try:
        with services_up(folder) as services:
            env = os.environ | services.environment() | {"BEACON_DATA_DIR": str(folder.root)}
            return subprocess.run(command, env=env, check=False).returncode
    except Busy:
        env = os.environ | {"BEACON_DATA_DIR": str(folder.root)}
        return subprocess.run(command, env=env, check=False).returncode


def main() -> int:
    def stop(number: int, frame: FrameType | None) -> None:
        raise SystemExit(128 + number)

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGHUP, stop)
    try:
        return with_services(sys.argv[3:])
    except Problem as problem:
        print(f"beacon: {problem}", file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main())
