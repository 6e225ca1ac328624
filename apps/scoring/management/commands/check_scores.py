"""`manage.py check_scores`: are all scores what events and rules make them? Exits with 1 where one isn't."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from apps.core import formats
from apps.scoring.check import scores_check
from apps.tracking.management.choosing import add_arguments, chosen_sites

# Of a site; the rest is counted.
MOST_NAMED = 50


class Command(BaseCommand):
    help = "Reckon all scores anew from events and name those that differ. Nothing has to stand still for it."

    def add_arguments(self, parser: CommandParser) -> None:
        add_arguments(parser)

    def handle(self, *args: Any, **options: Any) -> None:
        sites = scores = wrong = waiting = 0
        for agency, site in chosen_sites(options):
            sites, named = sites + 1, 0
            for one in scores_check(site_id=site.id):
                scores += 1
                if not one.differing:
                    continue
                if one.is_due:
                    waiting += 1
                    continue
                wrong, named = wrong + 1, named + 1
                if named <= MOST_NAMED:
                    where = f"{agency.slug}/{site.slug}  company {one.company_id}"
                    self.stdout.write(f"{where}  {', '.join(one.differing)}")
            if named > MOST_NAMED:
                self.stdout.write(f"{agency.slug}/{site.slug}  and {formats.number(named - MOST_NAMED)} more")
        seen = f"{formats.number(scores)} scores of {formats.number(sites)} sites"
        due = f" ({formats.number(waiting)} are just being made)" if waiting else ""
        if wrong:
            raise CommandError(f"{formats.number(wrong)} of {seen} aren't what events and rules make them{due}.")
        self.stdout.write(f"All scores follow from events and rules: {seen}{due}.")
