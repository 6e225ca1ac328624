"""A PostgreSQL and two Valkeys of the suite's own, up before Django reads its settings and gone with the last test.

Under xdist each worker has its own three: nothing that one worker's tests publish, flush or lock reaches another's.
"""

from __future__ import annotations

import os
from collections.abc import Generator
from contextlib import ExitStack

import psycopg
import pytest

from config.local.folders import DataFolder
from config.local.services import services_up
from config.local.stack import temporary_root

STACK = pytest.StashKey[ExitStack]()


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_load_initial_conftests(early_config: pytest.Config) -> Generator[None, None, None]:
    """Come before pytest-django, which loads the settings at this moment."""
    if not _is_only_handing_out(early_config):
        early_config.stash[STACK] = _up()
    return (yield)


def pytest_unconfigure(config: pytest.Config) -> None:
    if STACK in config.stash:
        config.stash[STACK].close()


def _is_only_handing_out(config: pytest.Config) -> bool:
    """Say whether this process is xdist's controller, which runs no test itself."""
    is_worker = "PYTEST_XDIST_WORKER" in os.environ
    return bool(getattr(config.known_args_namespace, "numprocesses", None)) and not is_worker


def _up() -> ExitStack:
    with ExitStack() as stack:
        root = stack.enter_context(temporary_root())
        os.environ["BEACON_DATA_DIR"] = str(root)
        (root / "static").mkdir()  # whitenoise warns about a missing one with every request
        services = stack.enter_context(services_up(DataFolder(root)))
        if database := services.running.get("database_url"):
            _let_forget(database.server.url)
        return stack.pop_all()


def _let_forget(url: str) -> None:
    """Have the database not wait for the disk: no test here cuts the power, and every schema is hundreds of files."""
    with psycopg.connect(url, autocommit=True) as connection:
        for name in ("fsync", "synchronous_commit", "full_page_writes"):
            connection.execute(f"ALTER SYSTEM SET {name} = off")
        connection.execute("SELECT pg_reload_conf()")
