"""Rules on visits: how often, back after a while, how many people, by which way."""

import re
from collections import defaultdict
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache

from apps.sites.goals.patterns import stars_expression

from ..ordered import Ordered
from ..rules import Match, Rule
from .base import GoalNames, Hit, Kind

_ENDINGS = {1: "st", 2: "nd", 3: "rd"}
_ORDINALS = {1: "first", 2: "second", 3: "third"}


def _days(count: int) -> str:
    return "1 day" if count == 1 else f"{count} days"


def _ordinal(count: int) -> str:
    """Return `third`, `11th`, `22nd`."""
    if count in _ORDINALS:
        return _ORDINALS[count]
    return f"{count}{'th' if 10 < count % 100 < 20 else _ENDINGS.get(count % 10, 'th')}"


def _frequency_words(match: Match, _: GoalNames) -> str:
    return f"{_ordinal(match.count)} or later visit within {_days(match.days)}"


def _frequency_hits(rule: Rule, _: int, ordered: Ordered) -> Iterator[Hit]:
    """Find each visit that is at least the n-th of those that began within so many days up to its own beginning."""
    within, before = timedelta(days=rule.match.days), max(0, rule.match.count - 1)
    visits = ordered.visits
    for place in range(before, len(visits)):
        visit = visits[place]
        if visit.started_at - visits[place - before].started_at <= within:
            yield Hit(visit.started_at, visit.id, visit)


def _recency_words(match: Match, _: GoalNames) -> str:
    return f"back after {_days(match.days)} or more"


def _recency_hits(rule: Rule, _: int, ordered: Ordered) -> Iterator[Hit]:
    away = timedelta(days=rule.match.days)
    last_at: datetime | None = None
    for visit in ordered.visits:
        if last_at is not None and visit.started_at - last_at >= away:
            yield Hit(visit.started_at, visit.id, visit)
        last_at = max(last_at or visit.ended_at, visit.ended_at)


def _visitors_words(match: Match, _: GoalNames) -> str:
    return f"{match.count} or more visitors in a day, within {_days(match.days)}"


def _visitors_hits(rule: Rule, _: int, ordered: Ordered) -> Iterator[Hit]:
    """Find each day with so many visitors: the hit is the visit of the one with whom they were that many.

    Days of UTC, by which cookieless visitors get their ids: one person on two days is two of them, so visitors of
    several days are never added up.
    """
    seen: defaultdict[date, set[int]] = defaultdict(set)
    for visit in ordered.visits:
        of_day = seen[visit.started_at.astimezone(UTC).date()]
        if visit.visitor_id not in of_day:
            of_day.add(visit.visitor_id)
            if len(of_day) == rule.match.count:
                yield Hit(visit.started_at, visit.id, visit)


def _visitors_last(match: Match) -> timedelta | None:
    return timedelta(days=match.days) if match.days else None


def _source_words(match: Match, _: GoalNames) -> str:
    asked = (("channel", match.channels), ("source", match.sources), ("campaign", match.campaigns))
    return "a visit by " + ", ".join(f"{name} {' or '.join(values)}" for name, values in asked if values)


def _source_hits(rule: Rule, _: int, ordered: Ordered) -> Iterator[Hit]:
    match = rule.match
    channels, sources = _folded(match.channels), _folded(match.sources)
    campaigns = _campaigns(match.campaigns)
    for visit in ordered.visits:
        if (
            (not channels or visit.channel.casefold() in channels)
            and (not sources or visit.source.casefold() in sources)
            and (campaigns is None or campaigns.fullmatch(visit.campaign))
        ):
            yield Hit(visit.started_at, visit.id, visit)


def _folded(values: tuple[str, ...]) -> frozenset[str]:
    return frozenset(value.casefold() for value in values)


@lru_cache(maxsize=256)
def _campaigns(written: tuple[str, ...]) -> re.Pattern[str] | None:
    """Return one pattern for campaigns as they are written, with stars for anything; None where none is asked."""
    if not written:
        return None
    alternatives = (stars_expression([re.escape(piece) for piece in one.split("*")]) for one in written)
    return re.compile("|".join(alternatives), re.IGNORECASE | re.DOTALL)


FREQUENCY = Kind(
    "Visits repeated",
    "Each visit that is at least the n-th within so many days, whoever of the company came.",
    ("count", "days"),
    ("count", "days"),
    _frequency_words,
    _frequency_hits,
)
RECENCY = Kind(
    "Back after a while",
    "Each visit that began so many days or more after the last one of the company had ended.",
    ("days",),
    ("days",),
    _recency_words,
    _recency_hits,
)
VISITORS = Kind(
    "Several visitors",
    "Each day on which so many different visitors came, for as many days. Counted within one day, because one person"
    " without cookies is another visitor on the next day.",
    ("count", "days"),
    ("count", "days"),
    _visitors_words,
    _visitors_hits,
    _visitors_last,
)
SOURCE = Kind(
    "Source of the visit",
    "Each visit that came by one of the channels, sources and campaigns that are named.",
    ("channels", "sources", "campaigns"),
    (),
    _source_words,
    _source_hits,
)
