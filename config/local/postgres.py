"""The embedded PostgreSQL: one cluster of the data folder, on 127.0.0.1, with a password made at the first start."""

from __future__ import annotations

import json
import os
import pwd
import secrets
import shutil
import signal
import subprocess
import tempfile
from contextlib import suppress
from pathlib import Path
from urllib.parse import quote

import psutil
import psycopg
from psycopg import sql

from config.local import binaries
from config.local.folders import DataFolder, write_private
from config.local.ports import LOOPBACK, remembered_or_free
from config.local.problem import Problem
from config.local.processes import Identity, spawn
from config.local.server import turn_over

MAJOR = "18"
USER = DATABASE = "beacon"
FAST_STOP_SECONDS = 20.0
# Where a cluster goes whose user can't reach the data folder: kept over restarts, root's alone.
ELSEWHERE = (Path("/var/lib"), Path("/var/tmp"))
ELSEWHERE_NOTE = "elsewhere.json"

SETTINGS = {
    "listen_addresses": LOOPBACK,
    "unix_socket_directories": "",
    "max_connections": "200",
    "max_locks_per_transaction": "512",  # a schema with some 200 relations is touched in one transaction
    "jit": "off",
    "shared_buffers": "256MB",
    # A report groups up to some hundred thousand rows by hashing: with 4 MB it sorted them on the disk instead.
    "work_mem": "24MB",
    # What is asked for often lies in the machine's memory, and its disk doesn't turn.
    "effective_cache_size": "1GB",
    "random_page_cost": "1.1",
    # Workers for a report's long scan pay early: without this the planner kept to one process below a million rows.
    "parallel_setup_cost": "200",
    "parallel_tuple_cost": "0.01",
    "log_checkpoints": "off",
    "log_timezone": "UTC",
    "timezone": "UTC",
    # Failing statements carry visitors' values in their text and detail: the log gets the message alone.
    "log_min_error_statement": "panic",
    "log_error_verbosity": "terse",
}


class Postgres:
    """See Server. Making the object prepares the cluster; nothing runs until `start`."""

    name = "postgres"
    title = "PostgreSQL"

    def __init__(self, folder: DataFolder, *, port: int | None) -> None:
        self._folder = folder
        self._identity = unprivileged() if os.geteuid() == 0 else None
        self.home = home_of(folder, self._identity)
        self._tree = binaries.postgres_tree(identity=self._identity, private=self.home)
        self._cluster = self.home / "cluster"
        self.log = folder.log(self.name)
        self._password = self._prepare_cluster()
        self._end_leftover()
        self.port = remembered_or_free(port)
        self.url = self._url(DATABASE)

    @property
    def is_elsewhere(self) -> bool:
        """Whether the cluster lies outside the data folder (see `home_of`)."""
        return self.home != self._folder.postgres

    def start(self) -> subprocess.Popen[bytes]:
        self._end_leftover()
        turn_over(self.log)
        options = [part for name, value in SETTINGS.items() for part in ("-c", f"{name}={value}")]
        with self.log.open("ab") as log:
            return spawn(
                [self._tree / "bin" / "postgres", "-D", self._cluster, "-p", str(self.port), *options],
                env=self._environment(),
                cwd=self.home,
                output=log,
                death_signal=signal.SIGINT,  # its "fast" stop: sessions are ended, the cluster closed properly
                identity=self._identity,
            )

    def is_ready(self) -> bool:
        try:
            with psycopg.connect(self._url("postgres"), connect_timeout=2, autocommit=True) as connection:
                found = connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [DATABASE]).fetchone()
                if found is None:
                    connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(DATABASE)))
        except psycopg.OperationalError as error:
            # At a connection attempt there is no code to go by, only libpq's text (English: LC_ALL is C).
            if "password authentication failed" in str(error):
                raise Problem(
                    f"PostgreSQL refuses the password in {self._password_file}: put the one back that belongs to "
                    f"{self._cluster}."
                ) from error
            return False
        return True

    def stop(self, process: subprocess.Popen[bytes]) -> None:
        for number in (signal.SIGINT, signal.SIGQUIT, signal.SIGKILL):
            process.send_signal(number)
            with suppress(subprocess.TimeoutExpired):
                process.wait(FAST_STOP_SECONDS)
                return

    def _url(self, database: str) -> str:
        return f"postgresql://{USER}:{quote(self._password, safe='')}@{LOOPBACK}:{self.port}/{database}"

    @property
    def _password_file(self) -> Path:
        return self._folder.postgres / "password"

    def _environment(self) -> dict[str, str]:
        return {"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C", "TZ": "UTC"}

    def _prepare_cluster(self) -> str:
        """Return the password of a cluster that is there and of our version, after making it when it isn't."""
        if not self._cluster.exists():
            return self._make_cluster()
        try:
            version = (self._cluster / "PG_VERSION").read_text(encoding="ascii").strip()
        except (OSError, UnicodeDecodeError) as error:
            raise Problem(
                f"{self._cluster} isn't a PostgreSQL database any more (its PG_VERSION can't be read): put a backup in "
                f"its place, or move {self._folder.root} away to start afresh."
            ) from error
        if version != MAJOR:
            raise Problem(
                f"The database in {self._cluster} was made by PostgreSQL {version}, and this Beacon runs {MAJOR}: "
                f"carry it over with pg_dump, or set BEACON_DATA_DIR to a new folder."
            )
        try:
            return self._password_file.read_text(encoding="ascii").strip()
        except FileNotFoundError as error:
            raise Problem(
                f"{self._password_file} is missing, and with it the key to {self._cluster}: put it back, or move "
                f"{self._folder.root} away to start afresh."
            ) from error

    def _make_cluster(self) -> str:
        """Run initdb beside the final place and rename: an interrupted one leaves nothing that looks finished."""
        password = secrets.token_urlsafe(24)
        for leftover in self.home.glob("making-*"):
            shutil.rmtree(leftover)
        scratch = Path(tempfile.mkdtemp(dir=self.home, prefix="making-"))
        password_file = scratch / "password"
        write_private(password_file, password)
        if self._identity:
            for path in (scratch, password_file):
                os.chown(path, self._identity.uid, self._identity.gid)
        with self.log.open("ab") as log:
            made = spawn(
                [
                    self._tree / "bin" / "initdb",
                    f"--pgdata={scratch / 'cluster'}",
                    f"--username={USER}",
                    f"--pwfile={password_file}",
                    *("-E", "UTF8", "--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--locale=C"),
                    *("--data-checksums", "-A", "scram-sha-256", "--no-instructions"),
                ],
                env=self._environment(),
                cwd=self.home,
                output=log,
                identity=self._identity,
            ).wait()
        if made != 0:
            raise Problem(f"The database couldn't be made in {self.home} (is the disk full?): see {self.log}.")
        write_private(self._password_file, password)
        (scratch / "cluster").rename(self._cluster)
        shutil.rmtree(scratch)
        return password

    def _end_leftover(self) -> None:
        """Make way after a kill -9: end a server of this cluster that still runs, drop the pid file of a dead one.

        Only the holder of the folder's lock gets here, so a server that still runs is an orphan. The number in the
        file may by now be anybody's; PostgreSQL itself would then refuse to start.
        """
        pid_file = self._cluster / "postmaster.pid"
        try:
            pid = int(pid_file.read_text(encoding="ascii").split("\n", 1)[0])
            process = psutil.Process(pid)
            is_ours = Path(process.cwd()) == self._cluster.resolve()
        except FileNotFoundError:
            return
        except (ValueError, psutil.Error):
            is_ours = False
        if is_ours:
            process.send_signal(signal.SIGINT)
            _, alive = psutil.wait_procs([process], timeout=FAST_STOP_SECONDS)
            for stubborn in alive:
                stubborn.kill()
            psutil.wait_procs(alive, timeout=FAST_STOP_SECONDS)
        pid_file.unlink(missing_ok=True)


