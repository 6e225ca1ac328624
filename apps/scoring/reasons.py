"""Why a score is what it is at a moment. Pure.

All points that are shown are whole and add up: the reasons of a part to the part, the parts' shares of the total to the
total, and the reasons' shares of the total to it as well. What a rule earned beyond its cap, and what a sum is above
100 or below 0, is a reason of its own.
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum

from apps.core import formats
from apps.sites.goals.conditions import OWN_CURRENCY, OWN_VALUE
from apps.sites.goals.words import money

from .activity import Activity, Done, PageView, Reached
from .fit import Criterion, Judged, Profile, fit_judged, fit_of
from .formulas import EngagementWeights, as_shown, decay_ratio
from .kinds import KINDS, GoalNames, Hit
from .ordered import Ordered, activity_until
from .reading import ingredients_at, parts_at
from .rounding import whole_points
from .rules import Rule, Scoring
from .running import Company, Running, hits_found, hits_last, run_ordered
from .sums import Parts, Sums

# Of a rule, so many pieces of evidence are shown, those that weigh most.
MOST_EVIDENCE = 5


class PartName(StrEnum):
    ENGAGEMENT = "engagement"
    INTENT = "intent"
    FIT = "fit"
    CONTACT = "contact"
    LEARNED = "learned"


PART_LABELS = {
    PartName.ENGAGEMENT: "Engagement",
    PartName.INTENT: "Intent",
    PartName.FIT: "Fit",
    PartName.CONTACT: "Contact",
    PartName.LEARNED: "Learned",
}
CRITERION_LABELS = {
    Criterion.INDUSTRY: "Industry",
    Criterion.SIZE: "Size",
    Criterion.COUNTRY: "Country",
    Criterion.TECHNOLOGY: "Technology",
}


@dataclass(frozen=True, slots=True)
class Evidence:
    """What was done: an address, an event's or a goal's name, a source; how often, when last and in which visit.

    `value`: points decayed to the moment, before any cap.
    """

    what: str
    times: int
    first_at: datetime
    last_at: datetime
    visit_id: object
    value: float


@dataclass(frozen=True, slots=True)
class Reason:
    """`points` add up to the part as shown, `total_points` to the total as shown. `value`: points before rounding.

    `rule`: of intent's, and `times`: how many hits it has; `evidence`: the heaviest first, `more`: pieces of it that
    aren't shown.
    """

    label: str
    detail: str
    value: float
    points: int = 0
    total_points: int = 0
    rule: Rule | None = None
    evidence: Sequence[Evidence] = ()
    more: int = 0
    times: int = 0


@dataclass(frozen=True, slots=True)
class PartShown:
    """A part of the total. `score`: 0-100 as shown, None where it isn't known, and then it has no weight.

    `weight_ratio`: its share of the total's weights; `points`: what it adds to the total, as shown.
    """

    name: PartName
    label: str
    score: int | None
    weight_ratio: float
    points: int
    reasons: Sequence[Reason]


@dataclass(frozen=True, slots=True)
class Explanation:
    """A score with all that it is made of. `total`: as shown."""

    at: datetime
    total: int
    parts: Sequence[PartShown]
    score: Parts

    def part(self, name: PartName) -> PartShown:
        return next(part for part in self.parts if part.name is name)

    @property
    def reasons(self) -> list[Reason]:
        """All reasons, what adds most to the total first."""
        every = [reason for part in self.parts for reason in part.reasons]
        return sorted(every, key=lambda reason: -abs(reason.total_points))


@dataclass(slots=True)
class _Part:
    name: PartName
    score: float | None
    weight: float
    reasons: list[Reason] = field(default_factory=list)


def explain(
    activity: Activity,
    scoring: Scoring,
    *,
    at: datetime,
    profile: Profile | None = None,
    contact: float | None = None,
    learned: float | None = None,
    goal_names: GoalNames | None = None,
) -> Explanation | None:
    """Return why a company has the score that it has at a moment, by what it had done until then.

    None where it hadn't come yet.
    """
    ordered = Ordered(activity_until(activity, at), scoring.rules)
    known = profile or Profile()
    running = run_ordered(ordered, scoring, company=Company(fit_of(scoring.ideal, known), contact, learned))
    return explain_followed(ordered, running, at=at, profile=known, goal_names=goal_names) if running else None


def explain_followed(
    ordered: Ordered, running: Running, *, at: datetime, profile: Profile, goal_names: GoalNames | None = None
) -> Explanation:
    """Return the same of an activity that was followed to its end, which isn't after that moment."""
    scoring, sums = running.scoring, running.sums()
    score, weights = parts_at(sums, scoring.weights, at), scoring.weights
    parts = [
        _Part(PartName.INTENT, score.intent, weights.intent, _intent(ordered, scoring, sums, at, goal_names or {})),
        _Part(PartName.ENGAGEMENT, score.engagement, weights.engagement, _engagement(ordered, sums, at)),
        _Part(PartName.FIT, score.fit, weights.fit, _fit(fit_judged(scoring.ideal, profile), score.fit)),
        _Part(PartName.CONTACT, score.contact, weights.contact, _single("Contact", score.contact)),
        _Part(PartName.LEARNED, score.learned, weights.learned, _single("Learned", score.learned)),
    ]
    return Explanation(at, as_shown(score.total), _shown(parts, score.total), score)


