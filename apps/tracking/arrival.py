"""Does the tag work? What has come of a site so far, and what was turned away, for whoever is putting it in."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Sum

from apps.core import clock

from .advice import refusal_advice, set_aside_advice
from .ledger import ledger_sum
from .models import Kind, Origin, ParkedEntry, Session
from .newest import REPEATED, Came, newest, watch
from .wording import event_words

REFUSALS_DAYS = 7
KINDS: dict[str, str] = {Kind.PAGEVIEW: "page view", Kind.IDENTIFY: "identified", Kind.ERROR: "script error"}
DOORS = {Origin.TAG: "tag", Origin.SERVER: "server call", Origin.PIXEL: "pixel", Origin.IMPORT: "import"}


@dataclass(frozen=True, slots=True)
class RefusalLine:
    """`lately`: of the `count` of REFUSALS_DAYS those of the last minutes, as far as somebody looked."""

    label: str
    hint: str
    count: int
    lately: int


@dataclass(frozen=True, slots=True)
class CameLine:
    """An event that came lately and what became of it. `state`: as of components/_state.html."""

    at: datetime
    what: str
    page: str
    door: str
    state: str
    fate: str
    hint: str


@dataclass(frozen=True, slots=True)
class Arrival:
    """`first_at`, `last_at`: of what came by the tag, bots included; None while nothing has come."""

    first_at: datetime | None
    last_at: datetime | None
    page: str
    is_bot: bool
    refusals: Sequence[RefusalLine]
    came: Sequence[CameLine]
    parked: int
    version: str  # changes whenever anything has come

    @property
    def has_arrived(self) -> bool:
        return self.first_at is not None


def arrival_of(site_id: int, *, version: str = "") -> Arrival:
    """Return the state of a site's installation. Five queries by index, however much is stored.

    `version`: what `newest.watch` said before, if it was asked already.
    """
    version = version or watch(site_id)
    lately = newest(site_id)
    by_tag = Session.objects.filter(site_id=site_id).exclude(origin=Origin.IMPORT)
    first = by_tag.order_by("started_at").first()
    last = by_tag.order_by("-started_at").first() if first else None
    return Arrival(
        first_at=first.started_at if first else None,
        last_at=last.ended_at if last else None,
        page=f"{last.entry_host}{last.entry_path}" if last else "",
        is_bot=bool(last and last.set_aside),
        refusals=_refusals(site_id, lately.refused),
        parked=ParkedEntry.objects.filter(site_id=site_id).aggregate(sum=Sum("events"))["sum"] or 0,
        came=[_came(one) for one in lately.events],
        version=version,
    )


def _refusals(site_id: int, lately: Mapping[str, int]) -> list[RefusalLine]:
    since = clock.today() - timedelta(days=REFUSALS_DAYS - 1)
    counts = ledger_sum(site_id=site_id, first=since).refused
    lines = [RefusalLine(*refusal_advice(reason), count, lately.get(reason, 0)) for reason, count in counts.items()]
    return sorted(lines, key=lambda line: (-line.lately, -line.count))


def _came(one: Came) -> CameLine:
    if not one.fate:
        state, fate, hint = "good", "counted", ""
    elif one.fate == REPEATED:
        state, fate, hint = "none", "repeated", "This event had come before, by its id, and counts once."
    else:
        state, (fate, hint) = "warn", set_aside_advice(one.fate)
    what = event_words(one.name) if one.name else KINDS.get(one.kind, one.kind)
    return CameLine(one.received_at, what, one.page, DOORS.get(Origin(one.origin), one.origin), state, fate, hint)
