"""The `web` process on the suite's own database, for browsers; it can be killed and started again on its port."""

import os
import socket
import subprocess
import sys
from contextlib import suppress
from urllib.parse import urlsplit, urlunsplit

from django.conf import settings
from django.db import connection

from config.local.deadline import wait_until
from config.local.folders import CHECKOUT
from config.local.ports import LOOPBACK
from tests.ports import free_ports

START_SECONDS = 60.0
# What its connections are called at the database.
APPLICATION = "beacon-tests-web"


class Web:
    def __init__(self) -> None:
        (self.port,) = free_ports(1)
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        command = ("-m", "daphne", "--verbosity", "0", "--bind", LOOPBACK, "--port", str(self.port))
        self._process = subprocess.Popen(
            [sys.executable, *command, "config.asgi:application"], cwd=CHECKOUT, env=os.environ | self._environment()
        )
        assert wait_until(self._answers, seconds=START_SECONDS), "the web process doesn't answer"

    def kill(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    def _environment(self) -> dict[str, str]:
        url = urlsplit(settings.DATABASE_URL)
        return {
            "DJANGO_SETTINGS_MODULE": "config.settings.test",
            "DATABASE_URL": urlunsplit(url._replace(path=f"/{connection.settings_dict['NAME']}")),
            "REDIS_URL": settings.REDIS_URL,
            "REDIS_CACHE_URL": settings.REDIS_CACHE_URL,
            "PORT": str(self.port),
            "PGAPPNAME": APPLICATION,
            # Static files come from their sources' build: nothing is collected here.
            "BEACON_DEBUG": "1",
        }

    def _answers(self) -> bool:
        with suppress(OSError), socket.create_connection((LOOPBACK, self.port), timeout=1):
            return True
        return False
