"""Schemas for new agencies: migrated ahead as spares and renamed when needed, because nobody waits for migrations.

A spare is named `spare_<fingerprint>_<random>`: the fingerprint says which migrations it has, so that after an upgrade
no agency gets an outdated one. Where no spare is left, the statements that made the last one are played again.
"""

from datetime import timedelta
from typing import Any

from django.core.cache import cache
from django.db import connection, transaction

from apps.core import clock
from apps.core.ids import public_key
from apps.core.tenancy import in_schema, quoted

from .migrating import fingerprint, schema_migrate
from .models import SpareSchema

SPARES = 3
# A schema in the making is given up after this: its maker has died.
MAKING_MINUTES = 10
RECIPE_SECONDS = 7 * 86_400
# Migrations look around before they write; a recipe holds the writing alone.
READS = ("SELECT", "SHOW", "SET SEARCH_PATH", "SAVEPOINT", "RELEASE", "ROLLBACK")

Statement = tuple[str, Any]


def schema_take(name: str) -> None:
    """Give a new agency its schema, called `name`, in the caller's transaction: a spare's rename, else one made now."""
    spare = _claim()
    if spare is None:
        _make_now(name)
        return
    with connection.cursor() as cursor:
        cursor.execute(f"ALTER SCHEMA {quoted(spare)} RENAME TO {quoted(name)}")


def spares_refill(*, wanted: int = SPARES) -> int:
    """Make spares until `wanted` fit today's migrations, drop unusable ones; return how many were made."""
    _drop_unusable()
    missing = wanted - SpareSchema.objects.filter(name__startswith=_prefix("spare")).count()
    for _ in range(missing):
        spare_make()
    return max(missing, 0)


def spare_make() -> str:
    """Make one spare by migrating it and keep the statements that did it; return its name.

    Not in one transaction, which not every migration can run in. Until it is whole it bears another name.
    """
    random = public_key(length=8)
    making, name = f"{_prefix('making')}{random}", f"{_prefix('spare')}{random}"
    row = SpareSchema.objects.create(name=making)
    _create(making)
    with Recorder() as recorder:
        schema_migrate(making)
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(f"ALTER SCHEMA {quoted(making)} RENAME TO {quoted(name)}")
        row.name = name
        row.save(update_fields=["name"])
    _recipe_keep(recorder.statements, names_schema=making)
    return name


class Recorder:
    """Keeps the writing statements that this connection executes."""

    def __init__(self) -> None:
        self.statements: list[Statement] = []
        self._wrapper = connection.execute_wrapper(self._note)

    def __enter__(self) -> "Recorder":
        self._wrapper.__enter__()
        return self

    def __exit__(self, *error: object) -> None:
        self._wrapper.__exit__(None, None, None)

    def _note(self, execute: Any, sql: Any, parameters: Any, many: bool, context: Any) -> Any:
        if not str(sql).lstrip().upper().startswith(READS):
            self.statements.append((str(sql), parameters))
        return execute(sql, parameters, many, context)


def _make_now(name: str) -> None:
    _create(name)
    recipe = _recipe()
    if recipe is None:
        schema_migrate(name)
        return
    with in_schema(name), connection.cursor() as cursor:
        for sql, parameters in recipe:
            cursor.execute(sql, parameters)


def _claim() -> str | None:
    """Take a spare out of the store; two sign-ups at once get different ones."""
    rows = SpareSchema.objects.select_for_update(skip_locked=True).filter(name__startswith=_prefix("spare"))
    spare = rows.order_by("id").first()
    if spare is None:
        return None
    spare.delete()
    return spare.name


def _drop_unusable() -> None:
    """Drop spares with other migrations than today's and those whose maker has died, but none being taken."""
    given_up = clock.now() - timedelta(minutes=MAKING_MINUTES)
    with transaction.atomic():
        rows = SpareSchema.objects.select_for_update(skip_locked=True).exclude(name__startswith=_prefix("spare"))
        for row in rows:
            if row.name.startswith("making_") and row.created_at > given_up:
                continue
            with connection.cursor() as cursor:
                cursor.execute(f"DROP SCHEMA IF EXISTS {quoted(row.name)} CASCADE")
            row.delete()


def _create(name: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(f"CREATE SCHEMA {quoted(name)}")


def _prefix(state: str) -> str:
    return f"{state}_{fingerprint()}_"


def _recipe_key() -> str:
    return f"schema-recipe:{fingerprint()}"


def _recipe() -> list[Statement] | None:
    with in_schema("public"):
        kept: list[Statement] | None = cache.get(_recipe_key())
    return kept


def _recipe_keep(statements: list[Statement], *, names_schema: str) -> None:
    """Keep the recipe, unless a statement names the schema it was made in: that one can't be played elsewhere."""
    if any(names_schema in sql for sql, _ in statements):
        return
    with in_schema("public"):
        cache.set(_recipe_key(), statements, RECIPE_SECONDS)
