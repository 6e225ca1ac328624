"""A score's row: written from sums, and read back as sums."""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta

from .models import Score
from .rules import Weights
from .sums import Category, RuleSum, Sums, Temperature

# In a key of `brief_keys` a rule's place comes first, and then microseconds since 1970, so many of them at most: so
# that one list of keys, in order, can be searched for a rule's at a moment. 3,168 years, and room for 92 rules.
KEYS_OF_A_RULE = 10**17
_EPOCH, _MICROSECOND = datetime(1970, 1, 1, tzinfo=UTC), timedelta(microseconds=1)

# What is made anew with each reckoning; what was told last is kept by `telling`.
MADE = (
    "version_id", "as_of", "visits", "views", "engaged_minutes", "scroll_ratio", "visitors", "rule_keys", "rule_sums",
    "rule_caps", "brief_keys", "brief_amounts", "fit", "contact", "learned", "weights", "temperature", "category",
    "calculated_at",
)  # fmt: skip


def row_of(
    sums: Sums, *, site_id: int, company_id: int, weights: Weights, version_id: int | None, calculated_at: datetime
) -> Score:
    """Return the row of a company's sums, not stored and with nothing told."""
    brief = list(_brief_in(sums.rules))
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
        rule_keys=[rule.key for rule in sums.rules],
        rule_sums=[rule.total for rule in sums.rules],
        rule_caps=[rule.cap for rule in sums.rules],
        brief_keys=[key for key, _ in brief],
        brief_amounts=[amount for _, amount in brief],
        fit=sums.fit,
        contact=sums.contact,
        learned=sums.learned,
        weights=[weights.contact, weights.fit, weights.intent, weights.engagement, weights.learned],
        temperature=sums.temperature.value,
        category=sums.category.value,
        calculated_at=calculated_at,
    )


def sums_in(row: Score) -> Sums:
    """Return what a row holds."""
    brief: dict[int, list[tuple[float, datetime]]] = {}
    for key, amount in zip(row.brief_keys, row.brief_amounts, strict=True):
        place, moment = divmod(key, KEYS_OF_A_RULE)
        if moment != KEYS_OF_A_RULE - 1:
            brief.setdefault(place, []).append((amount, _EPOCH + moment * _MICROSECOND))
    rules = zip(row.rule_keys, row.rule_sums, row.rule_caps, strict=True)
    return Sums(
        as_of=row.as_of,
        visits=row.visits,
        views=row.views,
        engaged_minutes=row.engaged_minutes,
        scroll_ratio=row.scroll_ratio,
        visitors=row.visitors,
        rules=tuple(
            RuleSum(key, total, cap, tuple(brief.get(place, ())))
            for place, (key, total, cap) in enumerate(rules, start=1)
        ),
        fit=row.fit,
        contact=row.contact,
        learned=row.learned,
        temperature=Temperature(row.temperature),
        category=Category(row.category),
    )


def weights_in(row: Score) -> Weights:
    return Weights(*row.weights)


def _brief_in(rules: Sequence[RuleSum]) -> Iterator[tuple[int, float]]:
    """Yield keys and amounts of what counts up to a moment only, each rule's ended by one that is worth nothing."""
    if not any(rule.brief for rule in rules):
        return
    for place, rule in enumerate(rules, start=1):
        for amount, until in rule.brief:
            yield place * KEYS_OF_A_RULE + (until - _EPOCH) // _MICROSECOND, amount
        yield (place + 1) * KEYS_OF_A_RULE - 1, 0.0
