"""What a company did on a site, as the formulas see it. Pure: no queries.

Order doesn't matter and nothing comes twice: whoever reckons sorts by time and id, whoever loads reads rows by key.
Only what counts is in it: visits that are set aside are not. Some companies have a hundred thousand page views:
so these are made fast, and the garbage collector needn't look at them.
"""

from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

import msgspec

from apps.sites.goals.patterns import Page


class Visit(msgspec.Struct, frozen=True, gc=False):
    id: UUID
    visitor_id: int
    started_at: datetime
    ended_at: datetime
    source: str = ""
    channel: str = ""
    campaign: str = ""


# An event's. Read from the table it stays the text that it comes as, in the same order: to make a UUID of it takes
# longer than to read all else.
EventId = UUID | str


class PageView(msgspec.Struct, frozen=True, gc=False):
    id: EventId
    visit_id: UUID
    at: datetime
    page: Page
    engaged_ms: int = 0
    scroll_percent: int = 0


class Done(msgspec.Struct, frozen=True):
    """An event that isn't a page view: a form that was started, a file that was fetched, a site's own."""

    id: EventId
    visit_id: UUID
    at: datetime
    name: str
    props: dict[str, Any] | None = None
    page: Page | None = None
    value: Decimal | None = None
    currency: str = ""


class Reached(msgspec.Struct, frozen=True, gc=False):
    """A conversion that counts."""

    event_id: UUID
    visit_id: UUID
    at: datetime
    goal_id: int


@dataclass(slots=True)
class Activity:
    """All of it within the horizon. Events of visits that aren't in `visits` don't count."""

    visits: list[Visit] = field(default_factory=list)
    views: list[PageView] = field(default_factory=list)
    events: list[Done] = field(default_factory=list)
    reached: list[Reached] = field(default_factory=list)
