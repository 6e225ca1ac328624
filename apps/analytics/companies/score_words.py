"""A score in words: the verdict, its parts with their reasons in points that add up, and the chart of its history."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta, tzinfo
from zoneinfo import ZoneInfo

from django.urls import reverse

from apps.core import formats
from apps.core.axes import Scale, Unit, Zone
from apps.core.charts import LineChart, Mark, Series, line_chart
from apps.core.periods import Granularity, Span
from apps.scoring.formulas import HOT_FROM, WARM_FROM, as_shown
from apps.scoring.history import History, Moved
from apps.scoring.reasons import PART_LABELS, Evidence, Explanation, PartName, PartShown, Reason
from apps.scoring.rules import IdealCustomer, Weights
from apps.scoring.sums import Category, Parts, Temperature
from apps.sites.models import Site

from .score import HISTORY_DAYS, Scored

NAMED_REASONS = 3
# The parts that the chart of the history draws beside the total.
DRAWN = (PartName.ENGAGEMENT, PartName.INTENT, PartName.FIT)
LOOK_BACK = timedelta(days=7)
CATEGORIES = {Category.HIGH_INTENT: "High Intent", Category.RESEARCHING: "Researching", Category.LOOKER: "Looker"}
_STATES = {
    Temperature.HOT: "Hot",
    Temperature.WARM: "Warm",
    Temperature.COLD: "Cold",
    Category.HIGH_INTENT: "High intent",
    Category.RESEARCHING: "Researching",
    Category.LOOKER: "Looker",
}
_LABELS = {PartName.FIT: "Fit to your ideal customer", PartName.LEARNED: "Learned from conversions"}
_HELP = {
    PartName.ENGAGEMENT: "How much and how lately they came and read.",
    PartName.INTENT: "Points for what they did, by the site’s rules.",
    PartName.FIT: "What is known of the company against the ideal customer.",
}
SCALE = Scale(
    steps=[(float(WARM_FROM), f"Warm {WARM_FROM}"), (float(HOT_FROM), f"Hot {HOT_FROM}"), (100.0, "100")],
    zones=[Zone("hot", HOT_FROM, 100), Zone("warm", WARM_FROM, HOT_FROM)],
)


@dataclass(frozen=True, slots=True)
class EvidenceLine:
    """`what` how often, and `at`, `url`: the visit in which it was last; no address where one is there already."""

    what: str
    times: str
    at: datetime
    url: str


@dataclass(frozen=True, slots=True)
class ReasonLine:
    points: str
    is_minus: bool
    label: str
    detail: str
    evidence: Sequence[EvidenceLine]
    more: int


@dataclass(frozen=True, slots=True)
class PartLine:
    """A part of the total. `points`: what it adds to it; `x`, `width`: its stretch of the bar, of 100."""

    number: int
    label: str
    points: str
    detail: str
    score: int | None
    reasons: Sequence[ReasonLine]
    reasons_label: str
    is_open: bool
    x: float
    width: float


@dataclass(frozen=True, slots=True)
class VisitScore:
    """A visit's own score: engagement and intent, each with its reasons."""

    category: str
    parts: Sequence[PartLine]


@dataclass(frozen=True, slots=True)
class ScoreView:
    total: int
    temperature: str
    category: str
    sentence: str
    parts: Sequence[PartLine]
    unknown: Sequence[PartLine]
    formula: str
    hot_from: int
    chart: LineChart
    is_of_site: bool


