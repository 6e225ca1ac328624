"""Requests as the tag sends them, ready as bytes: visitors behind a proxy, some pages, browsers' own headers."""

import json
import random
import re
import time

from apps.core.ids import uuid7
from tests.bench.world import DOMAIN, SITE_KEY

WEBKIT = "AppleWebKit/605.1.15 (KHTML, like Gecko)"
CHROME = "AppleWebKit/537.36 (KHTML, like Gecko) Chrome/141.0.0.0"
AGENTS = (
    f"Mozilla/5.0 (Windows NT 10.0; Win64; x64) {CHROME} Safari/537.36",
    f"Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) {WEBKIT} Version/26.0 Safari/605.1.15",
    f"Mozilla/5.0 (Linux; Android 10; K) {CHROME} Mobile Safari/537.36",
    "Mozilla/5.0 (X11; Linux x86_64; rv:144.0) Gecko/20100101 Firefox/144.0",
    f"Mozilla/5.0 (iPhone; CPU iPhone OS 18_6 like Mac OS X) {WEBKIT} Version/26.0 Mobile/15E148 Safari/604.1",
)
REFERRERS = ("", "https://www.google.com/", "https://www.linkedin.com/", "https://news.example.org/2026/some-article")
# Events in a request. `usual` is what the tracker sends while somebody reads: a page view and, when it is left, what
# was done on it and for how long.
SIZES = {"event": 1, "usual": 3, "batch": 100}
ID = re.compile(rb'"id":"([^"]+)"')
PAGES = 300
VISITORS = 5_000


def make(kind: str, count: int, *, seed: int = 1) -> list[bytes]:
    """Return `count` requests of `kind`: one of SIZES."""
    chance = random.Random(seed)
    return [_request(kind, chance) for _ in range(count)]


def ids_of(request: bytes) -> list[bytes]:
    """Return the ids of a request's events; a page view's is its page's as well."""
    return ID.findall(request)


def _request(kind: str, chance: random.Random) -> bytes:
    visitor = chance.randrange(VISITORS)
    single = kind == "event"
    head = _head(visitor)
    if single:
        body = json.dumps(head | _pageview(chance), separators=(",", ":"))
    else:
        body = json.dumps(head | {"events": _visit(chance, SIZES[kind])}, separators=(",", ":"))
    lines = (
        f"POST /api/track/{'event' if single else 'batch'} HTTP/1.1",
        "Host: beacon.example",
        "Connection: keep-alive",
        f"Content-Length: {len(body.encode())}",
        f"User-Agent: {AGENTS[visitor % len(AGENTS)]}",
        "Content-Type: text/plain;charset=UTF-8",
        "Accept: */*",
        f"Origin: https://www.{DOMAIN}",
        "Sec-Fetch-Site: cross-site",
        "Sec-Fetch-Mode: cors",
        "Sec-Fetch-Dest: empty",
        f"Referer: https://www.{DOMAIN}/",
        "Accept-Encoding: gzip, deflate, br, zstd",
        "Accept-Language: en-GB,en;q=0.9,de;q=0.8",
        f"X-Forwarded-For: 198.51.{visitor >> 8}.{visitor & 255}",
    )
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body.encode()


def _head(visitor: int) -> dict[str, object]:
    return {
        "site_key": SITE_KEY,
        "sent_at": int(time.time() * 1000),
        "tracker": "b1",
        "context": {
            "screen": [1920, 1080],
            "viewport": [1280 + visitor % 400, 720],
            "pixel_ratio": 1.5,
            "languages": ["en-GB", "en", "de"],
            "time_zone": "Europe/Berlin",
            "color_scheme": "light",
            "touch": False,
            "connection": "4g",
            "webdriver": False,
        },
        "consent": {"gpc": False, "dnt": False},
    }


def _pageview(chance: random.Random) -> dict[str, object]:
    page = chance.randrange(PAGES)
    id_ = str(uuid7())
    query = f"?utm_source=newsletter&utm_medium=email&utm_campaign=week-{page % 9}" if page % 5 == 0 else ""
    return {
        "id": id_,
        "kind": "pageview",
        "at": int(time.time() * 1000) - chance.randrange(2000),
        "page_id": id_,
        "url": f"https://www.{DOMAIN}/products/group-{page % 17}/item-{page}{query}",
        "referrer": REFERRERS[page % len(REFERRERS)],
        "title": f"Item {page} of our range, with all its details - Bench",
    }


def _visit(chance: random.Random, size: int) -> list[dict[str, object]]:
    """Return `size` events: page views, what was done there, and how long it took."""
    events: list[dict[str, object]] = []
    while len(events) < size:
        view = _pageview(chance)
        common = {"at": view["at"], "page_id": view["id"], "url": view["url"]}
        events.append(view)
        events.append(
            common | {"id": str(uuid7()), "kind": "event", "name": "outbound", "props": {"to": "shop", "n": 3}}
        )
        events.append(common | {"id": str(uuid7()), "kind": "engagement", "engaged_ms": 12_345, "scroll_percent": 70})
    return events[:size]