def _shown(parts: Sequence[_Part], total: float) -> list[PartShown]:
    """Return the parts with whole points that add up."""
    weight = sum(part.weight for part in parts if part.score is not None)
    shares = [part.weight / weight if part.score is not None and weight > 0 else 0.0 for part in parts]
    adds = [share * (part.score or 0.0) for share, part in zip(shares, parts, strict=True)]
    points = whole_points(adds, as_shown(total))
    shown = []
    for part, share, of_total in zip(parts, shares, points, strict=True):
        score = None if part.score is None else as_shown(part.score)
        reasons = _rounded(part.reasons, score or 0, share, of_total)
        shown.append(PartShown(part.name, PART_LABELS[part.name], score, share, of_total, reasons))
    return shown


def _rounded(reasons: Sequence[Reason], score: int, share: float, of_total: int) -> list[Reason]:
    if not reasons:
        return []
    values = [reason.value for reason in reasons]
    points = whole_points(values, score)
    total_points = whole_points([share * value for value in values], of_total)
    return [
        replace(one, points=own, total_points=whole)
        for one, own, whole in zip(reasons, points, total_points, strict=True)
    ]


def _engagement(ordered: Ordered, sums: Sums, at: datetime) -> list[Reason]:
    left = decay_ratio(sums.as_of, at)
    visits, views, minutes, scroll, visitors, recency = ingredients_at(sums, at)
    of = EngagementWeights
    engaged_s = sum(view.engaged_ms for view in ordered.views) / 1000
    per_visit = sums.views / sums.visits if sums.visits else 0.0
    people = len({visit.visitor_id for visit in ordered.visits})

    def reason(label: str, detail: str, value: float, weight: float) -> Reason:
        return Reason(label, f"{detail}; {formats.number(100 * weight)} points at most", value)

    return [
        reason("Visits", f"{_count(len(ordered.visits), 'visit')}, worth {_amount(left * sums.visits)} by now",
               visits, of.VISITS),
        reason("Page views per visit", f"{_amount(per_visit)} on average", views, of.VIEWS),
        reason("Engaged time", f"{formats.duration(engaged_s)}, worth"
               f" {formats.duration(60 * left * sums.engaged_minutes)} by now", minutes, of.MINUTES),
        reason("Scroll depth", f"{formats.percent(sums.scroll_ratio, 0)} on average", scroll, of.SCROLL),
        reason("Visitors", f"{_count(people, 'visitor')}, the day with most of them worth"
               f" {_amount(left * sums.visitors)} by now", visitors, of.VISITORS),
        reason("Recency", f"last seen {_days_ago(sums.as_of, at)}", recency, of.RECENCY),
    ]  # fmt: skip


