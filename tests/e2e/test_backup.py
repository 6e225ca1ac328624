"""`manage.py backup`: all comes back but the salts, which are in no backup."""

import stat
import subprocess
from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import psycopg
import pytest
from psycopg import sql

from config.local.binaries import unpack_shared

from .conftest import Beacon

RESTORED = "beacon_restored"
IMPORT_SALTS = b"wrapped-salts-of-an-import"
SALTED = {"public.agencies_salt"}
# Work that waits and work under way: it comes and goes from one look to the next.
COMING_AND_GOING = (
    "django_session", "goal_run", "host_lookup", "links_run", "network_lookup", "pending_engagement", "profile_lookup",
    "rollup_mark", "score_due", "score_run", "visit_to_judge",
)  # fmt: skip


@pytest.fixture
def demo_schema(beacon: Beacon) -> str:
    return str(beacon.rows("SELECT schema_name FROM public.agencies_agency WHERE slug = 'demo'")[0][0])


@pytest.fixture
def running_import(beacon: Beacon, demo_schema: str) -> Iterator[None]:
    """An import under way, whose salts lie in its row; and a conversion with its match keys."""
    match = sql.SQL("{}.conversion_match").format(sql.Identifier(demo_schema))
    table = sql.SQL("{}.import_job").format(sql.Identifier(demo_schema))
    columns = "(site_id, file_name, digest, lines_read, counts, unparsed, salts_wrapped, started_at)"
    with psycopg.connect(beacon.stack.url("database_url"), autocommit=True) as connection:
        connection.execute(
            sql.SQL("INSERT INTO {} {} VALUES (1, 'a.log', '', 0, '{{}}', '[]', %s, %s)").format(
                table, sql.SQL(columns)
            ),
            (IMPORT_SALTS, datetime.now(UTC)),
        )
        connection.execute(
            sql.SQL("INSERT INTO {} VALUES (gen_random_uuid(), 0, gen_random_uuid(), 'sealed', now())").format(match)
        )
        yield
        connection.execute(sql.SQL("DELETE FROM {} WHERE site_id = 0").format(match))
        connection.execute(sql.SQL("DELETE FROM {} WHERE salts_wrapped = %s").format(table), (IMPORT_SALTS,))


def counts(url: str) -> dict[str, int]:
    """Return the rows of every table that isn't PostgreSQL's own."""
    with psycopg.connect(url) as connection:
        tables = connection.execute(
            "SELECT schemaname, tablename FROM pg_tables WHERE schemaname NOT IN ('pg_catalog', 'information_schema')"
        ).fetchall()
        found = {}
        for schema, table in tables:
            statement = sql.SQL("SELECT count(*) FROM {}.{}").format(sql.Identifier(schema), sql.Identifier(table))
            row = connection.execute(statement).fetchone()
            assert row is not None
            found[f"{schema}.{table}"] = int(row[0])
        return found


def restore(beacon: Beacon, file: Path) -> str:
    """Bring a backup back into a database of its own, as the documents say; return its URL."""
    url = beacon.stack.url("database_url")
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(f"DROP DATABASE IF EXISTS {RESTORED}")
        connection.execute(f"CREATE DATABASE {RESTORED}")
    restored = urlunsplit(urlsplit(url)._replace(path=f"/{RESTORED}"))
    program = unpack_shared() / "bin" / "pg_restore"
    subprocess.run([program, "--no-owner", "--exit-on-error", "--dbname", restored, file], check=True)
    return restored


@pytest.mark.usefixtures("running_import")
def test_all_comes_back_but_the_salts(beacon: Beacon, demo_schema: str, tmp_path: Path) -> None:
    file = tmp_path / "beacon.dump"
    url = beacon.stack.url("database_url")
    with psycopg.connect(url) as connection:
        salts = [bytes(row[0]) for row in connection.execute("SELECT wrapped FROM agencies_salt").fetchall()]
    assert salts
    before = counts(url)
    assert "bytes" in beacon.manage("backup", str(file)).stdout
    after = counts(url)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600

    left_out = (
        SALTED | {f"{demo_schema}.import_job"} | {table for table in before if table.endswith("conversion_match")}
    )
    restored = counts(restore(beacon, file))
    assert {table for table in left_out if restored[table]} == set()
    # Other tables grow while it is taken: the demo's visitors don't wait.
    wrong = {
        table: (before[table], count, after[table])
        for table, count in restored.items()
        if table not in left_out
        and not table.endswith(COMING_AND_GOING)
        and not min(before[table], after[table]) <= count <= max(before[table], after[table])
    }
    assert not wrong
    assert set(restored) == set(before)
    assert restored[f"{demo_schema}.session"] > 0

    text = subprocess.run(
        [unpack_shared() / "bin" / "pg_restore", "--file=-", file], capture_output=True, check=True
    ).stdout
    assert not [salt for salt in (*salts, IMPORT_SALTS) if salt.hex().encode() in text or salt in file.read_bytes()]


def test_a_finished_import_comes_along(beacon: Beacon, demo_schema: str, tmp_path: Path) -> None:
    file = tmp_path / "beacon.dump"
    beacon.manage("backup", str(file))
    listed = subprocess.run(
        [unpack_shared() / "bin" / "pg_restore", "--list", file], capture_output=True, text=True, check=True
    ).stdout
    assert f"TABLE DATA {demo_schema} import_job" in listed
    assert "TABLE DATA public agencies_salt" not in listed


def test_it_overwrites_nothing_and_leaves_nothing_half(beacon: Beacon, tmp_path: Path) -> None:
    file = tmp_path / "beacon.dump"
    file.write_bytes(b"mine")
    failed = beacon.manage("backup", str(file), check=False)
    assert (failed.returncode, "is there already" in failed.stderr) == (1, True)
    assert file.read_bytes() == b"mine"
    failed = beacon.manage("backup", str(tmp_path / "nowhere" / "x"), check=False)
    assert (failed.returncode, "can't be written" in failed.stderr) == (1, True)
    assert [path.name for path in tmp_path.iterdir()] == ["beacon.dump"]


def test_salts_are_of_three_days_and_the_next(beacon: Beacon) -> None:
    with psycopg.connect(beacon.stack.url("database_url")) as connection:
        days = {row[0] for row in connection.execute("SELECT day FROM agencies_salt").fetchall()}
    today = datetime.now(UTC).date()
    assert {(day - today).days for day in days if isinstance(day, date)} <= {-2, -1, 0, 1}
