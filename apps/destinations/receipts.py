"""The proof of what went where, on whose word: a line for each delivery, with its consent receipt, as a file."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, tzinfo

from django.db.models import Max, Min, Q, QuerySet

from apps.core.downloads import Cell

from .consent import receipt_read
from .models import Delivery, Destination
from .providers.registry import provider_of
from .twin_keys import keys_shown

SLICE_ROWS = 500
# Some minutes of sending; whoever wants more takes it in several periods.
MOST_ROWS = 500_000

# What JSON calls it, and what stands above its column. docs/destinations.md explains them.
FIELDS = (
    ("delivery", "Delivery"),
    ("destination", "Destination"),
    ("provider", "Provider"),
    ("stand_in", "Local stand-in"),
    ("goal_or_event", "Goal or event"),
    ("name", "Name at the provider"),
    ("event_id", "Event id"),
    ("visit", "Visit"),
    ("value", "Value"),
    ("currency", "Currency"),
    ("occurred_at", "Happened"),
    ("entered_at", "Entered"),
    ("state", "State"),
    ("reason", "Reason"),
    ("words", "In words"),
    ("attempts", "Attempts"),
    ("sent_at", "First sent"),
    ("received_at", "Received"),
    ("finished_at", "Finished"),
    ("provider_receipt", "Provider’s receipt"),
    ("consent", "Marketing consent"),
    ("consent_analytics", "Analytics consent"),
    ("consent_source", "Consent said by"),
    ("consent_at", "Consent said at"),
    ("consent_text", "Consent text version"),
    ("gpc", "Global Privacy Control"),
    ("ground", "Ground of exemption"),
    ("ground_region", "Region of exemption"),
    ("match_keys", "Match keys"),
    ("test", "Test"),
    ("replay", "Replay"),
)
NAMES = tuple(name for name, _ in FIELDS)
HEADS = tuple(head for _, head in FIELDS)


@dataclass(frozen=True, slots=True)
class Cursor:
    """Where a slice ended, newest first."""

    created_at: datetime
    id: int


def deliveries_between(
    *, site_id: int, since: datetime, until: datetime, destination_id: int | None = None
) -> QuerySet[Delivery]:
    """Return a site's deliveries that entered from `since` until before `until`, newest first.

    One that a person sends again enters anew.
    """
    found = Delivery.objects.filter(site_id=site_id, created_at__gte=since, created_at__lt=until)
    if destination_id is not None:
        found = found.filter(destination_id=destination_id)
    return found.order_by("-created_at", "-id")


def deliveries_counted(deliveries: QuerySet[Delivery]) -> int:
    """Return how many there are; not further than what makes too many for a file. One query."""
    return deliveries.order_by()[: MOST_ROWS + 1].count()


def deliveries_extent(*, site_id: int, zone: tzinfo) -> tuple[date, date] | None:
    """Return the local days of a site's first and last delivery; None without any. One query."""
    ends = Delivery.objects.filter(site_id=site_id).aggregate(first=Min("created_at"), last=Max("created_at"))
    if ends["first"] is None:
        return None
    return ends["first"].astimezone(zone).date(), ends["last"].astimezone(zone).date()


def receipt_lines(
    deliveries: QuerySet[Delivery], *, destinations: Mapping[int, Destination], zone: tzinfo
) -> Iterator[Sequence[Cell]]:
    """Return deliveries as lines of `FIELDS`, moments in `zone`; one query for each slice, as they are wanted."""
    after: Cursor | None = None
    for _ in range(MOST_ROWS // SLICE_ROWS):
        rows = list(_following(deliveries, after)[:SLICE_ROWS])
        for delivery in rows:
            yield _line(delivery, destinations.get(delivery.destination_id), zone)
        if len(rows) < SLICE_ROWS:
            return
        after = Cursor(rows[-1].created_at, rows[-1].id)


def _following(deliveries: QuerySet[Delivery], after: Cursor | None) -> QuerySet[Delivery]:
    if after is None:
        return deliveries
    # The first condition is what the index is read by.
    behind = Q(created_at__lt=after.created_at) | Q(id__lt=after.id)
    return deliveries.filter(behind, created_at__lte=after.created_at)


def _line(one: Delivery, destination: Destination | None, zone: tzinfo) -> Sequence[Cell]:
    consent = receipt_read(one.consent) if one.consent else None
    provider = provider_of(destination.provider) if destination else None
    mapped = one.mapped or {}
    return (
        one.id,
        destination.name if destination else "",
        provider.label if provider else (destination.provider if destination else ""),
        _yes(bool(destination and destination.stand_in_url)),
        one.source_name,
        one.name,
        str(one.event_id),
        str(one.session_id),
        mapped.get("value"),
        mapped.get("currency", ""),
        _local(one.occurred_at, zone),
        _local(one.created_at, zone),
        one.state,
        one.reason,
        one.words,
        one.attempts,
        _local(one.sent_at, zone),
        _local(one.received_at, zone),
        _local(one.finished_at, zone),
        one.receipt,
        consent.state if consent else "",
        consent.analytics if consent else "",
        consent.source if consent else "",
        _local(consent.said_at, zone) if consent else None,
        consent.text_version if consent else "",
        _yes(bool(consent and consent.gpc)),
        consent.ground if consent else "",
        consent.region if consent else "",
        " ".join(keys_shown(provider, one.match_keys)),
        _yes(one.is_test),
        _yes(one.is_replay),
    )


def _local(at: datetime | None, zone: tzinfo) -> datetime | None:
    return at.astimezone(zone) if at else None


def _yes(holds: bool) -> str:
    return "yes" if holds else "no"
