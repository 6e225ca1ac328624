"""`manage.py check_rollups`: do the sums that reports are read from agree with the raw rows?"""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from apps.agencies.models import Agency
from apps.core.tenancy import in_schema
from apps.sites.models import Site
from apps.tracking.rollups_check import rollups_check

# Past so many lines it is clear that something is wrong.
MOST_LINES = 100


class Command(BaseCommand):
    help = (
        "Compare rollups and columns with the raw rows, day by day. Exit status 1 where they differ, with what differs."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--agency", default="", help="the slug of one agency (default: all)")
        parser.add_argument("--site", default="", help="the slug of one site (default: all)")

    def handle(self, *args: Any, **options: Any) -> None:
        agencies = Agency.objects.exclude(schema_name="public").order_by("slug")
        if options["agency"]:
            agencies = agencies.filter(slug=options["agency"])
            if not agencies:
                raise CommandError(f"There is no agency {options['agency']}.")
        sites = differences = 0
        for agency in agencies:
            with in_schema(str(agency.schema_name)):
                found = Site.objects.order_by("slug")
                for site in found.filter(slug=options["site"]) if options["site"] else found:
                    sites += 1
                    differences += self._check(agency, site)
        if options["site"] and not sites:
            raise CommandError(f"There is no site {options['site']}.")
        if differences:
            raise CommandError(f"{differences} sums differ from the raw rows.", returncode=1)
        self.stdout.write(f"{sites} sites: rollups agree with the raw rows.")

    def _check(self, agency: Agency, site: Site) -> int:
        differences = 0
        for difference in rollups_check(site=site):
            differences += 1
            if differences <= MOST_LINES:
                self.stderr.write(f"{agency.slug} {difference}")
        return differences
