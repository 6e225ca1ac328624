"""`manage.py parked`: what couldn't be stored; `--resend` tries again, and exits with 1 where one stays."""

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from redis.exceptions import RedisError

from apps.agencies.models import Agency
from apps.sites.models import Site
from apps.tracking.models import ParkedEntry
from apps.tracking.parked import parked_all, parked_resend, unreadable_list

from ..choosing import add_arguments, chosen_sites


class Command(BaseCommand):
    help = "List entries of the event streams that couldn't be stored, and store them after all."

    def add_arguments(self, parser: CommandParser) -> None:
        add_arguments(parser)
        parser.add_argument("--resend", action="store_true", help="store what is listed")
        parser.add_argument("--id", type=int, default=0, help="one entry alone, by its number; needs --agency")

    def handle(self, *args: Any, **options: Any) -> None:
        if options["id"] and not options["agency"]:
            raise CommandError("Numbers count by agency: name it with --agency.")
        listed = failed = 0
        for agency, site in chosen_sites(options):
            entries = parked_all(site_id=site.id).order_by("id")
            for entry in list(entries.filter(id=options["id"]) if options["id"] else entries):
                listed += 1
                said = self._resend(site, entry) if options["resend"] else entry.error
                failed += bool(options["resend"] and said and not said.startswith("stored"))
                self._say(agency, site, entry, said)
        if not options["agency"] and not options["site"]:
            listed += self._list_unreadable()
        if failed:
            raise CommandError(f"{failed:,} stay parked.")
        if not listed:
            self.stdout.write("Nothing is parked.")

    def _resend(self, site: Site, entry: ParkedEntry) -> str:
        outcome = parked_resend(site_id=site.id, parked_id=entry.id)
        if outcome is None:
            return ""
        if outcome.error:
            return outcome.error
        return "stored" if outcome.is_placed else "stored; its address is sealed for good: place and network unknown"

    def _say(self, agency: Agency, site: Site, entry: ParkedEntry, said: str) -> None:
        self.stdout.write(
            f"{agency.slug}/{site.slug}  #{entry.id}  {entry.parked_at:%Y-%m-%d %H:%M:%S}  events {entry.events}, "
            f"tries {entry.tries}  {said or 'gone meanwhile'}"
        )

    def _list_unreadable(self) -> int:
        """Name what belongs to no agency, so that nobody's page shows it."""
        try:
            found = unreadable_list(settings.STREAM_PARTITIONS)
            for one in found:
                self.stdout.write(
                    f"no agency  partition {one.partition}, entry {one.entry}  {one.arrived_at:%Y-%m-%d %H:%M:%S}  "
                    f"{one.size:,} bytes  {one.why}"
                )
        except RedisError as error:
            raise CommandError(f"The event streams can't be reached: {type(error).__name__}.") from error
        return len(found)
