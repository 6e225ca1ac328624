"""A score's row: written from sums, and read back as sums."""

from datetime import datetime

from .models import Score
from .rules import Weights
from .sums import Category, RuleSum, Sums, Temperature

# What is made anew with each reckoning; what was told last is kept by `telling`.
MADE = (
    "version_id", "as_of", "visits", "views", "engaged_minutes", "scroll_ratio", "visitors", "rule_sums", "rule_caps",
    "brief_rules", "brief_points", "brief_until", "fit", "contact", "learned", "weights", "temperature", "category",
    "calculated_at",
)  # fmt: skip


def row_of(
    sums: Sums, *, site_id: int, company_id: int, weights: Weights, version_id: int | None, calculated_at: datetime
) -> Score:
    """Return the row of a company's sums, not stored and with nothing told."""
    brief = [(place, *hit) for place, rule in enumerate(sums.rules, start=1) for hit in rule.brief]
    return Score(
        site_id=site_id,
        company_id=company_id,
        version_id=version_id,
        as_of=sums.as_of,
        visits=sums.visits,
        views=sums.views,
        engaged_minutes=sums.engaged_minutes,
        scroll_ratio=sums.scroll_ratio,
        visitors=sums.visitors,
        rule_sums=[rule.total for rule in sums.rules],
        rule_caps=[rule.cap for rule in sums.rules],
        brief_rules=[place for place, _, _ in brief],
        brief_points=[points for _, points, _ in brief],
        brief_until=[until for _, _, until in brief],
        fit=sums.fit,
        contact=sums.contact,
        learned=sums.learned,
        weights=[weights.contact, weights.fit, weights.intent, weights.engagement, weights.learned],
        temperature=sums.temperature.value,
        category=sums.category.value,
        calculated_at=calculated_at,
    )


def sums_in(row: Score) -> Sums:
    """Return what a row holds. Its rules have no names: those are of its version."""
    brief: dict[int, list[tuple[float, datetime]]] = {}
    for place, points, until in zip(row.brief_rules, row.brief_points, row.brief_until, strict=True):
        brief.setdefault(place, []).append((points, until))
    return Sums(
        as_of=row.as_of,
        visits=row.visits,
        views=row.views,
        engaged_minutes=row.engaged_minutes,
        scroll_ratio=row.scroll_ratio,
        visitors=row.visitors,
        rules=tuple(
            RuleSum("", total, cap, tuple(brief.get(place, ())))
            for place, (total, cap) in enumerate(zip(row.rule_sums, row.rule_caps, strict=True), start=1)
        ),
        fit=row.fit,
        contact=row.contact,
        learned=row.learned,
        temperature=Temperature(row.temperature),
        category=Category(row.category),
    )


def weights_in(row: Score) -> Weights:
    return Weights(*row.weights)
