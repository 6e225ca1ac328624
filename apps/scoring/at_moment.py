"""Scores at any moment, in SQL: what `sums.parts_at` says of a row, for lists that are sorted and filtered by it.

A row holds amounts as of the company's last activity. At a later moment each is worth 2^(-age / 7 days) of that, so a
list read tomorrow is right though nobody has touched its rows. Both say the same: tests/scoring/test_at_moment.py.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from . import formulas
from .rows import KEYS_OF_A_RULE
from .sums import Category, Temperature

# What is there, among others, in each of the selections. The parts are 0-100, null where nothing is known.
COLUMNS = (
    "site_id",
    "company_id",
    "as_of",
    "total",
    "engagement",
    "intent",
    "fit",
    "contact",
    "learned",
    "temperature",
    "category",
)
# PostgreSQL raises where a float gets too small to be one: no more half-lives, and no larger exponents, than these.
_MOST_HALF_LIVES = 200
_LARGEST_EXPONENT = 500
# Most companies meet few rules, and nearly none more than there are by default: so many are written out, and of them
# so many at a time are looked at together.
_USUAL, _TOGETHER = 12, 3
_HALF_LIFE_SECONDS = formulas.HALF_LIFE.total_seconds()


@dataclass(frozen=True, slots=True)
class Selected:
    """A SELECT with its parameters, to be put in parentheses into another."""

    sql: str
    params: list[Any]


def scores_select(
    *, site_ids: Sequence[int], at: datetime, company_ids: Sequence[int] | None = None, among: str = ""
) -> Selected:
    """Return the scores of these sites (of these companies alone) at a moment, a row each; columns are COLUMNS.

    `among`: a SELECT of the companies that are asked for, none of them twice, without parameters.
    """
    params: list[Any] = [at, list(site_ids)]
    where = "score.site_id = ANY(%s::bigint[])"
    if company_ids is not None:
        where += " AND score.company_id = ANY(%s::bigint[])"
        params.append(list(company_ids))
    # Not IN: of how many different ones there are in a table that is made on the way PostgreSQL knows nothing.
    joined = f" JOIN ({among}) AS asked (asked_id) ON asked.asked_id = score.company_id" if among else ""
    return Selected(_read(where, joined), params)


def hot_select(*, site_ids: Sequence[int], at: datetime) -> Selected:
    """Return the scores of these sites that are hot at a moment; columns are COLUMNS.

    Looked for among those that were told as hot, by their index: who has just become it is told with the reckoning.
    """
    where = "score.site_id = ANY(%s::bigint[]) AND score.told_temperature = 'hot'"
    sql = f"SELECT * FROM ({_read(where)}) AS moment WHERE temperature = 'hot'"
    return Selected(sql, [at, list(site_ids)])


def best_scores_select(*, site_ids: Sequence[int], at: datetime, among: str = "") -> Selected:
    """Return of each company the score of that of these sites where it is highest; columns are COLUMNS.

    Of equally high ones that of the site that was made first. `among` as in `scores_select`.
    """
    scores = scores_select(site_ids=site_ids, at=at, among=among)
    if len(site_ids) == 1:
        return scores
    best = f"SELECT DISTINCT ON (company_id) * FROM ({scores.sql}) AS every ORDER BY company_id, total DESC, site_id"
    return Selected(best, scores.params)


def _read(where: str, joined: str = "") -> str:
    return _SELECT.format(where=where, joined=joined)


def _sat(amount: str, scale: float) -> str:
    """Return `formulas.sat` of an amount."""
    return f"(1 - exp(-least({amount} / {scale}::float8, {_LARGEST_EXPONENT})))"


def _engagement() -> str:
    of = formulas.EngagementWeights
    parts = (
        (of.VISITS, _sat("visits * decay", formulas.VISITS_SCALE)),
        (of.VIEWS, _sat("coalesce(views / nullif(visits, 0), 0)", formulas.VIEWS_SCALE)),
        (of.MINUTES, _sat("engaged_minutes * decay", formulas.MINUTES_SCALE)),
        (of.SCROLL, "scroll_ratio"),
        (of.VISITORS, _sat("visitors * decay", formulas.VISITORS_SCALE)),
        (of.RECENCY, "decay"),
    )
    return "100 * (" + " + ".join(f"{weight}::float8 * {part}" for weight, part in parts) + ")"


def _total() -> str:
    # Weights in a row's array: contact, fit, intent, engagement, learned.
    points = "weights[3] * intent + weights[4] * engagement"
    weight = "weights[3] + weights[4]"
    for index, part in ((1, "contact"), (2, "fit"), (5, "learned")):
        points += f" + coalesce(weights[{index}] * {part}, 0)"
        weight += f" + CASE WHEN {part} IS NULL THEN 0 ELSE weights[{index}] END"
    return f"coalesce(least(100, greatest(0, ({points}) / nullif({weight}, 0))), 0)"


def _state(score: str, before: str, low: str, middle: str, high: str) -> str:
    """Return `formulas.temperature_after` (or `category_after`) of a score in a company that was `before`."""
    shown = f"floor({score} + 0.5)"
    return (
        f"CASE WHEN {shown} >= CASE {before} WHEN '{high}' THEN {formulas.HOT_UNTIL} ELSE {formulas.HOT_FROM} END"
        f" THEN '{high}'"
        f" WHEN {shown} >= CASE {before} WHEN '{low}' THEN {formulas.WARM_FROM} ELSE {formulas.WARM_UNTIL} END"
        f" THEN '{middle}' ELSE '{low}' END"
    )


def _rule_points(cap: str, amount: str) -> str:
    """Return `formulas.rule_points` of an amount as of the last activity."""
    return f"CASE WHEN {cap} < 0 THEN greatest({cap}, ({amount}) * decay) ELSE least({cap}, ({amount}) * decay) END"


def _brief(number: str) -> str:
    """Return what a rule's hits that count up to a moment only add at that moment; null in a row without any."""
    key = f"{number}::bigint * {KEYS_OF_A_RULE} + at_microseconds"
    return f"brief_amounts[width_bucket({key}, brief_keys) + 1]"


