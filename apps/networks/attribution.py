"""What the licences of the local databases ask to be shown wherever their results appear."""

import msgspec

from . import databases


class Attribution(msgspec.Struct, frozen=True):
    text: str
    url: str


IPINFO = Attribution("IP address data powered by IPinfo", "https://ipinfo.io")
DBIP = Attribution("IP Geolocation by DB-IP", "https://db-ip.com")


def attributions() -> list[Attribution]:
    """Return the texts with their links for pages that show places, networks or companies.

    All of them, also when a database isn't there at the moment: what is stored came from it.
    """
    return [IPINFO, DBIP]


def unknown_because() -> str:
    """Return one sentence on what isn't known and why, for the same pages; empty when all databases are there."""
    lacks = databases.missing()
    if not lacks:
        return ""
    what = " and ".join(lacks)
    return f"The local databases for {what} aren't installed, so they show as unknown: run manage.py networks_refresh."