def unprivileged() -> Identity:
    """Return the user a root-started PostgreSQL runs as; it refuses to run as root."""
    try:
        entry = pwd.getpwnam("nobody")
    except KeyError as error:
        raise Problem(
            "PostgreSQL doesn't run as root, and this machine has no user `nobody` to run it as: "
            "start Beacon as an ordinary user."
        ) from error
    return Identity(name=entry.pw_name, uid=entry.pw_uid, gid=entry.pw_gid)


def home_of(folder: DataFolder, identity: Identity | None) -> Path:
    """Return the folder the cluster lives in.

    That is the data folder's own, unless the unprivileged user can't reach it (a checkout below root's home, mode
    0700). Then it is one elsewhere, noted in the data folder, where it says whose it is.
    """
    note = folder.postgres / ELSEWHERE_NOTE
    if identity is None:
        if note.exists():
            raise Problem(f"The data in {folder.root} was made by root: start Beacon as root, or set BEACON_DATA_DIR.")
        if (folder.postgres / "cluster").exists() and not os.access(folder.postgres / "cluster", os.R_OK | os.X_OK):
            raise Problem(f"The database in {folder.root} belongs to another user: start Beacon as that one.")
        return folder.postgres
    if note.exists():
        return _noted_home(note, folder)
    if binaries.may_enter(identity, folder.root):
        _let_in(folder.postgres, identity)
        return folder.postgres
    home = _home_elsewhere(identity)
    write_private(home / "belongs-to", str(folder.root))
    write_private(note, json.dumps({"home": str(home)}))
    return home


def _home_elsewhere(identity: Identity) -> Path:
    for parent in ELSEWHERE:
        if os.access(parent, os.W_OK) and binaries.may_enter(identity, parent):
            home = Path(tempfile.mkdtemp(dir=parent, prefix="beacon-"))
            _let_in(home, identity)
            return home
    raise Problem(
        f"PostgreSQL runs as `{identity.name}`, who can't reach the data folder: "
        f"set BEACON_DATA_DIR to a folder outside root's home, e.g. /srv/beacon."
    )


def _let_in(home: Path, identity: Identity) -> None:
    os.chown(home, identity.uid, identity.gid)
    home.chmod(0o700)


def _noted_home(note: Path, folder: DataFolder) -> Path:
    home = Path(json.loads(note.read_text(encoding="utf-8"))["home"])
    try:
        owner = Path((home / "belongs-to").read_text(encoding="utf-8"))
    except OSError as error:
        raise Problem(
            f"The database of {folder.root} lay in {home} and is gone: put it back, or remove {note} to start afresh."
        ) from error
    if owner != folder.root:
        if (owner / "postgres" / note.name).exists():
            raise Problem(
                f"{folder.root} is a copy of {owner} without its database, which lies in {home}: "
                f"set BEACON_DATA_DIR to a new folder."
            )
        write_private(home / "belongs-to", str(folder.root))  # the data folder was moved
    return home
