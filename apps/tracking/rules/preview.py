"""What a rule would set aside, before it is made."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from django.db.models import Count, F, Func, Min, Sum, TextField

from apps.core import clock

from ..filters import Filters
from ..models import Session
from .conditions import visit_condition

PREVIEW_DAYS = 30
SAMPLE = 8


@dataclass(frozen=True, slots=True)
class PreviewDay:
    day: date
    visits: int
    all_visits: int


@dataclass(frozen=True, slots=True)
class Totals:
    visits: int
    visitors: int
    pageviews: int
    events: int

    def ratio_of(self, whole: "Totals") -> float | None:
        """Return the share of all visits; None where there are none."""
        return self.visits / whole.visits if whole.visits else None


@dataclass(frozen=True, slots=True)
class Preview:
    """Counted visits of the past 30 days that would go. `stored`: of all that is stored, which goes with the past."""

    goes: Totals
    whole: Totals
    ratio: float | None
    days: Sequence[PreviewDay]
    sample: Sequence[Session]
    stored: int
    stored_since: datetime | None


def rule_preview(*, site_id: int, filters: Filters) -> Preview:
    """Return what is counted now and would be set aside; what is set aside already isn't in it. Seven queries."""
    now = clock.now()
    since = now - timedelta(days=PREVIEW_DAYS)
    stored = Session.objects.filter(site_id=site_id, set_aside="")
    counted = stored.filter(started_at__gte=since)
    goes = counted.filter(visit_condition(filters, since=since, until=now, now=now))
    whole, gone = Totals(**counted.aggregate(**_SUMS)), Totals(**goes.aggregate(**_SUMS))
    first = stored.aggregate(first=Min("started_at"))["first"]
    ever = stored.filter(visit_condition(filters, since=first or now, until=now, now=now))
    return Preview(
        goes=gone,
        whole=whole,
        ratio=gone.ratio_of(whole),
        days=_days(
            dict(counted.values_list("local_day").annotate(n=Count("pk"))),
            dict(goes.values_list("local_day").annotate(n=Count("pk"))),
        ),
        sample=list(goes.order_by("-started_at")[:SAMPLE]),
        stored=ever.count(),
        stored_since=first,
    )


def _days(whole: dict[date, int], goes: dict[date, int]) -> list[PreviewDay]:
    """Return the days from the first to the last with a visit, empty ones between them too."""
    if not whole:
        return []
    day, last, days = min(whole), max(whole), []
    while day <= last:
        days.append(PreviewDay(day, goes.get(day, 0), whole.get(day, 0)))
        day += timedelta(days=1)
    return days


_VISITOR_DAY = Func(F("local_day"), F("visitor_id"), function="ROW", output_field=TextField())
_SUMS = {
    "visits": Count("pk"),
    "visitors": Count(_VISITOR_DAY, distinct=True),
    "pageviews": Sum("pageviews", default=0),
    "events": Sum("events", default=0),
}
