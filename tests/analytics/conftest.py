"""A fixed present moment, and a day of visits whose figures were worked out by hand."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from apps.core import clock
from apps.sites.models import Site
from tests.cast import Cast
from tests.factories_tracking import Happened, Page, visit_make

# Wednesday, noon in Vienna.
NOW = datetime(2026, 5, 13, 10, tzinfo=UTC)
VIENNA = "Europe/Vienna"


@pytest.fixture(autouse=True)
def fixed_clock(monkeypatch: pytest.MonkeyPatch) -> datetime:
    """Stand time still at NOW."""
    monkeypatch.setattr(clock, "now", lambda: NOW)
    return NOW


@pytest.fixture
def site(in_alder: Cast) -> Iterator[Site]:
    """Alder's first site, in Vienna's zone."""
    in_alder.site.time_zone = VIENNA
    in_alder.site.save(update_fields=["time_zone"])
    yield in_alder.site


def at(hour: int, minute: int = 0, *, day: int = 12) -> datetime:
    """Return a moment of Vienna's clocks in May 2026 (UTC+2)."""
    return datetime(2026, 5, day, tzinfo=UTC) + timedelta(hours=hour - 2, minutes=minute)


@pytest.fixture
def worked_day(site: Site) -> Site:
    """Tuesday 12 May, four people:

    | visitor | began | pages (engaged)          | event            | bounce | lasts | source, country |
    | 1       | 09:00 | / (4 s)                  |                  | yes    | 0 s   | Google, DE      |
    | 1       | 15:00 | / (20 s), /pricing (10 s)|                  |        | 60 s  | Direct, DE      |
    | 2       | 10:00 | / (12 s)                 |                  |        | 0 s   | Google, AT      |
    | 3       | 11:00 | / (3 s)                  | Signup           |        | 5 s   | Google, unknown |
    | 4       | 12:00 | / (1 s)                  | Seen, no action  | yes    | 0 s   | Bing, DE        |

    and a bot, in none of the figures. Visitors 4, visits 5, page views 6, bounces 2, 65 s long, 50 s engaged.
    """
    google: dict[str, Any] = {"source": "Google", "channel": "Organic Search"}
    visit_make(site, at(9), visitor=1, pages=[Page("/", engaged_s=4)], country="DE", **google)
    visit_make(
        site,
        at(15),
        visitor=1,
        pages=[Page("/", engaged_s=20), Page("/pricing", 60, engaged_s=10)],
        country="DE",
        source="Direct",
        channel="Direct",
    )
    visit_make(site, at(10), visitor=2, pages=[Page("/", engaged_s=12)], country="AT", **google)
    visit_make(site, at(11), visitor=3, pages=[Page("/", engaged_s=3)], events=[Happened("Signup", 5)], **google)
    visit_make(
        site,
        at(12),
        visitor=4,
        pages=[Page("/", engaged_s=1)],
        events=[Happened("Seen", is_interactive=False)],
        country="DE",
        source="Bing",
        channel="Organic Search",
    )
    visit_make(site, at(13), visitor=5, set_aside="bot_declared", bot_name="Examplebot", source="Google", country="US")
    return site
