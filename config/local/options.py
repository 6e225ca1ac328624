"""What a person can choose about a run, read from the environment once."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from config.local.folders import CHECKOUT, DataFolder
from config.local.ports import HIGHEST_PORT, port_from
from config.local.problem import Problem

DEFAULT_PORT = "8000"


def data_folder(environment: Mapping[str, str] = os.environ) -> DataFolder:
    """Return the data folder: BEACON_DATA_DIR, by default .data in the checkout."""
    return DataFolder(Path(environment.get("BEACON_DATA_DIR") or CHECKOUT / ".data").expanduser().resolve())


@dataclass(frozen=True)
class Options:
    """One run: where its data lies, where it listens, whether the demo is part of it."""

    folder: DataFolder
    port: int
    track_port: int
    has_demo: bool

    @classmethod
    def read(cls, *, has_demo: bool, environment: Mapping[str, str] = os.environ) -> Options:
        port = port_from("PORT", environment.get("PORT") or DEFAULT_PORT)
        given = environment.get("TRACK_PORT")
        if not given and port == HIGHEST_PORT:
            raise Problem(f"PORT {port} leaves none above it for tracking: set TRACK_PORT as well.")
        track_port = port_from("TRACK_PORT", given) if given else port + 1
        if port == track_port:
            raise Problem(f"PORT and TRACK_PORT are both {port}: choose two different ones.")
        return cls(data_folder(environment), port, track_port, has_demo)

    def environment(self) -> dict[str, str]:
        """Return the environment of every process of the run."""
        own = {
            "BEACON_DATA_DIR": str(self.folder.root),
            "PORT": str(self.port),
            "TRACK_PORT": str(self.track_port),
            "PYTHONUNBUFFERED": "1",
        }
        return {"DJANGO_SETTINGS_MODULE": "config.settings.dev"} | dict(os.environ) | own
