"""The embedded servers together: started in one go where needed, noted in services.json, stopped in order."""

from __future__ import annotations

import json
import os
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from config.local.deadline import Pause
from config.local.folders import DataFolder, write_private
from config.local.lock import hold
from config.local.postgres import Postgres
from config.local.processes import Register
from config.local.restarts import Restarts
from config.local.server import Server, wait_ready
from config.local.valkey import Valkey

# The variable that names a server of one's own, and the key in services.json for the embedded one.
VARIABLES = {"database_url": "DATABASE_URL", "redis_url": "REDIS_URL", "volatile_url": "REDIS_CACHE_URL"}


@dataclass
class Running:
    """A server and its process of now."""

    server: Server
    process: subprocess.Popen[bytes]
    restarts: Restarts = field(default_factory=Restarts)


@dataclass
class Services:
    """The embedded servers of one data folder. Only the holder of the folder's lock makes one."""

    folder: DataFolder
    register: Register
    running: dict[str, Running] = field(default_factory=dict)  # by key of services.json

    def start(self, *, pause: Pause = time.sleep) -> None:
        """Start what the environment doesn't name, wait until all serve, write services.json."""
        ports = remembered_ports(self.folder)
        for key, server in self._needed(ports):
            self.running[key] = Running(server, self._launch(server))
            self.running[key].restarts.note_start()
        for item in self.running.values():
            wait_ready(item.server, item.process, pause=pause)
        self._note()

    def revive(self, key: str) -> None:
        """Start a server again that has died, on its old port; it isn't waited for."""
        item = self.running[key]
        item.process = self._launch(item.server)
        item.restarts.note_start()
        self._note()

    def stop(self) -> None:
        for item in reversed(self.running.values()):
            if item.process.poll() is None:
                item.server.stop(item.process)
            self.register.remove(item.server.name)
        self._note()

    def environment(self) -> dict[str, str]:
        """Return the variables under which the embedded servers can be reached."""
        return {VARIABLES[key]: item.server.url for key, item in self.running.items()}

    def _needed(self, ports: Mapping[str, int]) -> Iterator[tuple[str, Server]]:
        if not os.environ.get(VARIABLES["redis_url"]):
            yield "redis_url", Valkey(self.folder, kind="durable", port=ports.get("redis_url"))
        if not os.environ.get(VARIABLES["volatile_url"]):
            yield "volatile_url", Valkey(self.folder, kind="volatile", port=ports.get("volatile_url"))
        if not os.environ.get(VARIABLES["database_url"]):
            yield "database_url", Postgres(self.folder, port=ports.get("database_url"))

    def _launch(self, server: Server) -> subprocess.Popen[bytes]:
        process = server.start()
        self.register.add(server.name, process.pid)
        return process

    def _note(self) -> None:
        """Write services.json; it stays after a stop, so that the next run finds its ports and commands their URLs."""
        urls: dict[str, object] = dict.fromkeys(VARIABLES)
        urls |= {key: item.server.url for key, item in self.running.items()}
        pids = {i.server.name: i.process.pid for i in self.running.values() if i.process.poll() is None}
        write_private(self.folder.services, json.dumps(urls | {"pids": pids}, indent=2) + "\n")


def remembered_ports(folder: DataFolder) -> dict[str, int]:
    """Return the ports of the last run; none where the note is missing or spoilt."""
    try:
        noted = json.loads(folder.services.read_text(encoding="utf-8"))
        ports = {key: urlsplit(noted.get(key) or "").port for key in VARIABLES}
    except (OSError, ValueError, AttributeError):
        return {}
    return {key: port for key, port in ports.items() if port}


@contextmanager
def services_up(folder: DataFolder, *, said: str = "The embedded servers run already.") -> Iterator[Services]:
    """Hold the data folder and its servers up while the block runs. Raises Busy where another holds it, and Problem."""
    folder.prepare()
    with hold(folder.lock, said=said):
        register = Register(folder.processes)
        register.end_leftovers()
        services = Services(folder, register)
        try:
            services.start()
            yield services
        finally:
            services.stop()
