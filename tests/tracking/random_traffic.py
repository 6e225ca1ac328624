"""A random mix of all that may come: repeats, late and early ones, bots, spam, poison, engagement of any kind."""

import random
from typing import Any

from apps.core import clock
from apps.core.ids import uuid7
from apps.sites.models import Site
from apps.tracking.envelope import Envelope, EventIn, Refusals
from apps.tracking.steps.identity import _by_salt

from .arrivals import CRAWLER, at, click, engagement, entry, envelope, store_entries, view

HOUR = 60.0
DAY = 24 * HOUR
MIDNIGHT = 12 * HOUR  # after noon


class Traffic:
    """Sends to one site; all that is random comes of `seed`."""

    def __init__(self, site: Site, schema: str, seed: int) -> None:
        self.site, self.schema = site, schema
        self.draw = random.Random(seed)
        self.pages: list[EventIn] = []
        self.sent: list[Envelope] = []
        self.accepted = self.refused = 0

    def batch(self, requests: int = 12) -> None:
        """Have the writer store a batch of so many requests."""
        entries = []
        for body in [body for _ in range(requests) for body in self._request()]:
            if isinstance(body, Envelope):
                self.accepted += len(body.events)
                self.sent.append(body)
            else:
                self.refused += sum(body.counts.values())
            entries.append(entry(body))
        store_entries(entries)

    def _request(self) -> list[Envelope | Refusals]:
        draw = self.draw
        if draw.random() < 0.08:
            day = clock.from_ms(at(draw.uniform(-2 * DAY, 0))).date()
            return [Refusals(self.schema, self.site.id, day.isoformat(), {draw.choice(["rate", "origin"]): 2})]
        if self.sent and draw.random() < 0.1:
            return [draw.choice(self.sent)]  # sent again as it was
        events = [self._event() for _ in range(draw.randint(1, 4))]
        if draw.random() < 0.06:
            events.append(view(draw.uniform(0, HOUR), "/a\x00b"))
        received = at(draw.uniform(-2 * DAY, 2 * DAY))
        fields: dict[str, Any] = {"user_agent": CRAWLER} if draw.random() < 0.15 else {}
        person = draw.randrange(5)
        return [
            envelope(self.site, *group, received_ms=received, **_ids(person, day, is_early=is_early), **fields)
            for (day, is_early), group in _by_salt(events).items()
        ]

    def _event(self) -> EventIn:
        draw = self.draw
        minutes = draw.choice([draw.uniform(8 * HOUR, 16 * HOUR), MIDNIGHT + draw.uniform(-HOUR, HOUR)])
        what = draw.random()
        if what < 0.4:
            page = view(minutes, f"/{draw.randrange(8)}", is_late=draw.random() < 0.1)
            if draw.random() < 0.1:
                page.referrer = "http://semalt.com/"
            if draw.random() < 0.1:
                page.engaged_ms = 1000
            self.pages.append(page)
            return page
        if what < 0.55:
            return click(minutes, is_interactive=draw.random() < 0.5)
        if what < 0.6 and self.pages:
            return draw.choice(self.pages)
        # With a page view that has come, is coming in this very batch, or never comes.
        page = draw.choice(self.pages[-12:]) if self.pages and draw.random() < 0.85 else view(minutes)
        if draw.random() < 0.3:
            self.pages.append(page)
        after = draw.choice([draw.uniform(0, 25), draw.uniform(-10, 90)])
        told = engagement(0, page, draw.uniform(0, 300), draw.randrange(100))
        told.occurred_ms = page.occurred_ms + int(after * 60_000)
        told.event_id = uuid7(told.occurred_ms)
        if draw.random() < 0.05:
            told.page_id = None
        return told


def _ids(person: int, day: int, *, is_early: bool) -> dict[str, Any]:
    """Return the visitor's ids as the door gives them: one a day, and yesterday's too soon after midnight."""
    return {"visitor": 1000 * day + person, "previous_visitor_id": 1000 * (day - 1) + person if is_early else None}
