"""When a destination was off: the last time alone, for what comes late, and together with what wasn't made up for."""

from datetime import datetime

from django.db.models import Case, F, OuterRef, QuerySet, Subquery, Value, When
from django.db.models.functions import Coalesce, Greatest

from .models import Delivery, Destination
from .providers.registry import provider_of


def off_note(destinations: QuerySet[Destination], provider: str, now: datetime) -> None:
    """Switch off those that are on. An older time that they were off is forgotten once its provider takes it no more.

    `provider`: that of the destinations.
    """
    known = provider_of(provider)
    is_recent = {"on_since__gte": now - known.max_age} if known else {"on_since__isnull": False}
    since = Case(When(**is_recent, then=Coalesce("off_since", Value(now))), default=Value(now))
    destinations.filter(is_on=True).update(is_on=False, off_at=now, off_since=since)


def on_note(destinations: QuerySet[Destination], now: datetime) -> None:
    """Switch on those that are off."""
    # When an older version switched it off isn't known: from its last change on, then, or from the last conversion that
    # went there by itself. Not from when that was routed: sent again by a person it is as new as that.
    routed = Delivery.objects.filter(destination_id=OuterRef("id"), is_replay=False, is_test=False)
    last = Subquery(routed.order_by("-occurred_at").values("occurred_at")[:1])
    off_since = Coalesce("off_since", Greatest("changed_at", last))
    destinations.filter(is_on=False).update(
        is_on=True, on_since=now, off_since=off_since, off_at=Coalesce("off_at", off_since)
    )


def made_up_note(
    destinations: QuerySet[Destination], provider: str, since: datetime, until: datetime, now: datetime
) -> None:
    """Note that a replay of a period has made up for what was missed up to there, as far as it would be taken.

    `provider`: that of the destinations.
    """
    known = provider_of(provider)
    missed = destinations.filter(is_on=True, off_since__lt=until)
    # What is older than the provider takes can't be made up for: the period needn't reach back to it.
    if known is None or since > now - known.max_age:
        missed = missed.filter(off_since__gte=since)
    missed.update(
        off_since=Case(When(on_since__gt=until, then=Value(until)), default=None),
        off_at=Case(
            When(on_since__gt=until, off_at__lt=until, then=Value(until)),
            When(on_since__gt=until, then=F("off_at")),
            default=None,
        ),
    )
