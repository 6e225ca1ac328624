"""A backup of the database without what has to be forgotten: a day whose salt is destroyed stays anonymous there too.

Left out are the rows of the daily salts, those of imports that hold salts while they are under way, and the match keys
of conversions, which are promised to be gone within a week. Which these are is seen in the very snapshot that is
dumped. What seals addresses lies in no database.
"""

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from django.db import connection, transaction
from psycopg import sql

from apps.agencies.models import Agency, Salt
from apps.core.errors import Refused
from config.local.binaries import unpack_shared

from .models import ConversionMatch, ImportJob


def backup_to(path: Path) -> int:
    """Write a backup in PostgreSQL's custom format, for the owner's eyes alone; return its bytes.

    Raises Refused where it can't be made; a file that is there stays as it is.
    """
    if path.exists():
        raise Refused(f"{path} is there already.")
    part = path.with_name(f"{path.name}.part")
    try:
        # Before pg_dump writes to it: nobody else may read it, not even for a moment.
        with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
            _dump(file.fileno())
        os.replace(part, path)
    except OSError as error:
        raise Refused(f"{path} can't be written: {error.strerror}.") from error
    finally:
        part.unlink(missing_ok=True)
    return path.stat().st_size


def _dump(file: int) -> None:
    given = connection.settings_dict
    # In the environment and not on the command line, where everybody on the machine could read it.
    env = os.environ | {
        "PGHOST": str(given["HOST"]),
        "PGPORT": str(given["PORT"]),
        "PGUSER": str(given["USER"]),
        "PGPASSWORD": str(given["PASSWORD"]),
        "PGDATABASE": str(given["NAME"]),
    }
    with _snapshot() as name:
        command = [str(unpack_shared() / "bin" / "pg_dump"), "--format=custom", "--no-owner", f"--snapshot={name}"]
        command += [f"--exclude-table-data={table}" for table in _tables_to_forget()]
        done = subprocess.run(command, env=env, stdout=file, stderr=subprocess.PIPE, text=True, check=False)
    if done.returncode:
        raise Refused(f"pg_dump says: {done.stderr.strip()}")


@contextmanager
def _snapshot() -> Iterator[str]:
    """Hold one state of the database, and give its name for others to read the same."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
        cursor.execute("SELECT pg_export_snapshot()")
        yield str(cursor.fetchone()[0])


def _tables_to_forget() -> list[str]:
    jobs = ImportJob._meta.db_table
    tables = [f"public.{Salt._meta.db_table}", f"*.{ConversionMatch._meta.db_table}"]
    # Spare schemas are no agency's yet, and nothing was imported into them.
    for schema in Agency.objects.exclude(schema_name="public").values_list("schema_name", flat=True):
        statement = sql.SQL("SELECT EXISTS (SELECT 1 FROM {}.{} WHERE salts_wrapped IS NOT NULL)")
        with connection.cursor() as cursor:
            cursor.execute(statement.format(sql.Identifier(schema), sql.Identifier(jobs)))
            if cursor.fetchone()[0]:
                tables.append(f"{schema}.{jobs}")
    return tables
