"""`manage.py seal_anew`: seals with the present server's key what a former one sealed, so that that one can go."""

from collections import Counter
from collections.abc import Iterable
from importlib import import_module
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from tqdm import tqdm

from apps.agencies.models import Agency
from apps.core import formats
from apps.core.resealing import Found, SealedColumn, column_seal_anew
from apps.core.tenancy import in_schema


class Command(BaseCommand):
    help = (
        "Seal with the present secret key what one of BEACON_SECRET_KEY_FALLBACKS sealed. Nothing has to stand still, "
        "and it may be stopped and run again. Exit status 1 where something couldn't be opened, with where it lies."
    )

    def handle(self, *args: Any, **options: Any) -> None:
        sealed = import_module(settings.BEACON_SEALED)
        with in_schema("public"):
            schemas = list(Agency.objects.order_by("slug").values_list("slug", "schema_name"))
        counts: Counter[Found] = Counter()
        for slug, schema in schemas:
            with in_schema(schema):
                counts += self._seal_anew(slug, sealed.AGENCYS)
        # Last: sites' routes are copied from sites' rows, whenever somebody changes a site.
        with in_schema("public"):
            counts += self._seal_anew("(shared)", sealed.SHARED)
        said = (
            f"{formats.number(counts[Found.ANEW])} sealed anew, {formats.number(counts[Found.PRESENT])} "
            f"were already, {formats.number(counts[Found.BROKEN])} couldn't be opened."
        )
        if counts[Found.BROKEN]:
            raise CommandError(said)
        self.stdout.write(said)

    def _seal_anew(self, whose: str, columns: Iterable[SealedColumn]) -> Counter[Found]:
        """Seal one schema's columns anew, naming what can't be opened, and saying at the end what became of it."""
        counts: Counter[Found] = Counter()
        with tqdm(unit=" rows", desc=whose[-30:], disable=None, leave=False) as bar:
            for column in columns:
                for pk, found in column_seal_anew(column):
                    counts[found] += 1
                    bar.update()
                    if found is Found.BROKEN:
                        self.stderr.write(f"{whose}: {column} of {pk} can't be opened")
        if counts[Found.ANEW]:
            self.stdout.write(f"{whose}: {formats.number(counts[Found.ANEW])} sealed anew")
        return counts
