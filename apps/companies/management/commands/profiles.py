"""`manage.py profiles`: try the service for profiles, or have all companies asked for anew."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from apps.agencies.models import Agency
from apps.companies.asking.failures import ProviderError
from apps.companies.profiles.configured import asking
from apps.companies.profiles.lookups import profiles_ask_again
from apps.companies.profiles.panel import LABELS, field_text
from apps.companies.profiles.providers.base import NotYet
from apps.core.tenancy import in_schema


class Command(BaseCommand):
    help = (
        "Ask the configured service for one company, past budget and breaker, and show what the mapping makes of its"
        " answer; or, after the mapping was changed, have all companies asked for again, within the day's budget."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("domain", nargs="?", default="", help="the company to try")
        parser.add_argument("--ask-again", action="store_true", help="have all companies asked for again")
        parser.add_argument("--agency", default="", help="with --ask-again: the slug of one agency (default: all)")

    def handle(self, *args: Any, **options: Any) -> None:
        if bool(options["domain"]) == options["ask_again"]:
            raise CommandError("Name a domain to try, or write --ask-again.")
        if options["domain"]:
            self._try(options["domain"])
        else:
            self._ask_again(options["agency"])

    def _try(self, domain: str) -> None:
        service = asking()
        if service is None:
            raise CommandError("No service is configured: set BEACON_PROFILE_URL (docs/profiles.md).")
        try:
            found = service.provider.ask(domain)
        except NotYet:
            self.stdout.write(f"{service.provider.source} is looking for it (202): try again in a minute.")
            return
        except ProviderError as error:
            raise CommandError(str(error)) from None
        if found is None:
            self.stdout.write(
                f"{service.provider.source} knows nothing of it, or the mapping finds none of our fields."
            )
            return
        for label, text in [("Name", found.name), *((LABELS[field], field_text(found, field)) for field in LABELS)]:
            self.stdout.write(f"{label}: {text or 'unknown'}")

    def _ask_again(self, slug: str) -> None:
        agencies = Agency.objects.exclude(schema_name="public").order_by("slug")
        if slug:
            agencies = agencies.filter(slug=slug)
            if not agencies:
                raise CommandError(f"There is no agency {slug}.")
        count = 0
        for agency in agencies:
            with in_schema(str(agency.schema_name)):
                count += profiles_ask_again()
        self.stdout.write(f"{count} companies are asked for again, within the budget of each day.")
