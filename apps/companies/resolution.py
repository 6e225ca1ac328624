"""From all that speaks for a visit's organisation to one company and one confidence. Pure: no queries.

A ground says "this visit is the organisation's of such a domain", and how sure it makes us of that, 0-1. Corrections
lead the domains of grounds on (`Corrections.led`), so that grounds of companies which were merged speak for one.

**For.** Grounds of one company add up as independent ones: 1 - prod(1 - c_i). Two grounds of the same witness aren't
independent, so of each witness the surest counts: a network's registration and its hosts' names are both the holder's
word on one address, and two e-mail addresses are one person's.

**Against.** At most one company can be the right one. Given that, and what each would be alone (p), the odds o = p / (1
- p) of all stand against each other: confidence = o / (1 + sum of all o). The surest wins; what speaks for others is
kept with it. E-mail 0.90 against network 0.85: odds 9 and 5.67, so 9 / 15.67 = 0.57.

**Unknown.** A visit whose surest company is less likely than not (below 0.5) is nobody's: so two that are equally sure
leave it unknown.

**People.** What somebody of the agency says of a visit decides, and nothing is counted against it.

A ground is about its visit alone. It isn't carried to other visits of the same visitor that day: a cookieless visitor
is an address and a browser, behind which an office or a mobile network has many people, so that one typed address
would name all of them.
"""

import math
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from uuid import UUID

from .matching import Match

# How sure each ground makes us by itself; a network's depends on its kind (matching.NETWORK_CONFIDENCE).
CONFIDENCE = {
    "person": 0.99,  # somebody looked; they may err too
    "email": 0.9,  # typed in by the visitor; some type in a customer's or a former employer's
    "link": 0.8,  # given to the company; links are passed on
    "host_name": 0.75,  # as the network's holder named it; names stay when tenants move out
}
# Whose word a ground is. Grounds of one witness don't confirm each other.
WITNESS = {"network": "address", "host_name": "address"}
# Where two are equally sure: whose evidence is named first.
_ORDER = ("person", "email", "link", "network", "host_name")
LEAST_RATIO = 0.5
PERSON = "person"


@dataclass(frozen=True, slots=True)
class Split:
    """Visits of a company that meet this are another one's. `values`: numbers as text, names in lower case."""

    field: str  # corrections.SPLIT_FIELDS
    values: frozenset[str]
    to_domain: str


@dataclass(frozen=True, slots=True)
class Said:
    """Whose a visit is in truth, as somebody said; an empty domain: nobody's."""

    domain: str
    by: str


@dataclass(frozen=True, slots=True)
class VisitGrounds:
    """A visit as far as companies are concerned: what speaks for which, and what a split may ask."""

    id: UUID
    site_id: int
    asn: int | None
    network_name: str
    grounds: Sequence[Match]

    def meets(self, split: Split) -> bool:
        return not split.values.isdisjoint(self._values(split.field))

    def _values(self, name: str) -> Iterable[str]:
        if name == "site":
            return (str(self.site_id),)
        if name == "asn":
            return (str(self.asn),) if self.asn else ()
        if name == "network":
            return (self.network_name.strip().lower(),)
        return (ground.domain for ground in self.grounds if ground.ground == "email")


@dataclass(frozen=True, slots=True)
class Corrections:
    """The corrections in force, by domain; of several on the same, the latest made."""

    merges: Mapping[str, str] = field(default_factory=dict)
    splits: Mapping[str, Sequence[Split]] = field(default_factory=dict)  # the latest first
    never: frozenset[str] = frozenset()
    said: Mapping[UUID, Said] = field(default_factory=dict)
    names: Mapping[str, str] = field(default_factory=dict)  # renamed
    given: Mapping[str, str] = field(default_factory=dict)  # names given to where visits were led

    def merged(self, domain: str) -> str:
        """Return what a company was merged into, at the end of the chain; itself where it wasn't."""
        passed = {domain}
        while (following := self.merges.get(domain)) is not None and following not in passed:
            domain = following
            passed.add(domain)
        return domain

    def led(self, domain: str, visit: VisitGrounds) -> str:
        """Return whose a ground for `domain` is in truth, in this visit; empty where it is nobody's."""
        passed = {domain}
        while (following := self._next(domain, visit)) is not None and following not in passed:
            domain = following
            passed.add(domain)
        return "" if domain in self.never else domain

    def _next(self, domain: str, visit: VisitGrounds) -> str | None:
        split = next((one for one in self.splits.get(domain, ()) if visit.meets(one)), None)
        return split.to_domain if split else self.merges.get(domain)


