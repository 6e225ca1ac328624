"""Bring the local databases (places, networks, organisations, crawlers, address lists) up to date."""

from argparse import ArgumentParser
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from apps.networks import databases
from apps.networks.errors import RefreshError
from apps.networks.refresh import missing, refresh, refresh_from, refresh_lists, roll_back
from apps.networks.sources import OPERATORS, sources


class Command(BaseCommand):
    help = "Fetch the local address databases, check them, and swap them in; the ones before are kept."
    # It runs at every start and touches no table: no reason to wait for the checks of the whole project.
    requires_system_checks = ()

    def add_arguments(self, parser: ArgumentParser) -> None:
        way = parser.add_mutually_exclusive_group()
        way.add_argument(
            "--if-missing", action="store_true", help="fetch only what isn't there yet, in the versions known to work"
        )
        way.add_argument(
            "--from",
            dest="folder",
            type=Path,
            metavar="DIR",
            help="take the files from a folder instead of the registries",
        )
        way.add_argument(
            "--lists", type=Path, metavar="DIR", help="make the VPN, Tor and data-centre lists anew of published files"
        )
        way.add_argument("--roll-back", action="store_true", help="go back to the databases before the last refresh")
        parser.add_argument(
            "--dated", default="", help="with --lists: the day the published files are of (default: today)"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            self._refresh(options)
        except RefreshError as error:
            raise CommandError(
                f"{error} What was in use stays in use; visits are counted with or without it."
            ) from error

    def _refresh(self, options: dict[str, Any]) -> None:
        wanted = sources(settings.BEACON_GEO)
        if options["roll_back"]:
            roll_back(say=self._say)
        elif options["lists"]:
            refresh_lists(options["lists"], dated=options["dated"] or f"{datetime.now(tz=UTC):%d %B %Y}", say=self._say)
        elif options["folder"]:
            refresh_from(options["folder"], (*wanted, OPERATORS), say=self._say)
        elif options["if_missing"]:
            lacking = missing(wanted)
            refresh(lacking, say=self._say, newest=False)
            self._say("The address databases are in place." if lacking else "The address databases are there.")
        else:
            refresh(wanted, say=self._say, newest=True)
            self._say(f"The address databases in {databases.folder()} are up to date.")

    def _say(self, line: str) -> None:
        self.stdout.write(line)
        self.stdout.flush()
