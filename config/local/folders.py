"""Where things lie below the data folder, and how the folder is checked before anything starts."""

from __future__ import annotations

import os
import tempfile
from dataclasses import dataclass
from pathlib import Path

from config.local.problem import Problem

CHECKOUT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class DataFolder:
    """The paths below one data folder. Nothing is created until `prepare`."""

    root: Path

    @property
    def run(self) -> Path:
        return self.root / "run"

    @property
    def logs(self) -> Path:
        return self.root / "logs"

    @property
    def postgres(self) -> Path:
        return self.root / "postgres"

    @property
    def valkey(self) -> Path:
        return self.root / "valkey"

    @property
    def lock(self) -> Path:
        return self.run / "runner.lock"

    @property
    def processes(self) -> Path:
        return self.run / "processes.json"

    @property
    def ready(self) -> Path:
        """There while a run is ready, with its process id and ports; after a kill -9 it may be a dead run's."""
        return self.run / "ready.json"

    @property
    def services(self) -> Path:
        return self.root / "services.json"

    def log(self, name: str) -> Path:
        return self.logs / f"{name}.log"

    def prepare(self) -> None:
        """Make the folder and its rooms, or raise a Problem that says why it can't be used."""
        try:
            if not self.root.is_dir():
                self.root.mkdir(parents=True)
                # Others may pass, not look: as root, the cluster belongs to another user. One that was there stays as
                # it is.
                self.root.chmod(0o711)
            for room in (self.run, self.logs, self.postgres, self.valkey, self.root / "outbox"):
                room.mkdir(exist_ok=True, mode=0o700)
            # A full or read-only disk shows itself only in a write.
            with tempfile.TemporaryFile(dir=self.run) as probe:
                probe.write(b"beacon")
        except (FileExistsError, NotADirectoryError) as error:
            raise Problem(
                f"{error.filename or self.root} is a file where Beacon needs a folder: "
                f"move it away or set BEACON_DATA_DIR to another folder."
            ) from error
        except PermissionError as error:
            raise Problem(
                f"{error.filename or self.root} isn't writable for this user: "
                f"change its owner or set BEACON_DATA_DIR to another folder."
            ) from error
        except OSError as error:
            raise Problem(f"The data folder {self.root} can't be used: {error.strerror}.") from error


def write_private(path: Path, text: str) -> None:
    """Write a file of mode 600 in one move: readers see the old content or the new, never half."""
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(text)
        os.replace(name, path)
    except OSError:
        Path(name).unlink(missing_ok=True)
        raise
