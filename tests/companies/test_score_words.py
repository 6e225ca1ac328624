"""A score in words: its sentence, its formula, and the chart of its history. Pure: no page, no tables."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from apps.analytics.companies.score import HISTORY_DAYS, Scored
from apps.analytics.companies.score_words import ScoreView, history_chart, score_view
from apps.core.charts import LineChart
from apps.scoring.activity import Activity
from apps.scoring.defaults import DEFAULT_SCORING
from apps.scoring.fit import Profile
from apps.scoring.history import history_of
from apps.scoring.reasons import explain
from apps.scoring.rules import IdealCustomer, Scoring, Weights
from apps.scoring.running import Company
from apps.sites.models import Site
from tests.scoring.doing import Doing, on

UTC_ZONE = ZoneInfo("UTC")


def reader(paths: int = 1) -> Activity:
    """Somebody who read so many pages of the documentation, each once."""
    doing = Doing()
    visit = doing.visit(on(), minutes=30)
    for number in range(paths):
        doing.view(visit, f"/docs/page-{number}", at=on(0, number), s=20, percent=50)
    return doing.activity


def view_of(activity: Activity, scoring: Scoring, *, at: datetime, profile: Profile | None = None) -> ScoreView:
    explanation = explain(activity, scoring, at=at, profile=profile)
    assert explanation is not None
    history = history_of(activity, scoring, at=at, days=HISTORY_DAYS, zone=UTC_ZONE)
    scored = Scored(at, explanation, history, scoring, is_of_site=True)
    return score_view(scored, Site(slug="acme"), zone=UTC_ZONE)


def chart_of(activity: Activity, *, at: datetime, zone: ZoneInfo = UTC_ZONE, fit: float | None = None) -> LineChart:
    history = history_of(activity, DEFAULT_SCORING, at=at, days=HISTORY_DAYS, zone=zone, company=Company(fit=fit))
    return history_chart(history, at=at, zone=zone)


# --- sentence and formula ---------------------------------------------------------------------------------------------


def test_a_rule_counts_all_its_hits_also_those_that_are_not_shown() -> None:
    view = view_of(reader(paths=10), DEFAULT_SCORING, at=on(0, 40))
    assert view.sentence.startswith("Documentation or integration page (10 times). ")
    intent = next(part for part in view.parts if part.label == "Intent")
    assert (len(intent.reasons[0].evidence), intent.reasons[0].more) == (5, 5)


@pytest.mark.parametrize(
    ("weights", "formula"),
    [
        (Weights(intent=0.15, engagement=0.35, fit=0.25), "(0.25 × 100 + 0.35 × 34 + 0.15 × 10) ÷ 0.75"),
        (Weights(intent=0.125, engagement=0.35, fit=0.004), "(0.35 × 34 + 0.125 × 10 + 0.004 × 100) ÷ 0.479"),
        (Weights(intent=0.1234, engagement=1.0, fit=0.0001), "(1 × 34 + 0.1234 × 10 + 0.0001 × 100) ÷ 1.1235"),
    ],
)
def test_the_formula_has_the_weights_that_hold(weights: Weights, formula: str) -> None:
    scoring = Scoring(DEFAULT_SCORING.rules, weights=weights, ideal=IdealCustomer(countries=("DE",)))
    view = view_of(reader(), scoring, at=on(0, 40), profile=Profile(country="DE"))
    assert view.formula == formula
    said = {part.label: part.detail for part in view.parts}
    for label, weight in (("Intent", weights.intent), ("Fit to your ideal customer", weights.fit)):
        assert f" of 100, weight {weight:.4f}".rstrip("0") + "." in said[label]


# --- history ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("zone", "changed"),
    [
        ("Atlantic/Azores", datetime(2026, 10, 25, 12, tzinfo=UTC)),  # 1:00 is 0:00 again: midnight comes twice
        ("America/Havana", datetime(2026, 11, 1, 12, tzinfo=UTC)),
        ("America/Havana", datetime(2026, 3, 8, 12, tzinfo=UTC)),  # 0:00 is 1:00: there is no midnight
        ("America/Santiago", datetime(2026, 9, 6, 12, tzinfo=UTC)),
        ("Africa/Cairo", datetime(2026, 4, 24, 12, tzinfo=UTC)),
        ("Africa/Cairo", datetime(2026, 10, 30, 12, tzinfo=UTC)),
        ("Europe/Berlin", datetime(2026, 10, 25, 12, tzinfo=UTC)),
    ],
)
def test_no_day_is_lost_where_clocks_change(zone: str, changed: datetime) -> None:
    doing = Doing()
    visit = doing.visit(changed - timedelta(days=25), minutes=9)
    doing.view(visit, "/pricing", s=60, percent=80)
    values = chart_of(doing.activity, at=changed + timedelta(days=3), zone=ZoneInfo(zone)).data["current"]
    assert len(values) == HISTORY_DAYS
    first = next(index for index, value in enumerate(values) if value is not None)
    assert first == 1 and None not in values[first:]


@pytest.mark.parametrize("minutes", [-30, 30, 90])
def test_no_day_is_lost_while_midnight_is_there_twice(minutes: int) -> None:
    """Read on the Azores around the second midnight of a day."""
    at = datetime(2026, 10, 25, 1, tzinfo=UTC) + timedelta(minutes=minutes)
    doing = Doing()
    visit = doing.visit(at - timedelta(days=20), minutes=9)
    doing.view(visit, "/pricing", s=60, percent=80)
    values = chart_of(doing.activity, at=at, zone=ZoneInfo("Atlantic/Azores")).data["current"]
    assert [value is None for value in values] == [True] * 9 + [False] * 21


def test_the_chart_draws_the_parts_beside_the_total() -> None:
    """As they were at the end of each day: the last is what the page says of each part now."""
    at = on(3, 40)
    chart = chart_of(reader(paths=3), at=at, fit=75.0)
    assert [name for name, _ in chart.others] == ["Engagement", "Intent", "Fit"]
    assert all(path.startswith("M") for _, path in chart.others)
    explanation = explain(reader(paths=3), DEFAULT_SCORING, at=at)
    assert explanation is not None
    now = {part.label: part.score for part in explanation.parts} | {"Fit": 75}
    for line in chart.data["others"]:
        assert len(line["values"]) == HISTORY_DAYS
        assert line["values"][-1] == now[line["name"]] and line["values"][0] is None
    first, last = chart.rows[-4], chart.rows[-1]
    # Three pages of the documentation earn 30; at the end of that day, 15 hours later, these are worth 28.
    assert [first.others[1], first.others[2], last.others[2]] == ["28", "75", "75"]
    assert int(first.others[0]) > int(last.others[0]) and chart.rows[0].others == ["–", "–", "–"]


def test_a_part_that_is_not_known_has_no_line() -> None:
    chart = chart_of(reader(), at=on(3))
    assert [line["name"] for line in chart.data["others"]] == ["Engagement", "Intent"]
    assert len(chart.rows[0].others) == 2
