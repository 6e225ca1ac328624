"""How destinations are, in words: the state of each with since when, and of all in one sentence. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo

from apps.core import formats

from .ages import age_words
from .backoff import FAILURES
from .checked import only_checks
from .glance import Figures
from .models import Destination
from .providers.base import Provider
from .words import health_of

# A provider that is well answers in less than one; of fewer arrivals nothing is said.
SLOW_SECONDS = 3.0
FEWEST = 20
_NUMBERS = ("None", "One", "Two", "Three", "Four", "Five", "Six", "Seven", "Eight", "Nine", "Ten", "Eleven", "Twelve")


@dataclass(frozen=True, slots=True)
class Health:
    """`state`: of components/_state.html. `text`: a few words; `why`: more of it, may be empty. `is_broken`: a person
    has to mend its settings. `is_well`: it gets everything that it should.
    """

    state: str
    text: str
    why: str = ""
    is_broken: bool = False
    is_well: bool = False


def health_words(
    destination: Destination,
    provider: Provider | None,
    figures: Figures,
    *,
    has_rules: bool,
    is_site_archived: bool,
    zone: tzinfo,
    now: datetime,
) -> Health:
    """Return how a destination is: the gravest of what is to be said."""
    if provider is None:
        return Health("bad", "Not known here", "This version of Beacon doesn’t know its provider: nothing is sent.")
    own = health_of(destination, provider, now=now, has_rules=has_rules, is_site_archived=is_site_archived)
    if is_site_archived:
        return Health(own.state, own.label, own.words)
    if destination.problem:
        since = f" since {_since(destination.problem_at, zone, now)}" if destination.problem_at else ""
        return Health("rejected", f"{own.label}{since}", own.words, is_broken=True)
    if destination.failures or not (destination.is_on and has_rules):
        # A failure or two pass.
        is_well = 0 < destination.failures < FAILURES and not only_checks(destination, provider)
        return Health(own.state, own.label, own.words, is_well=is_well)
    if only_checks(destination, provider):
        why = f"{provider.label} only checks what it gets. Switch it off under “Edit”, then replay what was checked."
        return Health("uncertain", f"{own.label}: nothing counts", why)
    if figures.failed:
        lost = f"{formats.number(figures.failed)} to look at"
        return Health("uncertain", lost, "Rejected, uncertain or given up: in the log below, to be sent again.")
    if figures.p95_seconds is not None and figures.p95_seconds >= SLOW_SECONDS and figures.arrived >= FEWEST:
        return Health("uncertain", "Slow answers", "It takes everything, slowly.", is_well=True)
    if destination.is_test_mode:
        return Health("uncertain", own.label, own.words, is_well=True)
    if figures.last_arrived_at is not None:
        last = formats.ago(figures.last_arrived_at, zone=zone, now=now)
        return Health("confirmed", own.label, f"Last arrived {last}.", is_well=True)
    return Health("none", "Nothing sent", "Nothing was due that may be sent.", is_well=True)


def sentence(
    destinations: Sequence[tuple[Destination, Provider | None, Health]],
    *,
    is_site_archived: bool,
    zone: tzinfo,
    now: datetime,
) -> tuple[str, str, str]:
    """Return how all are, in three parts: before, what is to stand out, after. Empty where nothing is to be said."""
    if is_site_archived:
        return "The site is archived: nothing is sent.", "", " What was due waits until it is resumed."
    on = [one for one in destinations if one[0].is_on or one[0].problem]
    broken = [one for one in on if one[2].is_broken]
    well = sum(health.is_well for _, _, health in on)
    off = len(destinations) - len(on)
    if not on:
        return ("It is switched off." if off == 1 else "All are switched off."), "", " What is due waits."
    first = _of_all(well, len(on))
    tail = _checking([destination.name for destination, provider, _ in on if only_checks(destination, provider)])
    tail += f" {_number(off)} {'is' if off == 1 else 'are'} switched off." if off else ""
    if not broken:
        return first, "", tail
    destination, provider, _ = min(broken, key=lambda one: one[0].problem_at or now)
    since = f" since {_day_and_time(destination.problem_at, zone, now)}" if destination.problem_at else ""
    middle = f"{destination.name} has refused{since}"
    if len(broken) > 1:
        middle += f", and {_number(len(broken) - 1).lower()} more"
    waits = (
        f"; what is due waits for {age_words(provider.give_up_after)} and is sent once you reconnect"
        if provider
        else ""
    )
    return first, middle, f"{waits}.{tail}"


def bars_words(name: str, figures: Figures, *, span: str) -> str:
    """Return what a destination's bars show, for those who don't see them."""
    if not figures.due:
        return f"{name}: nothing was due"
    busiest = max(figures.spans, key=lambda one: one.due)
    parts = [
        f"{formats.number(count)} {what}"
        for count, what in (
            (figures.arrived, "arrived"),
            (figures.waiting, "waiting"),
            (figures.failed, "failed"),
            (figures.withheld, "withheld"),
        )
        if count
    ]
    idle = sum(not one.due for one in figures.spans)
    quiet = f"; nothing in {idle} of {len(figures.spans)} spans" if idle else ""
    return f"{name}: {', '.join(parts)}; {formats.number(busiest.due)} in the busiest {span}{quiet}"


def latency(seconds: float | None) -> str:
    """Return "212 ms", "4.9 s", "3m 20s"."""
    if seconds is None:
        return formats.NONE
    if seconds < 1:
        return f"{max(1, round(seconds * 1000))} ms"
    return f"{seconds:.1f} s" if seconds < 60 else formats.duration(seconds)


def _of_all(well: int, total: int) -> str:
    if well == total:
        return (
            "It gets everything that it should."
            if total == 1
            else f"All {_number(total).lower()} get everything they should."
        )
    if total == 1:
        return "It doesn’t get everything that it should."
    return f"{_number(well)} of {_number(total).lower()} {'gets' if well == 1 else 'get'} everything they should."


def _checking(names: Sequence[str]) -> str:
    if not names:
        return ""
    which = names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
    return f" {which} {'is' if len(names) == 1 else 'are'} in test mode, where nothing counts."


def _number(count: int) -> str:
    return _NUMBERS[count] if count < len(_NUMBERS) else formats.number(count)


def _since(at: datetime | None, zone: tzinfo, now: datetime) -> str:
    """Return "16:41" today, "Thu 16:41" within a week, else the day."""
    if at is None:
        return ""
    local = at.astimezone(zone)
    if local.date() == now.astimezone(zone).date():
        return f"{local:%H:%M}"
    return f"{local:%a %H:%M}" if now - at < timedelta(days=6) else formats.moment(at, zone=zone, now=now)


def _day_and_time(at: datetime | None, zone: tzinfo, now: datetime) -> str:
    if at is None:
        return ""
    local = at.astimezone(zone)
    is_lately = local.date() != now.astimezone(zone).date() and now - at < timedelta(days=6)
    return f"{local:%A %H:%M}" if is_lately else _since(at, zone, now)
