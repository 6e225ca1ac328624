"""A company's activity in order: nothing twice, nothing beyond the horizon, each page held against the rules' patterns.

Whatever order it came in and however often, the same activity gives the same lists, and so to the last bit the same
sums.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from functools import cached_property
from typing import Any
from uuid import UUID

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
        self.views: Sequence[PageView] = self._counted({one.id: one for one in activity.views})
        self.events: Sequence[Done] = self._counted({one.id: one for one in activity.events})
        self.reached: Sequence[Reached] = self._counted({(one.event_id, one.goal_id): one for one in activity.reached})
        self._matcher = matcher_of(rules)

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

    def _counted(self, found: dict[Any, Any]) -> list[Any]:
        """Return what belongs to a visit that counts, in order."""
        visits = self.visit_of
        counted = [(one.at, key, one) for key, one in found.items() if one.visit_id in visits]
        counted.sort(key=lambda one: one[:2])
        return [one for _, _, one in counted]


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
    latest: dict[UUID, tuple[datetime, UUID]] = {}
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
    moments = [one.at for one in own if one.visit_id in ids]
    for visit in activity.visits:
        moments += (visit.started_at, visit.ended_at)
    return max(moments, default=None)
