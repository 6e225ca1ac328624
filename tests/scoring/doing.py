"""Activity for tests, written shortly: moments as days (or minutes) after a Monday in March."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from apps.scoring.activity import Activity, Done, PageView, Reached, Visit
from apps.sites.goals.patterns import Page

MONDAY = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)


def on(days: float = 0, minutes: float = 0) -> datetime:
    return MONDAY + timedelta(days=days, minutes=minutes)


class Doing:
    """Makes an activity bit by bit; ids count up, so that each is its own."""

    def __init__(self) -> None:
        self.activity = Activity()
        self._number = 0

    def visit(self, at: datetime, *, minutes: float = 0, visitor: int = 1, **said: str) -> Visit:
        visit = Visit(self._id(), visitor, at, at + timedelta(minutes=minutes), **said)
        self.activity.visits.append(visit)
        return visit

    def view(self, visit: Visit, path: str, *, at: datetime | None = None, s: int = 0, percent: int = 0) -> PageView:
        view = PageView(self._id(), visit.id, at or visit.started_at, Page("acme.example", path), s * 1000, percent)
        self.activity.views.append(view)
        return view

    def event(self, visit: Visit, name: str, *, at: datetime | None = None, **props: Any) -> Done:
        done = Done(self._id(), visit.id, at or visit.started_at, name, props, Page("acme.example", "/"))
        self.activity.events.append(done)
        return done

    def reach(self, visit: Visit, goal_id: int, *, at: datetime | None = None) -> Reached:
        reached = Reached(self._id(), visit.id, at or visit.started_at, goal_id)
        self.activity.reached.append(reached)
        return reached

    def _id(self) -> UUID:
        self._number += 1
        return UUID(int=self._number)
