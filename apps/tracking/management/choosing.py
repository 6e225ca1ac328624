"""`--agency` and `--site` of commands that look at all sites, or at those that are named."""

from collections.abc import Iterator
from typing import Any

from django.core.management.base import CommandError, CommandParser
from django.db.models import Q

from apps.agencies.models import Agency
from apps.core.tenancy import in_schema
from apps.sites.models import Site


def add_arguments(parser: CommandParser) -> None:
    parser.add_argument("--agency", default="", metavar="SLUG", help="one agency alone (default: all)")
    parser.add_argument("--site", default="", metavar="SITE", help="one site alone, by its slug, key or name")


def chosen_sites(options: dict[str, Any]) -> Iterator[tuple[Agency, Site]]:
    """Go over the chosen sites; the caller's queries run in the site's schema meanwhile. Raises CommandError."""
    found = False
    for agency in _agencies(options["agency"]):
        with in_schema(str(agency.schema_name)):
            for site in _sites(options["site"]):
                found = True
                yield agency, site
    if options["site"] and not found:
        raise CommandError(f"There is no site {options['site']!r}.")


def _agencies(slug: str) -> list[Agency]:
    with in_schema("public"):
        agencies = list(Agency.objects.order_by("slug"))
    if not slug:
        return agencies
    chosen = [agency for agency in agencies if agency.slug == slug]
    if not chosen:
        known = ", ".join(agency.slug for agency in agencies[:20])
        raise CommandError(f"There is no agency {slug!r}. There are: {known or 'none yet'}.")
    return chosen


def _sites(name: str) -> list[Site]:
    sites = Site.objects.order_by("slug")
    return list(sites.filter(Q(slug=name) | Q(site_key=name) | Q(name=name)) if name else sites)
