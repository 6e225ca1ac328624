"""A schema taken from the spares is the same as a migrated one, whichever way it was made."""

from django.core.cache import cache
from django.db import connection, transaction

from apps.agencies import schemas
from apps.agencies.migrating import schema_migrate, schemas_behind
from apps.agencies.models import SpareSchema
from apps.core.tenancy import in_schema
from tests.cast import Cast

COLUMNS = """
SELECT table_name, column_name, data_type, is_nullable, column_default, character_maximum_length, is_identity
FROM information_schema.columns WHERE table_schema = %s ORDER BY 1, 2
"""
INDEXES = "SELECT tablename, indexname, indexdef FROM pg_indexes WHERE schemaname = %s ORDER BY 1, 2"
CONSTRAINTS = """
SELECT relname, conname, pg_get_constraintdef(pg_constraint.oid)
FROM pg_constraint JOIN pg_class ON pg_class.oid = conrelid
WHERE pg_constraint.connamespace = %s::regnamespace ORDER BY 1, 2
"""


def shape(schema: str) -> list[tuple[object, ...]]:
    """Return all that makes up a schema's tables, without the schema's own name."""
    found: list[tuple[object, ...]] = []
    with connection.cursor() as cursor:
        for query in (COLUMNS, INDEXES, CONSTRAINTS):
            cursor.execute(query, [schema])
            found += [tuple(str(value).replace(schema, "") for value in row) for row in cursor.fetchall()]
    return found


def applied(schema: str) -> list[tuple[str, str]]:
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT app, name FROM {schema}.django_migrations ORDER BY app, name")
        return list(cursor.fetchall())


def migrated(name: str) -> str:
    with connection.cursor() as cursor:
        cursor.execute(f"CREATE SCHEMA {name}")
    schema_migrate(name)
    return name


def test_a_spare_taken_is_as_a_migrated_schema(cast: Cast) -> None:
    reference = migrated("reference")
    schemas.spare_make()
    schemas.schema_take("taken")
    assert len(shape("taken")) > 100
    assert shape("taken") == shape(reference)
    assert applied("taken") == applied(reference)


def test_a_schema_made_without_a_spare_is_as_a_migrated_one(cast: Cast) -> None:
    reference = migrated("reference")
    schemas.spare_make()  # leaves its statements behind
    SpareSchema.objects.all().delete()
    schemas.schema_take("replayed")
    assert shape("replayed") == shape(reference)
    assert applied("replayed") == applied(reference)


def test_without_spare_and_statements_it_is_migrated(cast: Cast) -> None:
    SpareSchema.objects.all().delete()
    with in_schema("public"):
        cache.delete(schemas._recipe_key())
    schemas.schema_take("migrated")
    assert schemas_behind(["migrated"]) == []


def test_a_refused_sign_up_gives_the_spare_back(cast: Cast) -> None:
    name = schemas.spare_make()
    SpareSchema.objects.exclude(name=name).delete()
    with transaction.atomic():
        schemas.schema_take("given_back")
        transaction.set_rollback(True)
    assert SpareSchema.objects.filter(name=name).exists()
    assert schemas_behind([name]) == []


def test_refilling_fills_up_and_then_does_nothing(cast: Cast) -> None:
    SpareSchema.objects.all().delete()
    assert schemas.spares_refill(wanted=2) == 2
    assert schemas.spares_refill(wanted=2) == 0


def test_an_outdated_spare_is_never_given_and_is_dropped(cast: Cast) -> None:
    SpareSchema.objects.all().delete()
    with connection.cursor() as cursor:
        cursor.execute("CREATE SCHEMA spare_00000000_old")
    SpareSchema.objects.create(name="spare_00000000_old")
    assert schemas._claim() is None
    schemas.spares_refill(wanted=0)
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_namespace WHERE nspname = 'spare_00000000_old'")
        assert cursor.fetchone() == (0,)


def test_an_agencys_schema_that_is_behind_is_found(cast: Cast) -> None:
    schema = str(cast.alder.schema_name)
    assert schemas_behind([schema]) == []
    with connection.cursor() as cursor:
        cursor.execute(f"DELETE FROM {schema}.django_migrations WHERE app = 'tracking'")
    assert schemas_behind([schema]) == [schema]