@dataclass(frozen=True, slots=True)
class Resolution:
    """A visit's company, how sure that is, the grounds for it (surest first, one of each), and those for others."""

    domain: str
    confidence_ratio: float
    grounds: Sequence[Match]
    against: Sequence[Match] = ()  # with the domain that each is led to


def visit_resolve(visit: VisitGrounds, corrections: Corrections) -> Resolution | None:
    """Return the visit's company, or None where that stays unknown."""
    said = corrections.said.get(visit.id)
    if said is not None and not said.domain:
        return None
    by_domain: defaultdict[str, list[tuple[str, Match]]] = defaultdict(list)
    for ground in visit.grounds:
        if domain := corrections.led(ground.domain, visit):
            by_domain[domain].append((domain, ground))
    if said is not None and (domain := corrections.merged(said.domain)) not in corrections.never:
        by_domain[domain].append((domain, said_ground(said)))
    if not by_domain:
        return None
    alone = {domain: combined(ground for _, ground in pairs) for domain, pairs in by_domain.items()}
    chosen = min(alone, key=lambda domain: (not _is_said(by_domain[domain]), -alone[domain], domain))
    grounds = _one_of_each(ground for _, ground in by_domain[chosen])
    against = [
        _as_of(ground, domain)
        for domain, pairs in sorted(by_domain.items(), key=lambda item: (-alone[item[0]], item[0]))
        if domain != chosen
        for ground in _one_of_each(ground for _, ground in pairs)
    ]
    is_certain = not against or _is_said(by_domain[chosen])
    ratio = alone[chosen] if is_certain else among(alone[chosen], alone.values())
    return Resolution(chosen, ratio, grounds, against) if ratio >= LEAST_RATIO else None


def combined(grounds: Iterable[Match]) -> float:
    """Return how sure grounds for one company make us together: 1 - prod(1 - c), of each witness the surest."""
    surest: defaultdict[str, float] = defaultdict(float)
    for ground in grounds:
        witness = WITNESS.get(ground.ground, ground.ground)
        surest[witness] = max(surest[witness], ground.confidence_ratio)
    return round(1 - math.prod(1 - ratio for ratio in surest.values()), 6)


def among(ratio: float, every: Iterable[float]) -> float:
    """Return how sure one company is that is `ratio` sure alone, where at most one of them all can be the right one."""
    return round(_odds(ratio) / (1 + sum(map(_odds, every))), 6)


def said_ground(said: Said) -> Match:
    return Match(said.domain, "", "business", PERSON, CONFIDENCE[PERSON], {"by": said.by, "domain": said.domain})


def _odds(ratio: float) -> float:
    return ratio / (1 - min(ratio, 0.9999))


def _is_said(pairs: Sequence[tuple[str, Match]]) -> bool:
    return any(ground.ground == PERSON for _, ground in pairs)


def _one_of_each(grounds: Iterable[Match]) -> list[Match]:
    """Return the surest of each ground, the surest of all first; always in the same order."""
    found: dict[str, Match] = {}
    for ground in sorted(grounds, key=lambda one: (-one.confidence_ratio, _rank(one.ground), one.domain, one.name)):
        found.setdefault(ground.ground, ground)
    return list(found.values())


def _rank(ground: str) -> int:
    return _ORDER.index(ground) if ground in _ORDER else len(_ORDER)


def _as_of(ground: Match, domain: str) -> Match:
    return Match(domain, ground.name, ground.kind, ground.ground, ground.confidence_ratio, ground.evidence)
