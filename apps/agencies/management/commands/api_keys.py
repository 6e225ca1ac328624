"""`manage.py api_keys --agency SLUG`: an agency's keys for servers, or with --add and --revoke a change."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from apps.agencies.api_keys import INGEST, SCOPES
from apps.agencies.models import Agency, ApiKey
from apps.agencies.services.api_keys import api_key_create, api_key_revoke


class Command(BaseCommand):
    help = "List an agency's API keys, make one (shown this once), or revoke one."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--agency", required=True, metavar="SLUG")
        way = parser.add_mutually_exclusive_group()
        way.add_argument("--add", metavar="NAME", help="make a key, and print it")
        parser.add_argument("--scope", choices=SCOPES, default=INGEST, help="what the new key is for (ingest)")
        way.add_argument("--revoke", metavar="PREFIX", help="revoke the key that begins like this")

    def handle(self, *args: Any, **options: Any) -> None:
        agency = Agency.objects.filter(slug=options["agency"]).first()
        if agency is None:
            raise CommandError(f"There is no agency {options['agency']!r}.")
        if options["add"]:
            self.stdout.write(api_key_create(agency=agency, name=options["add"], scopes=[options["scope"]]))
        elif options["revoke"]:
            api_key = self._one(agency, options["revoke"])
            api_key_revoke(api_key=api_key)
            self.stdout.write(f"{api_key} is revoked.")
        else:
            for api_key in agency.api_keys.order_by("created_at"):
                state = "revoked" if api_key.revoked_at else ", ".join(api_key.scopes)
                self.stdout.write(f"{api_key.prefix}  {api_key.created_at:%Y-%m-%d}  {state}  {api_key.name}")

    def _one(self, agency: Agency, prefix: str) -> ApiKey:
        found = list(ApiKey.objects.filter(agency=agency, prefix__startswith=prefix[:11], revoked_at=None)[:2])
        if len(found) != 1:
            raise CommandError(f"{'No' if not found else 'More than one'} key that is valid begins with {prefix!r}.")
        return found[0]
