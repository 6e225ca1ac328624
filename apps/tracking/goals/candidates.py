"""Stored events that may meet a goal, and those of them that do.

The database narrows them down by what it can ask cheaply; whether one meets the goal, the same function says that the
writer asks.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from django.db.models import BooleanField, QuerySet
from django.db.models.expressions import RawSQL

from apps.sites.goals.patterns import Page, like_of
from apps.sites.goals.rules import GoalKind, GoalRule, Seen, goal_met

from ..flags import FLAGGED
from ..models import Event, Kind
from .storing import Met, met_of

COLUMNS = (
    "event_id",
    "session_id",
    "site_id",
    "occurred_at",
    "kind",
    "name",
    "set_aside",
    "host",
    "path",
    "query",
    "fragment",
    "engaged_ms",
    "scroll_percent",
    "value",
    "currency",
    "props",
)


def candidates(*, site_id: int, rule: GoalRule) -> QuerySet[Event, dict[str, Any]]:
    """Return a site's events that may meet a goal, as rows of COLUMNS; all that do are among them.

    Those of visits that a rule has set aside are, too: they may count again. Bots' and spam never do.
    """
    events: QuerySet[Event] = Event.objects.filter(site_id=site_id, set_aside__in=FLAGGED)
    if rule.kind is GoalKind.EVENT:
        events = events.filter(kind=Kind.EVENT, name=rule.event_name)
    else:
        events = events.filter(kind=Kind.PAGEVIEW)
    if rule.kind is GoalKind.SCROLL:
        events = events.filter(scroll_percent__gte=rule.threshold)
    if rule.kind is GoalKind.ENGAGED:
        events = events.filter(engaged_ms__gte=rule.threshold * 1000)
    if rule.page:
        events = events.filter(RawSQL("path ILIKE %s", [like_of(rule.page)], output_field=BooleanField()))
    rows: QuerySet[Event, dict[str, Any]] = events.values(*COLUMNS)
    return rows


def those_that_meet(rule: GoalRule, rows: Iterable[Mapping[str, Any]]) -> Iterator[Met]:
    """Return which of `candidates` meet the goal."""
    for row in rows:
        if goal_met(rule, _seen(row)):
            yield met_of(
                rule,
                site_id=row["site_id"],
                event_id=row["event_id"],
                session_id=row["session_id"],
                occurred_at=row["occurred_at"],
                value=row["value"],
                currency=row["currency"],
                is_backfill=True,
                is_counted=not row["set_aside"],
            )


def _seen(row: Mapping[str, Any]) -> Seen:
    return Seen(
        kind=row["kind"],
        page=Page(row["host"], row["path"], row["query"], row["fragment"]),
        name=row["name"],
        engaged_ms=row["engaged_ms"],
        scroll_percent=row["scroll_percent"],
        value=row["value"],
        currency=row["currency"],
        props=row["props"],
    )
