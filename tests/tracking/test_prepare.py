"""`manage.py prepare`: what is behind comes up to date, and the second time there is nothing to do."""

from datetime import timedelta
from io import StringIO

from django.apps import apps
from django.core.management import call_command
from django.db import connection

from apps.agencies.migrating import schemas_behind
from apps.agencies.models import Salt, SpareSchema
from apps.core import clock
from apps.core.tenancy import in_schema
from apps.tracking.partitions import leaf_list, month_leaf
from tests.cast import Cast


def prepare() -> str:
    said = StringIO()
    call_command("prepare", stdout=said)
    return said.getvalue()


def test_it_makes_spares_salts_and_leaves(cast: Cast) -> None:
    SpareSchema.objects.all().delete()
    Salt.objects.all().delete()
    prepare()
    today = clock.today()
    assert SpareSchema.objects.count() == 3
    assert set(Salt.objects.values_list("day", flat=True)) >= {today, today + timedelta(days=1)}
    with in_schema(str(cast.alder.schema_name)):
        assert month_leaf(today.year, today.month) in leaf_list()


def test_an_agency_that_is_behind_is_migrated(cast: Cast) -> None:
    schema = str(cast.alder.schema_name)
    with connection.cursor() as cursor:
        # As if all of tracking had come with an upgrade.
        for model in apps.get_app_config("tracking").get_models():
            cursor.execute(f"DROP TABLE {schema}.{model._meta.db_table} CASCADE")
        cursor.execute(f"DELETE FROM {schema}.django_migrations WHERE app = 'tracking'")
    assert schemas_behind([schema]) == [schema]
    assert f"migrated {schema} (1 of 1)" in prepare()
    assert schemas_behind([schema]) == []


def test_the_second_time_there_is_nothing_to_do(cast: Cast) -> None:
    prepare()
    assert prepare() == "prepared\n"
