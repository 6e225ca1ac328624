"""The embedded Valkeys: one that keeps what it is given, one that may forget."""

from __future__ import annotations

import secrets
import signal
import subprocess
from contextlib import suppress
from pathlib import Path

import redis

from config.local import binaries
from config.local.folders import DataFolder, write_private
from config.local.ports import LOOPBACK, remembered_or_free
from config.local.processes import spawn
from config.local.server import turn_over

STOP_SECONDS = 20.0

COMMON = {
    "bind": LOOPBACK,
    "protected-mode": "yes",
    "daemonize": "no",
    "loglevel": "warning",
    "tcp-backlog": "128",
    "save": '""',
    "enable-debug-command": "no",
}
# Event streams alone: 202 survives a power cut. The door bounds the streams at 60% of maxmemory, because at the limit
# even the writer's own bookkeeping would be refused.
DURABLE = COMMON | {
    "appendonly": "yes",
    "appendfsync": "always",
    "maxmemory": "512mb",
    "maxmemory-policy": "noeviction",
    "auto-aof-rewrite-percentage": "100",
    "auto-aof-rewrite-min-size": "64mb",
}
# Cache, limits, presence, sealing keys, broker, channel layer. Never on disk: sealing keys may not lie beside what they
# seal.
VOLATILE = COMMON | {
    "appendonly": "no",
    "maxmemory": "256mb",
    "maxmemory-policy": "volatile-lru",
}
SETTINGS = {"durable": DURABLE, "volatile": VOLATILE}


class Valkey:
    """See Server. `kind` is a key of SETTINGS."""

    def __init__(self, folder: DataFolder, *, kind: str, port: int | None) -> None:
        self.name = f"valkey-{kind}"
        self.title = f"Valkey ({kind})"
        self.log = folder.log(self.name)
        self._settings = SETTINGS[kind]
        self._home = folder.valkey / kind
        self._home.mkdir(exist_ok=True, mode=0o700)
        self.port = remembered_or_free(port)
        self._password = self._prepare_password()
        self.url = f"redis://:{self._password}@{LOOPBACK}:{self.port}/0"

    def start(self) -> subprocess.Popen[bytes]:
        turn_over(self.log)
        configuration = self._home / "valkey.conf"
        # In a file, since arguments can be read by every user of the machine.
        own = {"dir": f'"{self._home}"', "port": str(self.port), "requirepass": self._password}
        write_private(configuration, "".join(f"{name} {value}\n" for name, value in (self._settings | own).items()))
        with self.log.open("ab") as log:
            return spawn(
                [binaries.valkey_server(), configuration],
                env={},
                cwd=self._home,
                output=log,
                death_signal=signal.SIGTERM,
            )

    def is_ready(self) -> bool:
        client = redis.Redis.from_url(self.url, socket_connect_timeout=2, socket_timeout=2)
        try:
            return bool(client.ping())
        except (redis.ConnectionError, redis.TimeoutError, redis.BusyLoadingError):
            return False
        finally:
            client.close()

    def stop(self, process: subprocess.Popen[bytes]) -> None:
        for number in (signal.SIGTERM, signal.SIGKILL):
            process.send_signal(number)
            with suppress(subprocess.TimeoutExpired):
                process.wait(STOP_SECONDS)
                return

    def _prepare_password(self) -> str:
        path: Path = self._home / "password"
        if not path.exists():
            write_private(path, secrets.token_urlsafe(24))
        return path.read_text(encoding="ascii").strip()
