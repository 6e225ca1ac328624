"""Requests as visitors' browsers send them: single events and batches, some out of order, some up to 48 hours late."""

import json
import random
import time
from dataclasses import dataclass
from uuid import UUID

from apps.core.ids import uuid7

BROWSERS = (
    "Mozilla/5.0 (X11; Linux x86_64; rv:144.0) Gecko/20100101 Firefox/144.0",
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/141.0.0.0 Safari/537.36",
)
# A request that is tried again for minutes must not have passed the 48 hours by then.
MOST_LATE_SECONDS = 47 * 3600
LATE_RATIO = 0.25
VISITORS = 120
MOST_EVENTS = 20


@dataclass(frozen=True)
class Place:
    """A site, and whose it is."""

    agency: str
    schema: str
    site_id: int
    site_key: str
    domain: str


@dataclass(frozen=True)
class Request:
    """One request's content. `rows`: ids of events that get a row; `folds`: how many go into their page view."""

    place: Place
    path: str
    body: bytes
    headers: dict[str, str]
    rows: tuple[UUID, ...]
    folds: int


def make_request(places: list[Place], chance: random.Random) -> Request:
    """Return the next thing that some visitor does on some site."""
    place = chance.choice(places)
    visitor = chance.randrange(VISITORS)
    late = chance.uniform(0, MOST_LATE_SECONDS) if chance.random() < LATE_RATIO else chance.uniform(0, 120)
    now_ms = int(time.time() * 1000)
    is_single = chance.random() < 0.4
    events = _visit(place, now_ms - int(late * 1000), 1 if is_single else chance.randint(2, MOST_EVENTS), chance)
    head: dict[str, object] = {"site_key": place.site_key, "sent_at": now_ms, "tracker": "b1"}
    body = head | (events[0] if is_single else {"events": events})
    return Request(
        place,
        f"/api/track/{'event' if is_single else 'batch'}",
        json.dumps(body).encode(),
        {
            "Content-Type": "text/plain",
            "Origin": f"https://{place.domain}",
            "User-Agent": BROWSERS[visitor % 2],
            "X-Forwarded-For": f"198.51.100.{visitor}",
        },
        tuple(UUID(str(event["id"])) for event in events if event["kind"] != "engagement"),
        sum(event["kind"] == "engagement" for event in events),
    )


def _visit(place: Place, start_ms: int, count: int, chance: random.Random) -> list[dict[str, object]]:
    """Return `count` events within some minutes before `start_ms`, in any order."""
    events: list[dict[str, object]] = []
    page = _pageview(place, start_ms - 60_000, chance)
    while len(events) < count:
        at = start_ms - chance.randrange(60_000)
        kind = chance.random()
        if not events or kind < 0.5:
            page = _pageview(place, at, chance)
            events.append(page)
            continue
        common = {"id": str(uuid7()), "at": at, "page_id": page["id"], "url": page["url"]}
        if kind < 0.75:
            events.append(common | {"kind": "event", "name": "download", "props": {"file": "prices.pdf"}})
        else:
            events.append(common | {"kind": "engagement", "engaged_ms": chance.randrange(9_000), "scroll_percent": 60})
    chance.shuffle(events)
    return events


def _pageview(place: Place, at: int, chance: random.Random) -> dict[str, object]:
    id_ = str(uuid7())
    url = f"https://{place.domain}/page-{chance.randrange(30)}"
    return {"id": id_, "kind": "pageview", "at": at, "page_id": id_, "url": url, "title": "A page"}
