"""A score read in SQL is the one that is read in Python, at any moment; and which of several sites' is best."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from hypothesis import given, settings
from hypothesis import strategies as st

from apps.scoring.at_moment import COLUMNS, Selected, best_scores_select, scores_differing, scores_select
from apps.scoring.models import Score
from apps.scoring.rows import row_of, sums_in
from apps.scoring.rules import Weights
from apps.scoring.sums import Category, RuleSum, Sums, Temperature
from apps.scoring.telling import parts_of
from tests.cast import Cast

from .conftest import NOW


def floats(least: float, most: float) -> st.SearchStrategy[float]:
    """What is so small that PostgreSQL can't multiply it comes of no visits."""
    return st.floats(least, most).map(lambda number: round(number, 8))


AMOUNTS = floats(0, 10_000)
SHARES = st.none() | floats(0, 100)
POINTS = floats(-200, 400)
MOMENTS = [NOW, NOW - timedelta(days=3), NOW + timedelta(days=9), NOW + timedelta(days=400), NOW + timedelta(days=4000)]


@st.composite
def rows(draw: st.DrawFn) -> Score:
    rules = draw(st.lists(st.tuples(POINTS, st.sampled_from([-30.0, 5.0, 20.0, 80.0])), max_size=14))
    brief = draw(st.lists(st.tuples(st.integers(0, 13), POINTS, st.integers(0, 20)), max_size=6, unique_by=_place))
    ends: dict[int, list[tuple[float, datetime]]] = {}
    for place, points, days in sorted(brief, key=_place):
        ends.setdefault(place, []).append((points, NOW + timedelta(days=days)))
    sums = Sums(
        as_of=NOW,
        visits=draw(AMOUNTS),
        views=draw(AMOUNTS),
        engaged_minutes=draw(AMOUNTS),
        scroll_ratio=draw(floats(0, 1)),
        visitors=draw(AMOUNTS),
        rules=tuple(
            RuleSum(f"rule_{place}", points, cap, tuple(ends.get(place, ())))
            for place, (points, cap) in enumerate(rules)
        ),
        fit=draw(SHARES),
        contact=draw(SHARES),
        learned=draw(SHARES),
        temperature=draw(st.sampled_from(list(Temperature))),
        category=draw(st.sampled_from(list(Category))),
    )
    weights = Weights(*draw(st.lists(floats(0, 1), min_size=5, max_size=5)))
    row = row_of(sums, site_id=1, company_id=1, weights=weights, version_id=None, calculated_at=NOW)
    assert sums_in(row) == sums
    return row


def _place(brief: tuple[int, float, int]) -> tuple[int, int]:
    return brief[0], brief[2]


def asked(selected: Selected) -> list[dict[str, Any]]:
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {', '.join(COLUMNS)} FROM ({selected.sql}) AS moment", selected.params)
        return [dict(zip(COLUMNS, row, strict=True)) for row in cursor.fetchall()]


def test_sql_and_python_read_a_row_alike(in_alder: Cast) -> None:
    site_id = in_alder.site.id

    @settings(max_examples=25, deadline=None, database=None)
    @given(made=st.lists(rows(), min_size=8, max_size=8))
    def agree(made: list[Score]) -> None:
        Score.objects.all().delete()
        for number, row in enumerate(made):
            row.site_id, row.company_id = site_id, number
        Score.objects.bulk_create(made)
        for moment in MOMENTS:
            found = {row["company_id"]: row for row in asked(scores_select(site_ids=[site_id], at=moment))}
            assert len(found) == len(made)
            for row in made:
                _agree(found[row.company_id], row, moment)

    agree()


def test_of_several_sites_the_highest_counts(in_alder: Cast) -> None:
    low = _row(in_alder.site.id, 7, visits=1.0)
    high = _row(in_alder.other_site.id, 7, visits=5.0)
    _row(99, 7, visits=50.0)  # a site that isn't asked for
    of_one = _row(in_alder.site.id, 8, visits=2.0)
    best = asked(best_scores_select(site_ids=[low.site_id, high.site_id], at=NOW))
    assert [(row["company_id"], row["site_id"]) for row in best] == [(7, high.site_id), (8, of_one.site_id)]
    assert best[0]["total"] == pytest.approx(parts_of(high, NOW).total)


def test_the_database_finds_who_has_cooled_down(in_alder: Cast) -> None:
    warm = {"fit": 100.0, "engaged_minutes": 90.0, "visitors": 9.0}
    hot = _row(1, 1, visits=50.0, views=300.0, temperature="hot", told_temperature="hot", **warm)
    _row(1, 2, visits=50.0)
    for days, expected in ((0, []), (60, [(hot.id, 1, 1)])):
        selected = scores_differing(at=NOW + timedelta(days=days), after_id=0, limit=10)
        with connection.cursor() as cursor:
            cursor.execute(selected.sql, selected.params)
            assert cursor.fetchall() == expected


def _row(site_id: int, company_id: int, **fields: Any) -> Score:
    amounts = {"visits": 1.0, "views": 1.0, "engaged_minutes": 0.0, "scroll_ratio": 0.0, "visitors": 1.0}
    blank = {"as_of": NOW, "weights": [0.25, 0.25, 0.15, 0.35, 0.1], "temperature": "cold", "category": "looker"}
    made = amounts | blank | {"calculated_at": NOW} | fields
    return Score.objects.create(site_id=site_id, company_id=company_id, **made)


def _agree(found: dict[str, Any], row: Score, moment: datetime) -> None:
    parts = parts_of(row, moment)
    for name in ("total", "engagement", "intent", "fit", "contact", "learned"):
        assert found[name] == pytest.approx(getattr(parts, name), abs=1e-9), name
    # Where a score lies on a threshold to the last bit, either side is right.
    if abs((parts.total + 0.5) % 1) > 1e-9:
        assert found["temperature"] == parts.temperature
    if abs((parts.intent + 0.5) % 1) > 1e-9:
        assert found["category"] == parts.category
