"""A company's activity in order: nothing twice, nothing beyond the horizon, each page held against the rules' patterns.

Whatever order it came in and however often, the same activity gives the same lists, and so to the last bit the same
sums.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime, timedelta
from functools import cached_property
from itertools import pairwise
from operator import attrgetter
from typing import Any
from uuid import UUID

from msgspec.structs import replace

from apps.sites.goals.patterns import Page

from .activity import Activity, Done, PageView, Reached, Visit
from .formulas import HORIZON
from .pages import matcher_of
from .rules import Rule

_MILLISECOND = timedelta(milliseconds=1)


class Ordered:
    """`as_of`: the last activity, None where there is none. Lists are sorted by time, then id."""

    def __init__(self, activity: Activity, rules: tuple[Rule, ...]) -> None:
        self.as_of = last_at(activity)
        since = None if self.as_of is None else self.as_of - HORIZON
        visits = {visit.id: visit for visit in activity.visits if since is None or visit.started_at >= since}
        self.visit_of: dict[UUID, Visit] = visits
        self.visits: Sequence[Visit] = sorted(visits.values(), key=lambda one: (one.started_at, one.id))
        self.views: Sequence[PageView] = self._counted(activity.views, "id")
        self.events: Sequence[Done] = self._counted(activity.events, "id")
        self.reached: Sequence[Reached] = self._counted(activity.reached, "event_id", "goal_id")
        self._matcher = matcher_of(rules)
        self.found: tuple[Any, Sequence[Any]] | None = None  # running.hits_found remembers them here

    def fits(self, index: int, page: Page | None) -> bool:
        """Return whether a page fits the patterns of the rule at `index`; one that isn't known fits none."""
        return page is not None and index in self._matcher.rules_of(page)

    @cached_property
    def views_fitting(self) -> dict[int, list[PageView]]:
        """The page views that fit a rule's patterns, by the rule's index; rules without patterns aren't there."""
        found: defaultdict[int, list[PageView]] = defaultdict(list)
        rules_of = self._matcher.rules_of
        for view in self.views:
            for index in rules_of(view.page):
                found[index].append(view)
        return found

    @cached_property
    def views_in(self) -> dict[UUID, list[PageView]]:
        """Page views by visit."""
        found: defaultdict[UUID, list[PageView]] = defaultdict(list)
        for view in self.views:
            found[view.visit_id].append(view)
        return found

    def _counted(self, things: Iterable[Any], *keys: str) -> list[Any]:
        """Return what belongs to a visit that counts, by moment and then by these keys; each once."""
        visits = self.visit_of
        counted = [one for one in things if one.visit_id in visits]
        # Key by key, the last one first: of the many views of some companies no tuples have to be made.
        for key in (*reversed(keys), "at"):
            counted.sort(key=attrgetter(key))
        if len(set(map(attrgetter(keys[0]), counted))) == len(counted):
            return counted
        one_of = attrgetter("at", *keys)
        again = {place for place, (first, second) in enumerate(pairwise(counted), 1) if one_of(first) == one_of(second)}
        return [one for place, one in enumerate(counted) if place not in again]


def activity_until(activity: Activity, at: datetime) -> Activity:
    """Return what had been done by a moment; how long a page was read, and how deep, as known today."""
    return _cut(activity, at, lambda one: one <= at)


def activity_before(activity: Activity, at: datetime) -> Activity:
    """Return what had been done before a moment, as it could be known then.

    Engaged time and scroll depth of a page are told when it is left: one that was still open counts without them, and
    no page with more engaged time than had gone by.
    """
    known = _cut(activity, at, lambda one: one < at)
    is_on = {visit.id for visit in activity.visits if visit.ended_at >= at}
    latest: dict[UUID, tuple[datetime, Any]] = {}
    for view in known.views:
        if view.visit_id in is_on:
            latest[view.visit_id] = max(latest.get(view.visit_id, (view.at, view.id)), (view.at, view.id))
    still_open = {view_id for _, view_id in latest.values()}
    known.views = [
        replace(view, engaged_ms=0, scroll_percent=0)
        if view.id in still_open
        else replace(view, engaged_ms=min(view.engaged_ms, (at - view.at) // _MILLISECOND))
        for view in known.views
    ]
    return known


def _cut(activity: Activity, at: datetime, had: Callable[[datetime], bool]) -> Activity:
    return Activity(
        visits=[_ended_by(visit, at) for visit in activity.visits if had(visit.started_at)],
        views=[view for view in activity.views if had(view.at)],
        events=[event for event in activity.events if had(event.at)],
        reached=[one for one in activity.reached if had(one.at)],
    )


def _ended_by(visit: Visit, at: datetime) -> Visit:
    if visit.ended_at <= at:
        return visit
    return Visit(visit.id, visit.visitor_id, visit.started_at, at, visit.source, visit.channel, visit.campaign)


def last_at(activity: Activity) -> datetime | None:
    """Return the last activity; None where there is none."""
    ids = {visit.id for visit in activity.visits}
    own: Iterable[PageView | Done | Reached] = (*activity.views, *activity.events, *activity.reached)
    last = max((max(visit.started_at, visit.ended_at) for visit in activity.visits), default=None)
    if last is None:
        return None
    # Nearly all lie within their visit: few are later than all that are known.
    for one in own:
        if one.at > last and one.visit_id in ids:
            last = one.at
    return last
