"""Does the tag work? What has come of a site so far, and what was turned away, for whoever is putting it in."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from apps.core import clock

from .drop_reasons import Refusal
from .ledger import ledger_sum
from .models import Origin, Session

REFUSALS_DAYS = 7
# In words that say what to do about it.
REFUSAL_TEXTS = {
    Refusal.INVALID: ("Not understood", "The message wasn't as the tracker sends it: look at the page's own calls."),
    Refusal.TOO_OLD: ("Too old", "Sent more than seven days after it happened."),
    Refusal.ORIGIN: ("From a domain that isn't listed", "Add the domain below if it is yours."),
    Refusal.SITE_PAUSED: ("Site paused", "Resume the site to count again."),
    Refusal.RATE: ("Too many at once", "More events in a second than a site may send."),
    Refusal.EXCLUDED: ("From your own addresses", "You asked not to count them."),
    Refusal.TOO_LARGE: ("Too large", "More than 64 KB in one message."),
    Refusal.ENCODING: ("Not readable text", "The message wasn't valid UTF-8."),
}


@dataclass(frozen=True, slots=True)
class RefusalLine:
    label: str
    hint: str
    count: int


@dataclass(frozen=True, slots=True)
class Arrival:
    """`first_at`, `last_at`: of what came by the tag, bots included; None while nothing has come."""

    first_at: datetime | None
    last_at: datetime | None
    page: str
    is_bot: bool
    refusals: Sequence[RefusalLine]

    @property
    def has_arrived(self) -> bool:
        return self.first_at is not None


def arrival_of(site_id: int) -> Arrival:
    """Return the state of a site's installation. Three queries by index, however much is stored."""
    by_tag = Session.objects.filter(site_id=site_id).exclude(origin=Origin.IMPORT)
    first = by_tag.order_by("started_at").first()
    last = by_tag.order_by("-started_at").first() if first else None
    return Arrival(
        first_at=first.started_at if first else None,
        last_at=last.ended_at if last else None,
        page=f"{last.entry_host}{last.entry_path}" if last else "",
        is_bot=bool(last and last.set_aside),
        refusals=_refusals(site_id),
    )


def _refusals(site_id: int) -> list[RefusalLine]:
    since = clock.today() - timedelta(days=REFUSALS_DAYS - 1)
    counts = ledger_sum(site_id=site_id, first=since).refused
    return [_line(reason, count) for reason, count in counts.items()]


def _line(reason: str, count: int) -> RefusalLine:
    label, hint = REFUSAL_TEXTS[Refusal(reason)] if reason in REFUSAL_TEXTS else (reason, "")
    return RefusalLine(label, hint, count)
