"""`manage.py search_index`: makes anew what finding companies by name rests on, in all agencies."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import transaction

from apps.agencies.migrating import agency_schemas
from apps.companies.search_index import ADVICE, search_index_make
from apps.core.tenancy import in_schema


class Command(BaseCommand):
    help = "Make the index by which companies are found, after the database's extensions have been made or renewed."

    def handle(self, *args: Any, **options: Any) -> None:
        schemas = agency_schemas()
        for schema in schemas:
            with in_schema(schema), transaction.atomic():
                if not search_index_make():
                    raise CommandError(ADVICE)
        self.stdout.write(f"Companies of {len(schemas)} agencies are found without accents and with typos.")
