"""`manage.py destination_stand_in`: have a destination send to a local server in its provider's place, or no longer."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from apps.core.errors import Refused
from apps.destinations.models import Destination
from apps.destinations.services import destination_point
from apps.tracking.management.choosing import add_arguments, chosen_sites


class Command(BaseCommand):
    help = (
        "List destinations and where they send to. With --destination, point one at a stand-in (python -m "
        "apps.demo.<name>_stand_in), or with --real at its provider again; pages say of it which."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        add_arguments(parser)
        parser.add_argument("url", nargs="?", default="", help="the stand-in's address, such as http://127.0.0.1:9104")
        parser.add_argument("--destination", type=int, metavar="ID", help="the destination, by the number in the list")
        parser.add_argument("--real", action="store_true", help="send to the provider again")

    def handle(self, *args: Any, **options: Any) -> None:
        wanted: int | None = options["destination"]
        if wanted is None and (options["url"] or options["real"]):
            raise CommandError("Name the destination: --destination ID. Without anything they are listed.")
        if wanted is not None and bool(options["url"]) == options["real"]:
            raise CommandError("Name the stand-in's address, or write --real.")
        if wanted is not None and not options["agency"]:
            raise CommandError("Name the agency: --agency SLUG. Each numbers its destinations by itself.")
        count = 0
        for agency, site in chosen_sites(options):
            for one in Destination.objects.filter(site_id=site.id, archived_at=None).order_by("id"):
                if wanted is not None and one.id != wanted:
                    continue
                count += 1
                waiting = self._point(one, options["url"]) if wanted is not None else None
                where = one.stand_in_url or "the provider itself"
                self.stdout.write(f"{agency.slug}/{site.slug}  {one.id}  {one.provider}  {one.name}: {where}")
                if waiting:
                    self.stdout.write(f"{waiting} that wait go there next.")
        if not count:
            raise CommandError("There is no such destination." if wanted is not None else "There is no destination.")

    def _point(self, one: Destination, url: str) -> int:
        try:
            return destination_point(destination=one, stand_in_url=url)
        except Refused as refusal:
            raise CommandError(str(refusal)) from None
