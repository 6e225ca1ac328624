"""A company's line of time over all of a client's sites: visits, goals reached, ad clicks, changes of temperature.

Only moments and keys are sorted over all kinds together; what stands on the page is then read by kind.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from django.db.models import F, Min, Q, QuerySet, TextField, Value
from django.db.models.functions import Cast

from apps.destinations.timelines import Sent, visits_sent
from apps.scoring.models import ScoreChange
from apps.sites.models import Goal
from apps.tracking.goals.selectors import conversions_counted
from apps.tracking.models import Conversion, Session

from .one import TIMELINE_VISITS, TimelineVisit, company_timeline

# What ad networks alone append to a link. Facebook's fbclid is on every link that leaves it, paid for or not.
AD_CLICK_IDS = ("gclid", "gbraid", "wbraid", "msclkid", "ttclid", "li_fat_id", "twclid")


class Show(StrEnum):
    """Which part of the line of time; the value stands in the address."""

    ALL = "all"
    VISITS = "visits"
    EVENTS = "events"


class Kind(StrEnum):
    """Of what kind an item is, in the order in which those of one moment stand: the latest of them first."""

    CHANGE = "1-change"
    GOAL = "2-goal"
    VISIT = "3-visit"
    AD = "4-ad"


@dataclass(frozen=True, slots=True)
class GoalReached:
    conversion: Conversion
    goal: Goal
    is_first: bool  # of this goal, among the company's visits that are stored


@dataclass(frozen=True, slots=True)
class Item:
    """Something on the line of time; `what` by kind: TimelineVisit, GoalReached, Session (an ad click), ScoreChange."""

    kind: Kind
    at: datetime
    what: TimelineVisit | GoalReached | Session | ScoreChange


@dataclass(frozen=True, slots=True)
class Timeline:
    items: Sequence[Item]
    has_more: bool
    events: int  # in all, over all pages
    sent: Sequence[Sent]  # what destinations were told of the visits and goals among the items


def timeline(visits: QuerySet[Session], *, company_id: int, site_ids: Sequence[int], show: Show, page: int) -> Timeline:
    """Return one page of a company's line of time, newest first. `visits`: its counted visits on these sites.

    Two queries for keys, one for the events' number, two for each kind that is on the page, and one for deliveries,
    two where there are destinations.
    """
    goals = {goal.id: goal for goal in Goal.objects.filter(site_id__in=site_ids)}
    reached = Conversion.objects.filter(session_id__in=visits.order_by().values("id"))
    reached = conversions_counted(goals.values(), reached)
    # What was reckoned from the past has the moment of the reckoning; when it was really so is the chart's to show.
    changes = ScoreChange.objects.filter(company_id=company_id, site_id__in=site_ids, is_backfill=False)
    ads = visits.filter(Q(channel__startswith="Paid") | Q(click_ids__has_any_keys=AD_CLICK_IDS))
    of_events = _keys(changes, Kind.CHANGE, "at").union(
        _keys(reached, Kind.GOAL, "occurred_at"), _keys(ads, Kind.AD, "started_at"), all=True
    )
    of_visits = _keys(visits, Kind.VISIT, "started_at")
    keys = {Show.ALL: of_visits.union(of_events, all=True), Show.VISITS: of_visits, Show.EVENTS: of_events}[show]
    start = (page - 1) * TIMELINE_VISITS
    found = list(keys.order_by("-moment", "kind_", "key")[start : start + TIMELINE_VISITS + 1])
    shown = [(Kind(kind), at, key) for kind, at, key in found[:TIMELINE_VISITS]]
    items = _items(shown, visits, reached, goals)
    return Timeline(items, len(found) > TIMELINE_VISITS, of_events.count(), _sent(items, site_ids))


def _sent(items: Sequence[Item], site_ids: Sequence[int]) -> list[Sent]:
    visits = [item.what.session.id for item in items if isinstance(item.what, TimelineVisit)]
    events = [item.what.conversion.event_id for item in items if isinstance(item.what, GoalReached)]
    return visits_sent(site_ids=site_ids, session_ids=visits, event_ids=events)


def _keys(rows: "QuerySet[Any]", kind: Kind, moment: str) -> "QuerySet[Any]":
    named = rows.order_by().annotate(
        kind_=Value(kind.value, TextField()), moment=F(moment), key=Cast("pk", TextField())
    )
    keys: QuerySet[Any] = named.values_list("kind_", "moment", "key")
    return keys


def _items(
    keys: Sequence[tuple[Kind, datetime, str]],
    visits: QuerySet[Session],
    reached: QuerySet[Conversion],
    goals: Mapping[int, Goal],
) -> list[Item]:
    by_kind: dict[Kind, list[str]] = defaultdict(list)
    for kind, _, key in keys:
        by_kind[kind].append(key)
    found: dict[tuple[Kind, str], Any] = {}
    for visit in company_timeline(visits.filter(id__in=_ids(by_kind[Kind.VISIT]))):
        found[Kind.VISIT, str(visit.session.id)] = visit
    for one in _reached(by_kind[Kind.GOAL], reached, goals):
        found[Kind.GOAL, str(one.conversion.pk)] = one
    if by_kind[Kind.AD]:
        for session in visits.filter(id__in=_ids(by_kind[Kind.AD])):
            found[Kind.AD, str(session.id)] = session
    if by_kind[Kind.CHANGE]:
        for change in ScoreChange.objects.filter(id__in=map(int, by_kind[Kind.CHANGE])):
            found[Kind.CHANGE, str(change.pk)] = change
    # Whatever was deleted between two queries is left out.
    return [Item(kind, at, found[kind, key]) for kind, at, key in keys if (kind, key) in found]


def _reached(keys: Sequence[str], reached: QuerySet[Conversion], goals: Mapping[int, Goal]) -> list[GoalReached]:
    if not keys:
        return []
    on_page = list(Conversion.objects.filter(id__in=map(int, keys)))
    firsts = reached.filter(goal_id__in={one.goal_id for one in on_page}).order_by()
    first = dict(firsts.values_list("goal_id").annotate(at=Min("occurred_at")))
    return [
        GoalReached(one, goals[one.goal_id], first.get(one.goal_id) == one.occurred_at)
        for one in on_page
        if one.goal_id in goals
    ]


def _ids(keys: Sequence[str]) -> list[UUID]:
    return [UUID(key) for key in keys]
