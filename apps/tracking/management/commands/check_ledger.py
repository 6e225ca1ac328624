"""`manage.py check_ledger`: does the ledger agree with the tables, to the last event? Exits with 1 where it doesn't."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from apps.core import formats
from apps.tracking.ledger_check import site_check

from ..choosing import add_arguments, chosen_sites


class Command(BaseCommand):
    help = "Compare the ledger of each site and day with the events that are stored. Nothing has to stand still for it."

    def add_arguments(self, parser: CommandParser) -> None:
        add_arguments(parser)

    def handle(self, *args: Any, **options: Any) -> None:
        sites = days = received = wrong = 0
        for agency, site in chosen_sites(options):
            found = site_check(site.id)
            sites, days, received = sites + 1, days + found.days, received + found.received
            wrong += len(found.differences)
            for one in found.differences:
                self.stdout.write(
                    f"{agency.slug}/{site.slug}  {one.day}  {one.what}: "
                    f"the ledger says {one.ledger:,}, {one.against} {one.tables:,}"
                )
        seen = f"{_many(sites, 'site')}, {_many(days, 'day')}, {_many(received, 'event')}"
        if wrong:
            raise CommandError(f"The ledger doesn't agree with the tables: {_many(wrong, 'difference')} in {seen}.")
        self.stdout.write(f"The ledger agrees with the tables: {seen}.")


def _many(count: int, what: str) -> str:
    return f"{formats.number(count)} {what}{'' if count == 1 else 's'}"
