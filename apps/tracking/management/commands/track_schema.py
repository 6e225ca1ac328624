"""`manage.py track_schema > apps/tracking/data/track.schema.json`: the wire contract as a JSON Schema."""

from typing import Any

from django.core.management.base import BaseCommand

from apps.tracking.schema import text


class Command(BaseCommand):
    help = "Print the JSON Schema of what the ingest door takes."

    def handle(self, *args: Any, **options: Any) -> None:
        self.stdout.write(text(), ending="")
