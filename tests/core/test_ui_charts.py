from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from apps.core import charts, sparks
from apps.core.axes import Unit
from apps.core.charts import LineChart, Series
from apps.core.periods import Period, period_read

BERLIN = ZoneInfo("Europe/Berlin")
NOW = datetime(2026, 11, 20, 8, 41, tzinfo=UTC)


def chart_of(period: Period, values: list[float | None], before: list[float | None] | None = None) -> LineChart:
    buckets = period.span.buckets(period.granularity)
    previous = None
    if before is not None:
        assert period.comparison is not None
        previous = Series(period.comparison, period.comparison.buckets(period.granularity), before)
    return charts.line_chart(
        name="Visitors",
        unit=Unit.COUNT,
        granularity=period.granularity,
        current=Series(period.span, buckets, values),
        previous=previous,
        now=NOW,
        zoom_url="/s/kestrel/?from={from}&to={to}",
    )


@pytest.fixture
def week() -> Period:
    return period_read({"period": "7d"}, zone=BERLIN, now=NOW)


def test_the_running_day_is_drawn_apart(week: Period) -> None:
    chart = chart_of(week, [10, 20, 30, 40, 50, 60, 5])
    assert chart.data["partial"] == 6
    assert chart.current_path.count("L") == 5
    assert chart.partial_path == "M83.33 0.00L100.00 91.67"


def test_the_period_before_is_matched_by_index(week: Period) -> None:
    chart = chart_of(week, [10, 20, 30, 40, 50, 60, 5], [20, 20, 20, 20, 20, 20, 20])
    assert (chart.rows[0].label, chart.rows[0].previous_label) == ("Sat 14 Nov", "Sat 7 Nov")
    assert chart.rows[3].change.text == "+100%"
    assert chart.data["changes"][0] == {"text": "−50.0%", "tone": ""}


def test_it_names_weekends_and_the_days_to_zoom_to(week: Period) -> None:
    chart = chart_of(week, [1] * 7)
    assert chart.data["weekends"] == [0, 1]
    assert chart.data["days"][0] == ("2026-11-14", "2026-11-14")


def test_hours_to_come_are_not_drawn_as_zero() -> None:
    today = period_read({"period": "today"}, zone=BERLIN, now=NOW)
    chart = chart_of(today, [float(hour) for hour in range(24)])
    assert chart.data["current"][9] == 9
    assert chart.data["current"][10:] == [None] * 14
    assert chart.data["ticks"][9] == "09:00"
    assert chart.rows[10].current == "–"


def test_an_empty_period_says_so(week: Period) -> None:
    chart = chart_of(week, [None] * 7)
    assert chart.summary == "Visitors: nothing in this period."
    assert chart.data["axis"] == [0, 1]
    assert chart.area_path == ""


def test_its_summary_says_what_eyes_would_see(week: Period) -> None:
    chart = chart_of(week, [10, 20, 30, 1250, 50, 60, 5])
    assert chart.summary == "Visitors, Sat 14 Nov to Fri 20 Nov: lowest 5 (Fri 20 Nov), highest 1,250 (Tue 17 Nov)."


@pytest.mark.parametrize(
    ("largest", "unit", "axis"),
    [
        (0, Unit.COUNT, [0, 1]),
        (1, Unit.COUNT, [0, 1]),
        (3, Unit.COUNT, [0, 1, 2, 3]),
        (5, Unit.COUNT, [0, 2, 4, 6]),
        (1043, Unit.COUNT, [0, 300, 600, 900, 1200]),
        (1_234_567, Unit.COUNT, [0, 400_000, 800_000, 1_200_000, 1_600_000]),
        (2.97, Unit.VALUE, [0, 0.75, 1.5, 2.25, 3]),
        (0.44, Unit.RATIO, [0, 0.15, 0.3, 0.45]),
        (1, Unit.RATIO, [0, 0.25, 0.5, 0.75, 1]),
        (134, Unit.DURATION, [0, 60, 120, 180]),
    ],
)
def test_the_axis_is_round_and_reaches_the_largest(week: Period, largest: float, unit: Unit, axis: list[float]) -> None:
    buckets = week.span.buckets(week.granularity)
    series = Series(week.span, buckets, [largest] * len(buckets))
    chart = charts.line_chart(name="x", unit=unit, granularity=week.granularity, current=series, previous=None, now=NOW)
    assert chart.data["axis"] == axis


def test_a_single_bucket_is_no_line_and_no_error() -> None:
    day = period_read({"period": "custom", "from": "2026-11-18", "to": "2026-11-18", "by": "day"}, zone=BERLIN, now=NOW)
    buckets = day.span.buckets(day.granularity)[:1]
    chart = charts.line_chart(
        name="x",
        unit=Unit.COUNT,
        granularity=day.granularity,
        current=Series(day.span, buckets, [4]),
        previous=None,
        now=NOW,
        zoom_url="/x",
    )
    assert chart.data["zoom"] == ""


def test_a_sparkline_needs_two_values() -> None:
    assert sparks.spark([5]) is None
    spark = sparks.spark([0, 10, 5], last=1)
    assert spark is not None
    assert spark.past == "M1.0 24.0L55.0 4.0"
    assert spark.now == "M55.0 4.0L109.0 14.0"
    assert spark.end == (109.0, 14.0)


def test_a_flat_sparkline_lies_in_the_middle() -> None:
    spark = sparks.spark([3, 3, 3])
    assert spark is not None
    assert spark.end == (109.0, 14.0)


def test_columns_stand_on_the_floor() -> None:
    tall, none = sparks.columns([10, 0])
    assert (tall.y, tall.height) == (8.0, 58.0)
    assert (none.y, none.height) == (65.0, 1.0)
    assert sparks.columns([]) == []


def test_its_axes_are_written_without_script_too(week: Period) -> None:
    chart = chart_of(week, [10, 20, 30, 1043, 50, 60, 5])
    assert [(label.at, label.text) for label in chart.values] == [
        (75.0, "300"),
        (50.0, "600"),
        (25.0, "900"),
        (0.0, "1.2k"),
    ]
    assert [(label.text, label.anchor) for label in chart.dates] == [
        ("14 Nov", "start"),
        ("16 Nov", "middle"),
        ("18 Nov", "middle"),
        ("20 Nov", "end"),
    ]
