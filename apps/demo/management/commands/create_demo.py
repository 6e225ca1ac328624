"""`manage.py create_demo`: the demo agency with its people, sites, past visits and an imported log. May run twice."""

import secrets
import tempfile
from argparse import ArgumentParser
from datetime import timedelta
from io import StringIO
from pathlib import Path
from typing import Any

from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError

from apps.agencies.models import Agency
from apps.core import clock
from apps.core.tenancy import in_schema
from apps.demo import agency as demo
from apps.demo.forwarding import AFTER, destinations_ensure, past_send, urls_by_hand
from apps.demo.history import DAYS, Gap, fill
from apps.demo.knowledge import knowledge_ensure
from apps.demo.logs import log_lines
from apps.demo.stories import stories
from apps.demo.wanted import profiles_ensure
from apps.demo.world import BRINDLEWICK, KESTREL, SALTGROVE
from apps.sites.models import Site
from apps.tracking.models import Session

LOG_DAYS = 12
# So long ago that the usual periods are empty: the dashboard then offers to go to where the data is.
LOG_ENDED_DAYS_AGO = 45


class Command(BaseCommand):
    help = "Makes the demo agency, its sites and thirty days of simulated visits, and writes demo.json. May run twice."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--days", type=int, default=DAYS, help=f"days of past visits (default {DAYS}; 0: none)")
        parser.add_argument("--no-log", action="store_true", help="without the imported access log")

    def handle(self, *args: Any, **options: Any) -> None:
        facts = demo.facts_read()
        password = facts.get("password") or secrets.token_urlsafe(9)
        agency, ingest_key = demo.agency_ensure(password=password, ingest_key=facts.get("ingest_key") or "")
        with in_schema(str(agency.schema_name)):
            sites = demo.sites_ensure()
            # Written before the past is filled: what breaks off half-way can be logged into and is gone on with.
            demo.facts_write(agency=agency, sites=sites, password=password, ingest_key=ingest_key)
            try:
                self._fill_past(sites, options["days"])
                knowledge_ensure(agency, sites[KESTREL.host])
                profiles_ensure(stories(KESTREL), by="Mei Okafor")
                destinations_ensure(sites, urls_by_hand())
                past_send(sites, after=AFTER)
                if not options["no_log"] and options["days"]:
                    self._import_log(agency, sites[SALTGROVE.host])
            except LookupError as problem:
                raise CommandError(f"The demo stays without visits. {problem}") from problem

    def _fill_past(self, sites: dict[str, Site], days: int) -> None:
        for world in (KESTREL, BRINDLEWICK):
            site = sites[world.host]
            if not days or Session.objects.filter(site_id=site.id).exists():
                continue
            self.stdout.write(f"{world.name}: {days} days of visits …")
            self.stdout.flush()
            count = fill(site, world, Gap(clock.now() - timedelta(days=days), clock.now()))
            self.stdout.write(f"{world.name}: {count} visits in {days} days")

    def _import_log(self, agency: Agency, site: Site) -> None:
        """Import a log as anybody would, by the command."""
        if Session.objects.filter(site_id=site.id).exists():
            return
        self.stdout.write(f"{site.name}: importing an access log …")
        self.stdout.flush()
        first = clock.today() - timedelta(days=LOG_ENDED_DAYS_AGO + LOG_DAYS)
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "access.log"
            path.write_text("\n".join(log_lines(SALTGROVE, first, LOG_DAYS)) + "\n")
            arguments = ("--agency", agency.slug, "--site", site.slug, "--yes", str(path))
            call_command("import_access_log", *arguments, stdout=StringIO())
        count = Session.objects.filter(site_id=site.id).count()
        self.stdout.write(f"{site.name}: {count} visits in {LOG_DAYS} days of log")
