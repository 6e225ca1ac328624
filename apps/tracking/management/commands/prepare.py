"""What every start begins with: tables up to date everywhere, spare schemas, today's salt, the next event leaves."""

from typing import Any

from django.core.management import call_command
from django.core.management.base import BaseCommand
from django.db import connection

from apps.agencies.migrating import agency_schemas, is_public_current, schema_migrate, schemas_behind
from apps.agencies.schemas import spares_refill
from apps.core.tenancy import in_schema
from apps.tracking import partitions
from apps.tracking.salts import salts_ensure


class Command(BaseCommand):
    help = (
        "Brings the database up to date: migrations of all agencies, spare schemas, salts, partitions. May run twice."
    )

    def handle(self, *args: Any, **options: Any) -> None:
        self._migrate_public()
        self._migrate_agencies()
        made = spares_refill()
        if made:
            self.stdout.write(f"{made} spare schemas made")
        for schema in agency_schemas():
            with in_schema(schema):
                partitions.make_ahead()
        salts_ensure()
        self.stdout.write("prepared")

    def _migrate_public(self) -> None:
        if is_public_current():
            return
        self.stdout.write("migrating the shared tables")
        call_command("migrate_schemas", shared=True, interactive=False, verbosity=0)
        # The command closes its connection and leaves it at a schema of its own choice.
        tenants: Any = connection
        tenants.set_schema_to_public()

    def _migrate_agencies(self) -> None:
        behind = schemas_behind(agency_schemas())
        for number, schema in enumerate(behind, start=1):
            schema_migrate(schema)
            self.stdout.write(f"migrated {schema} ({number} of {len(behind)})")