def _intent(ordered: Ordered, scoring: Scoring, sums: Sums, at: datetime, goal_names: GoalNames) -> list[Reason]:
    hits: defaultdict[int, list[Hit]] = defaultdict(list)
    for found in hits_found(ordered, scoring):
        lasts = hits_last(scoring.rules[found.index])
        if lasts is None or at < found.hit.at + lasts:
            hits[found.index].append(found.hit)
    reasons = []
    for index in sorted(hits):
        rule = scoring.rules[index]
        evidence = _evidence(rule, hits[index], at, goal_names)
        earned = sum(one.value for one in evidence)
        value = max(rule.end, earned) if rule.end < 0 else min(rule.end, earned)
        detail = KINDS[rule.kind].words(rule.match, goal_names)
        if value != earned:
            detail += f"; {_amount(earned)} points, {'ended' if rule.end < 0 else 'capped'} at {_amount(rule.end)}"
        shown = evidence[:MOST_EVIDENCE]
        more, times = len(evidence) - len(shown), len(hits[index])
        reasons.append(Reason(rule.name, detail, value, rule=rule, evidence=shown, more=more, times=times))
    reasons.sort(key=lambda reason: -abs(reason.value))
    whole = sum(reason.value for reason in reasons)
    if whole > 100:
        reasons.append(Reason("Held at 100", f"the rules add up to {_amount(whole)}", 100 - whole))
    if whole < 0:
        reasons.append(Reason("Held at 0", f"the rules add up to {_amount(whole)}", -whole))
    return reasons


def _evidence(rule: Rule, hits: Sequence[Hit], at: datetime, goal_names: GoalNames) -> list[Evidence]:
    """Return hits by what they are about, the heaviest first."""
    grouped: defaultdict[str, list[Hit]] = defaultdict(list)
    for hit in hits:
        grouped[_what(rule, hit, goal_names)].append(hit)
    found = [
        Evidence(
            what=what,
            times=len(of_what),
            first_at=of_what[0].at,
            last_at=of_what[-1].at,
            visit_id=of_what[-1].visit_id,
            value=sum(rule.points * decay_ratio(hit.at, at) for hit in of_what),
        )
        for what, of_what in grouped.items()
    ]
    return sorted(found, key=lambda one: (-abs(one.value), one.what))


def _what(rule: Rule, hit: Hit, goal_names: GoalNames) -> str:
    what = hit.what
    if isinstance(what, PageView):
        return what.page.path
    if isinstance(what, Done):
        is_worth_asked = any(one.prop in (OWN_VALUE, OWN_CURRENCY) for one in rule.match.conditions)
        worth = f" of {money(what.value, what.currency)}" if is_worth_asked and what.value is not None else ""
        return f"{what.name}{worth}{f' on {what.page.path}' if what.page else ''}"
    if isinstance(what, Reached):
        return goal_names.get(what.goal_id, "a goal that is gone")
    return f"visit by {what.campaign or what.source or what.channel or 'unknown source'}"


def _fit(judged: Sequence[Judged], fit: float | None) -> list[Reason]:
    if fit is None:
        return []
    known = sum(one.is_met is not None for one in judged)
    reasons = []
    for one in judged:
        if one.is_met is None:
            detail = f"asked: {one.asked}; not known, so it doesn’t count"
        else:
            detail = f"{one.known}; asked: {one.asked}"
        reasons.append(Reason(CRITERION_LABELS[one.criterion], detail, 100 / known if one.is_met else 0.0))
    return reasons


def _single(label: str, score: float | None) -> list[Reason]:
    return [] if score is None else [Reason(label, "", score)]


def _count(count: int, noun: str) -> str:
    return f"{formats.number(count)} {noun}{'' if count == 1 else 's'}"


def _amount(amount: float) -> str:
    """Return an amount with one decimal where it has some."""
    return formats.number(round(amount, 1), 0 if round(amount, 1) == round(amount) else 1)


def _days_ago(since: datetime, at: datetime) -> str:
    days = (at - since).days
    return "within a day" if days < 1 else f"{_count(days, 'day')} ago"