def _intent_of(most: int, *, has_brief: bool) -> str:
    """Return the intent of a row with so many rules at most, written out: far quicker than rows made of its arrays."""
    points = "0"
    for last in range(most, 0, -_TOGETHER):
        terms = []
        for number in range(last - _TOGETHER + 1, last + 1):
            amount = f"rule_sums[{number}]" + (f" + {_brief(str(number))}" if has_brief else "")
            terms.append(f"coalesce({_rule_points(f'rule_caps[{number}]', amount)}, 0)")
        points = (
            f"CASE WHEN cardinality(rule_sums) <= {last - _TOGETHER} THEN 0 ELSE {' + '.join(terms)} + {points} END"
        )
    return f"least(100, greatest(0, {points}))"


# OFFSET 0: each is reckoned once, and not wherever it is named. What is put together with nothing is the same, read
# once: an array in a row is packed, long ones lie compressed beside it, and it would be unpacked for each of the rules.
# `extract` gives decimal numbers, exact and slow, `date_part` floats: only the moment that brief hits are looked up by
# has to be exact.
_SELECT = f"""
SELECT id, site_id, company_id, as_of, told_temperature, told_category,
  total, engagement, intent, fit, contact, learned,
  {_state("total", "temperature", *Temperature)} AS temperature,
  {_state("intent", "category", *Category)} AS category
FROM (
    SELECT *, {_total()} AS total FROM (
        SELECT *, {_engagement()} AS engagement,
          CASE WHEN rule_sums = '{{{{}}}}' THEN 0
          WHEN NOT has_brief AND cardinality(rule_sums) <= {_USUAL} THEN {_intent_of(_USUAL, has_brief=False)}
          WHEN cardinality(rule_sums) <= {_USUAL} THEN {_intent_of(_USUAL, has_brief=True)}
          ELSE least(100, greatest(0, (
            SELECT sum({_rule_points("cap", f"amount + coalesce({_brief('number')}, 0)")})
            FROM unnest(rule_sums, rule_caps) WITH ORDINALITY AS rule(amount, cap, number)
          ))) END AS intent
        FROM (
            SELECT id, site_id, company_id, as_of, told_temperature, told_category, temperature, category,
              visits, views, engaged_minutes, scroll_ratio, visitors, fit, contact, learned,
              weights || '{{{{}}}}' AS weights,
              rule_sums || '{{{{}}}}' AS rule_sums, rule_caps || '{{{{}}}}' AS rule_caps,
              brief_keys <> '{{{{}}}}' AS has_brief,
              CASE WHEN brief_keys <> '{{{{}}}}' THEN brief_keys || '{{{{}}}}' END AS brief_keys,
              CASE WHEN brief_keys <> '{{{{}}}}' THEN brief_amounts || '{{{{}}}}' END AS brief_amounts,
              CASE WHEN brief_keys <> '{{{{}}}}' THEN (extract(epoch FROM at) * 1000000)::bigint END AS at_microseconds,
              power(2::float8, -least({_MOST_HALF_LIVES},
                date_part('epoch', at - as_of) / {_HALF_LIFE_SECONDS}::float8)) AS decay
            FROM (
                SELECT score.*, greatest(%s::timestamptz, as_of) AS at FROM score{{joined}} WHERE {{where}}
            ) AS here OFFSET 0
        ) AS decayed OFFSET 0
    ) AS parted OFFSET 0
) AS summed
"""


def scores_differing(*, at: datetime, after_id: int, limit: int) -> Selected:
    """Return the rows whose temperature or category at a moment is another than was told: (id, site, company), by id.

    What is cold and a looker can change by time alone only where points below zero fade away; most rows are neither.
    """
    may_differ = "(told_temperature <> 'cold' OR told_category <> 'looker' OR 0 > ANY(rule_caps)) AND score.id > %s"
    sql = (
        f"SELECT id, site_id, company_id FROM ({_read(may_differ)}) AS moment"
        " WHERE temperature <> told_temperature OR category <> told_category ORDER BY id LIMIT %s"
    )
    return Selected(sql, [at, after_id, limit])
