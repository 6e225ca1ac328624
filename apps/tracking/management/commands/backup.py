"""`manage.py backup FILE`: the database in PostgreSQL's custom format, without salts (docs/deploying.md)."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from apps.core.errors import Refused
from apps.tracking.backup import backup_to


class Command(BaseCommand):
    help = "Write a backup of the database that holds no salts."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", type=Path)

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            size = backup_to(options["file"])
        except Refused as refusal:
            raise CommandError(str(refusal)) from refusal
        self.stdout.write(f"{options['file']}: {size:,} bytes")