def score_view(scored: Scored, site: Site, *, zone: ZoneInfo) -> ScoreView:
    """Return the score as the page shows it."""
    explanation = scored.explanation
    known = [part for part in explanation.parts if part.score is not None and part.weight_ratio > 0]
    known.sort(key=lambda part: -part.points)
    unknown = [part for part in explanation.parts if part not in known]
    reached, lines = 0, []
    for number, part in enumerate(known, start=1):
        lines.append(_part(part, scored, site, number=number, x=reached))
        reached += part.points
    return ScoreView(
        total=explanation.total,
        temperature=explanation.score.temperature.value,
        category=CATEGORIES[explanation.score.category],
        sentence=_sentence(scored),
        parts=lines,
        unknown=[_part(part, scored, site, number=0, x=0) for part in unknown],
        formula=_formula(known, scored.scoring.weights),
        hot_from=HOT_FROM,
        chart=history_chart(scored.history, at=scored.at, zone=zone),
        is_of_site=scored.is_of_site,
    )


def visit_score(explanation: Explanation) -> VisitScore:
    """Return a visit’s own score as its page shows it; evidence leads nowhere, since all of it is in this visit."""
    wanted = (PartName.INTENT, PartName.ENGAGEMENT)
    return VisitScore(
        category=CATEGORIES[explanation.score.category],
        parts=[
            _line(part, number=number, points=str(part.score), detail=_HELP[part.name], reasons=_reasons(part, None))
            for number, part in enumerate(map(explanation.part, wanted), start=1)
        ],
    )


def _sentence(scored: Scored) -> str:
    intent = scored.explanation.part(PartName.INTENT)
    strong = [reason for reason in intent.reasons if reason.points > 0 and reason.rule][:NAMED_REASONS]
    named = ", ".join(f"{reason.label}{_often(reason)}" for reason in strong)
    said = f"{named[0].upper()}{named[1:]}. " if named else "Nothing yet that a rule gives points for. "
    return said + _moved_by(scored)


def _often(reason: Reason) -> str:
    return f" ({formats.number(reason.times)} times)" if reason.times > 1 else ""


def _moved_by(scored: Scored) -> str:
    """Return how far the total has moved within a week."""
    before = [point for point in scored.history.points if point.at <= scored.at - LOOK_BACK]
    if not before:
        return "First seen within these 7 days."
    difference = scored.explanation.total - as_shown(before[-1].parts.total)
    if difference == 0:
        return "As high as 7 days ago."
    points = f"{abs(difference)} point{'' if abs(difference) == 1 else 's'}"
    return f"{'Up' if difference > 0 else 'Down'} {points} within 7 days."


# --- parts ------------------------------------------------------------------------------------------------------------


def _part(part: PartShown, scored: Scored, site: Site, *, number: int, x: float) -> PartLine:
    weight = _weight(scored.scoring.weights, part.name)
    if part.score is None:
        detail = _unknown(part.name, scored.scoring.ideal)
    elif weight == 0:
        detail = f"{part.score} of 100, weight 0: it doesn’t count"
    else:
        detail = f"{part.score} of 100, weight {_plain(weight)}. {_help(part.name, scored)}".rstrip()
    points = str(part.points) if number else "–"
    return _line(part, number=number, points=points, detail=detail, reasons=_reasons(part, site), x=x)


def _line(
    part: PartShown, *, number: int, points: str, detail: str, reasons: Sequence[ReasonLine], x: float = 0
) -> PartLine:
    return PartLine(
        number=number,
        label=_LABELS.get(part.name, part.label),
        points=points,
        detail=detail,
        score=part.score,
        reasons=reasons,
        reasons_label=f"{len(reasons)} reason{'' if len(reasons) == 1 else 's'}",
        is_open=part.name is PartName.INTENT,
        x=x,
        width=max(0.0, part.points - 0.3),
    )


def _help(name: PartName, scored: Scored) -> str:
    if name is PartName.INTENT:
        return f"{CATEGORIES[scored.explanation.score.category]}. {_HELP[name]}"
    return _HELP.get(name, "")


def _unknown(name: PartName, ideal: IdealCustomer) -> str:
    match name:
        case PartName.CONTACT:
            return "nobody known yet, so it neither helps nor harms"
        case PartName.LEARNED:
            return "silent: no model yet, so it neither helps nor harms"
        case PartName.FIT if ideal == IdealCustomer():
            return "no ideal customer is described yet, so it neither helps nor harms"
        case _:
            return "nothing known to compare, so it neither helps nor harms"


