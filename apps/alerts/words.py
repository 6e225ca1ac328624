"""What mails have in common in words: kinds, and moments that are clear whenever they are read."""

from collections.abc import Mapping
from datetime import datetime, tzinfo

from .models import Subscription

Kind = Subscription.Kind
# As in "You asked for mails about ...".
ASKED_FOR: Mapping[str, str] = {
    Kind.HOT: "companies that turn hot",
    Kind.TARGET: "target accounts on pages that matter",
    Kind.DIGEST: "new and rising companies, each week",
}
# What fits into a line of a list of mails.
CLIPPED = 60


def when(at: datetime, *, zone: tzinfo) -> str:
    """Return `Wed 13 May 2026, 11:55 CEST`."""
    local = at.astimezone(zone)
    return f"{local:%a} {local.day} {local:%b %Y}, {time_of(at, zone=zone)}"


def time_of(at: datetime, *, zone: tzinfo) -> str:
    """Return `11:55 CEST`; `04:01 UTC-03` of a zone without letters."""
    local = at.astimezone(zone)
    name = f"{local:%Z}"
    return f"{local:%H:%M} {name if name.isalpha() else f'UTC{name}'}"


def clipped(text: str) -> str:
    return text if len(text) <= CLIPPED else f"{text[: CLIPPED - 1].rstrip()}…"
