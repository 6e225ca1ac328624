"""An access log of our own making, in Apache's combined format: what a server notes of simulated visits."""

import random
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from urllib.parse import urlsplit

from .journeys import Visit, visits_of_day
from .world import World

ASSETS = ("/static/site.css", "/static/site.js", "/images/header.jpg", "/fonts/body.woff2", "/favicon.ico")
PROBES = ("/wp-login.php", "/.env", "/xmlrpc.php", "/old-shop/")


def log_lines(world: World, first: date, days: int) -> Iterator[str]:
    """Yield the lines of some days in the order of their times: pages, assets, errors, robots. The same each time."""
    for number in range(days):
        day = first + timedelta(days=number)
        draw = random.Random(f"log of {world.host} on {day}")
        lines = [line for visit in visits_of_day(world, day) for line in _visit_lines(visit, draw)]
        yield from (line for _, line in sorted(lines))


def _visit_lines(visit: Visit, draw: random.Random) -> Iterator[tuple[datetime, str]]:
    for place, step in enumerate(visit.steps):
        target = urlsplit(step.url)
        path = target.path + (f"?{target.query}" if target.query else "")
        yield step.at, _line(visit, step.at, path, 200, draw.randrange(6_000, 42_000), step.referrer)
        if visit.is_bot:
            continue
        for asset in ASSETS if place == 0 else ASSETS[2:3]:
            at = step.at + timedelta(milliseconds=draw.randrange(80, 900))
            yield at, _line(visit, at, asset, 304 if place else 200, draw.randrange(400, 90_000), step.url)
    if draw.random() < 0.03:
        at = visit.steps[-1].at + timedelta(seconds=2)
        yield at, _line(visit, at, draw.choice(PROBES), 404, 209, "")


def _line(visit: Visit, at: datetime, path: str, status: int, size: int, referrer: str) -> str:
    when = at.astimezone(UTC).strftime("%d/%b/%Y:%H:%M:%S +0000")
    person = visit.person
    return (
        f'{person.address} - - [{when}] "GET {path} HTTP/1.1" {status} {size} "{referrer or "-"}" "{person.user_agent}"'
    )
