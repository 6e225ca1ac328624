"""The embedded servers: they start, keep what they are given, and leave nothing running."""

from __future__ import annotations

import json
import os
import signal
import stat
import subprocess
import sys
from pathlib import Path

import psutil
import psycopg
import pytest
import redis

from config.local.deadline import wait_until
from config.local.folders import CHECKOUT, DataFolder
from config.local.lock import Busy
from config.local.services import Services, services_up
from config.local.stack import remove
from tests.platform.observing import nothing_is_left, processes_of

pytestmark = pytest.mark.usefixtures("cluster")


def urls(folder: DataFolder) -> dict[str, str]:
    noted: dict[str, str] = json.loads(folder.services.read_text())
    return noted


def kill(services: Services, key: str) -> None:
    services.running[key].process.kill()
    services.running[key].process.wait()


def test_they_serve_and_leave_no_process(folder: DataFolder) -> None:
    with services_up(folder):
        noted = urls(folder)
        with psycopg.connect(noted["database_url"]) as connection:
            version, checksums, encoding = (
                connection.execute(f"SHOW {name}").fetchone()
                for name in ("server_version_num", "data_checksums", "server_encoding")
            )
        assert version is not None and version[0].startswith("18")
        assert (checksums, encoding) == (("on",), ("UTF8",))
        assert redis.Redis.from_url(noted["redis_url"]).config_get("appendfsync") == {"appendfsync": "always"}
        assert redis.Redis.from_url(noted["volatile_url"]).config_get("appendonly") == {"appendonly": "no"}
    assert nothing_is_left(folder)


def test_the_extensions_beacon_may_need_are_there(folder: DataFolder) -> None:
    with services_up(folder), psycopg.connect(urls(folder)["database_url"]) as connection:
        connection.execute("CREATE EXTENSION pg_trgm")
        connection.execute("CREATE EXTENSION unaccent")


def test_only_their_owner_reads_the_passwords(folder: DataFolder) -> None:
    with services_up(folder):
        private = [folder.services, folder.postgres / "password", *folder.valkey.glob("*/valkey.conf")]
        assert [stat.S_IMODE(path.stat().st_mode) for path in private] == [0o600] * 4
        secrets = {url.split("@")[0].rsplit(":", 1)[1] for url in urls(folder).values() if isinstance(url, str)}
        arguments = " ".join(word for process in processes_of(folder) for word in process.cmdline())
        assert len(secrets) == 3
        assert not [secret for secret in secrets if secret in arguments]


def test_a_password_is_asked_for(folder: DataFolder) -> None:
    with services_up(folder) as services:
        without = services.running["database_url"].server.url.split("@")[1]
        with pytest.raises(psycopg.OperationalError, match="password"):
            psycopg.connect(f"postgresql://beacon@{without}", connect_timeout=5)
        address = urls(folder)["redis_url"].split("@")[1]
        with pytest.raises(redis.AuthenticationError):
            redis.Redis.from_url(f"redis://{address}").ping()


def test_the_second_start_keeps_data_and_ports(folder: DataFolder) -> None:
    with services_up(folder):
        first = urls(folder)
        store_something(first)
    with services_up(folder):
        second = urls(folder)
        assert {key: second[key] for key in ("database_url", "redis_url", "volatile_url")} == {
            key: first[key] for key in ("database_url", "redis_url", "volatile_url")
        }
        assert_it_is_there(second)


def test_kill_9_of_every_server_loses_nothing_acknowledged(folder: DataFolder) -> None:
    with services_up(folder) as services:
        store_something(urls(folder))
        for key in ("database_url", "redis_url", "volatile_url"):
            kill(services, key)
    with services_up(folder):
        assert_it_is_there(urls(folder))


def store_something(noted: dict[str, str]) -> None:
    with psycopg.connect(noted["database_url"], autocommit=True) as connection:
        connection.execute("CREATE TABLE kept AS SELECT 42 AS value")
    redis.Redis.from_url(noted["redis_url"]).xadd("kept", {"value": "42"})


def assert_it_is_there(noted: dict[str, str]) -> None:
    with psycopg.connect(noted["database_url"]) as connection:
        assert connection.execute("SELECT value FROM kept").fetchone() == (42,)
    assert redis.Redis.from_url(noted["redis_url"]).xlen("kept") == 1


def test_a_stale_pid_file_with_a_foreign_number_is_no_obstacle(folder: DataFolder) -> None:
    with services_up(folder) as services:
        cluster = Path(psutil.Process(services.running["database_url"].process.pid).cwd())
    (cluster / "postmaster.pid").write_text(f"{os.getpid()}\n{cluster}\n1\n1\n\n127.0.0.1\n")
    with services_up(folder):
        assert urls(folder)["database_url"]


def test_kill_9_of_their_holder_leaves_no_process(folder: DataFolder) -> None:
    env = os.environ | {"BEACON_DATA_DIR": str(folder.root)}
    command = [sys.executable, "-m", "config.local", "services", "--", "sleep", "1000"]
    with subprocess.Popen(command, cwd=CHECKOUT, env=env) as holder:
        assert wait_until(lambda: len(psutil.Process(holder.pid).children()) == 4, seconds=20)
        holder.send_signal(signal.SIGKILL)
        holder.wait()
    assert nothing_is_left(folder)


def test_a_second_holder_is_refused(folder: DataFolder) -> None:
    with services_up(folder, said="me"), pytest.raises(Busy, match="me"), services_up(folder):
        pass


def test_own_servers_are_used_instead(folder: DataFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgresql://somebody@db.example/beacon")
    monkeypatch.setenv("REDIS_URL", "redis://durable.example")
    with services_up(folder) as services:
        assert list(services.running) == ["volatile_url"]
        assert urls(folder)["database_url"] is None
        assert urls(folder)["redis_url"] is None


def test_the_cluster_lies_where_its_user_can_reach_it(tmp_path: Path) -> None:
    """pytest's folder is closed to others: as root the cluster moves, as an ordinary user it stays."""
    folder = DataFolder((tmp_path / "data").resolve())
    is_root = os.geteuid() == 0
    try:
        for _ in range(2):  # the second start finds it again
            with services_up(folder) as services:
                cluster = Path(psutil.Process(services.running["database_url"].process.pid).cwd())
                assert cluster.is_relative_to(folder.root) is not is_root
                with psycopg.connect(urls(folder)["database_url"], autocommit=True) as connection:
                    connection.execute("CREATE TABLE IF NOT EXISTS kept AS SELECT 1")
    finally:
        remove(folder)
