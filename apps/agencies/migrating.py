"""Migrations of agencies' schemas: those behind are found with one query for all, and brought up one by one.

Only the agencies' own apps are migrated there. (django-tenants' command walks through all apps in each schema, which
does the same to the tables and takes several times as long.)
"""

import hashlib
from collections.abc import Iterable, Sequence
from functools import cache
from typing import Any

from django.apps import apps
from django.conf import settings
from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.recorder import MigrationRecorder
from django_tenants.utils import schema_context

from apps.core.tenancy import quoted

from .models import Agency

Key = tuple[str, str]  # app label, migration
# Schemas asked at once.
CHUNK = 100


def tenant_labels() -> frozenset[str]:
    """Return the labels of the apps whose tables lie in agencies' schemas."""
    return frozenset(config.label for config in apps.get_app_configs() if config.name in settings.TENANT_APPS)


@cache
def wanted() -> frozenset[Key]:
    """Return all migrations that an agency's schema must have. Reads the migration files once a process; no queries."""
    return frozenset(key for key in MigrationLoader(None).graph.nodes if key[0] in tenant_labels())


@cache
def fingerprint() -> str:
    """Return eight characters that change with the set of migrations."""
    text = ";".join(sorted(f"{label}.{name}" for label, name in wanted()))
    return hashlib.sha256(text.encode()).hexdigest()[:8]


def agency_schemas() -> list[str]:
    """Return the schemas of all agencies, inactive ones included, oldest first. One query."""
    return list(Agency.objects.order_by("id").values_list("schema_name", flat=True))


def schemas_behind(schemas: Sequence[str]) -> list[str]:
    """Return those of `schemas` that lack a migration. One query for each hundred."""
    needed, applied = wanted(), _applied(schemas)
    return [schema for schema in schemas if needed - applied.get(schema, frozenset())]


def is_public_current() -> bool:
    """Return whether the shared tables have all migrations. Before the first one even their list isn't there."""
    shared = {config.label for config in apps.get_app_configs() if config.name in settings.SHARED_APPS}
    needed = {key for key in MigrationLoader(None).graph.nodes if key[0] in shared}
    return needed <= _applied(["public"]).get("public", frozenset())


def schema_migrate(schema: str) -> None:
    """Bring one schema up to date. May run twice; a migration that fails leaves those before it in place."""
    with schema_context(schema):
        _recorder_alone(schema)
        executor = MigrationExecutor(connection)
        targets = [key for key in executor.loader.graph.leaf_nodes() if key[0] in tenant_labels()]
        executor.migrate(targets)


def _recorder_alone(schema: str) -> None:
    """Make the table of applied migrations in this schema: looked for along the path, the public one would be found."""
    tenants: Any = connection
    tenants.set_schema(schema, include_public=False)
    MigrationRecorder(connection).ensure_schema()
    tenants.set_schema(schema)


def _applied(schemas: Iterable[str]) -> dict[str, frozenset[Key]]:
    found: dict[str, set[Key]] = {}
    names = list(schemas)
    for start in range(0, len(names), CHUNK):
        for schema, label, name in _rows(_with_table(names[start : start + CHUNK])):
            found.setdefault(schema, set()).add((label, name))
    return {schema: frozenset(keys) for schema, keys in found.items()}


def _with_table(schemas: list[str]) -> list[str]:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT schemaname FROM pg_tables WHERE tablename = 'django_migrations' AND schemaname = ANY(%s)", [schemas]
        )
        return [row[0] for row in cursor.fetchall()]


def _rows(schemas: list[str]) -> list[tuple[str, str, str]]:
    if not schemas:
        return []
    parts = " UNION ALL ".join(
        f"SELECT '{schema}', app, name FROM {quoted(schema)}.django_migrations" for schema in schemas
    )
    with connection.cursor() as cursor:
        cursor.execute(parts)
        return list(cursor.fetchall())
