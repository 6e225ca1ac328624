"""`manage.py check_sessions`: are all visits what their events make them? Exits with 1 where one isn't; can mend."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from apps.core import formats
from apps.tracking.session_check import sessions_count, sessions_differing, sessions_mend

from ..choosing import add_arguments, chosen_sites

# Of a site; the rest is counted.
MOST_NAMED = 50


class Command(BaseCommand):
    help = "Compute all visits anew from their events and name those that differ. Nothing has to stand still for it."

    def add_arguments(self, parser: CommandParser) -> None:
        add_arguments(parser)
        parser.add_argument("--mend", action="store_true", help="write differing totals anew; the site's writers wait")

    def handle(self, *args: Any, **options: Any) -> None:
        sites = visits = wrong = 0
        for agency, site in chosen_sites(options):
            if options["mend"] and (mended := sessions_mend(site)):
                self.stdout.write(f"{agency.slug}/{site.slug}  {formats.number(len(mended))} visits mended")
            found = sessions_differing(site)
            sites, visits, wrong = sites + 1, visits + sessions_count(site.id), wrong + len(found)
            for one in found[:MOST_NAMED]:
                self.stdout.write(f"{agency.slug}/{site.slug}  {one.session_id}  {', '.join(one.fields)}")
            if len(found) > MOST_NAMED:
                self.stdout.write(f"{agency.slug}/{site.slug}  and {formats.number(len(found) - MOST_NAMED)} more")
        seen = f"{formats.number(visits)} visits of {formats.number(sites)} sites"
        if wrong:
            raise CommandError(f"{formats.number(wrong)} of {seen} aren't what their events make them.")
        self.stdout.write(f"All visits follow from their events: {seen}.")