def _reasons(part: PartShown, site: Site | None) -> list[ReasonLine]:
    """Return a part's reasons; with a site their evidence leads to its visits."""
    return [_reason(reason, site) for reason in part.reasons]


def _reason(reason: Reason, site: Site | None) -> ReasonLine:
    return ReasonLine(
        points=formats.number(reason.points) if reason.points >= 0 else f"−{formats.number(-reason.points)}",
        is_minus=reason.points < 0,
        label=reason.label,
        detail=reason.detail,
        evidence=[_evidence(one, site) for one in reason.evidence],
        more=reason.more,
    )


def _evidence(one: Evidence, site: Site | None) -> EvidenceLine:
    times = f"{formats.number(one.times)} times, last" if one.times > 1 else ""
    url = reverse("analytics:site-visit", args=[site.slug, one.visit_id]) if site else ""
    return EvidenceLine(one.what, times, one.last_at, url)


def _weight(weights: Weights, name: PartName) -> float:
    return float(getattr(weights, name.value))


def _formula(known: Sequence[PartShown], weights: Weights) -> str:
    """Return how the total follows from the parts: "(0.35 × 71 + 0.15 × 100) ÷ 0.5"."""
    terms = " + ".join(f"{_plain(_weight(weights, part.name))} × {part.score}" for part in known)
    return f"({terms}) ÷ {_plain(sum(_weight(weights, part.name) for part in known))}"


def _plain(value: float) -> str:
    """Return a weight with as many decimals as it has; none has more than four."""
    return f"{value:.4f}".rstrip("0").rstrip(".")


# --- history ----------------------------------------------------------------------------------------------------------


def history_chart(history: History, *, at: datetime, zone: ZoneInfo) -> LineChart:
    """Return the total and its parts at the end of each local day, today's as they are now, with what moved it.

    Parts that weren't known on any day are left out.
    """
    today = at.astimezone(zone).date()
    span = Span(today - timedelta(days=HISTORY_DAYS - 1), today, zone)
    buckets = span.buckets(Granularity.DAY)
    # Of several at one moment the last is what was so after all of it.
    points = {point.at: point.parts for point in history.points}
    ends = [points.get(min(bucket.end, at)) for bucket in buckets]
    parts = {PART_LABELS[name]: _by_day(ends, name.value) for name in DRAWN}
    days = {bucket.start.astimezone(zone).date(): index for index, bucket in enumerate(buckets)}
    return line_chart(
        name="Total score",
        unit=Unit.COUNT,
        granularity=Granularity.DAY,
        current=Series(span, buckets, _by_day(ends, "total")),
        previous=None,
        now=at,
        marks=[mark for one in history.moved if (mark := _mark(one, days, zone))],
        scale=SCALE,
        others={name: values for name, values in parts.items() if values.count(None) < len(values)},
    )


def _by_day(ends: Sequence[Parts | None], name: str) -> list[float | None]:
    values: list[float | None] = [getattr(parts, name, None) for parts in ends]
    return [None if value is None else float(as_shown(value)) for value in values]


def _mark(moved: Moved, days: Mapping[date, int], zone: tzinfo) -> Mark | None:
    # What cooled down while nobody came did so in the day that ends at that moment.
    at = moved.at if moved.hit else moved.at - timedelta(microseconds=1)
    local = at.astimezone(zone)
    index = days.get(local.date())
    if index is None:
        return None
    if moved.changed is not None:
        state = _STATES[moved.changed.after]
        label = state if isinstance(moved.changed.after, Temperature) else ""
        return Mark(index, f"{state} with {moved.changed.shown}", label)
    if moved.rule is not None:
        return Mark(index, f"{local:%H:%M} {moved.rule.name}, first of these days: {moved.total}")
    return None
