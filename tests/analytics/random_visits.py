"""Visits at random over some local days, as unlike as can be: siblings, bots, nothing known, over midnight, long."""

import random
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from apps.core.periods import day_start
from apps.sites.models import Site
from tests.factories_tracking import Built, Happened, Page, visit_built, visits_put

PATHS = ["/", "/pricing", "/docs", "/docs/50%_off", "/" + "long/" * 700, ""]
TEXTS = ("channel", "source", "campaign", "medium", "referrer_host", "device", "browser", "system", "organisation")
PLACES = [("", "", ""), ("DE", "", ""), ("DE", "Bavaria", "Munich"), ("AT", "", ""), ("AT", "Vienna", "Vienna")]


def visits_make(site: Site, *, seed: int, first: date, days: int, count: int) -> None:
    """Make `count` visits that begin on `days` local days from `first`; a fifth of the visitors come again."""
    chance = random.Random(seed)
    start = day_start(first, ZoneInfo(site.time_zone))
    seconds = int((day_start(first + timedelta(days=days), ZoneInfo(site.time_zone)) - start).total_seconds())
    visits_put(
        [
            _visit(
                site, start + timedelta(seconds=chance.randrange(seconds), microseconds=chance.randrange(10**6)), chance
            )
            for _ in range(count)
        ]
    )


def _visit(site: Site, started_at: datetime, chance: random.Random) -> Built:
    country, region, city = chance.choice(PLACES)
    longest = chance.choice([3, 3, 3, 3, 3, 3, 30, 70]) * 3600
    pages = [
        Page(chance.choice(PATHS), chance.randrange(longest), engaged_s=chance.choice([0, 3, 9, 10, 40]))
        for _ in range(chance.choice([0, 1, 1, 2, 5]))
    ]
    events = [
        Happened(
            chance.choice(["Signup", "Play", "Seen", ""]),
            chance.randrange(longest),
            chance.choice(PATHS),
            is_interactive=chance.random() < 0.5,
        )
        for _ in range(chance.choice([0, 0, 1, 3]))
    ]
    texts: dict[str, Any] = {column: chance.choice(["", "One", "Two", "three, 3"]) for column in TEXTS}
    return visit_built(
        site,
        started_at.astimezone(UTC),
        pages=pages,
        events=events,
        visitor=chance.randrange(10, 40),
        set_aside=chance.choice(["", "", "", "", "bot_declared"]),
        country=country,
        region=region,
        city=city,
        entry_host=chance.choice(["example.com", "shop.example.com"]),
        company_id=chance.choice([None, None, 3, 12]),
        network_kind=chance.choice(["unknown", "business", "isp"]),
        language=chance.choice(["", "de", "en"]),
        **texts,
    )
