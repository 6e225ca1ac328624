import pytest

from apps.core.changes import UNKNOWN, Change, Kind, change


@pytest.mark.parametrize(
    ("now", "before", "expected"),
    [
        (18_033, 15_582, Change("up", "+15.7%", "more", "good")),
        (21_630, 27_451, Change("down", "−21.2%", "fewer", "bad")),
        # 2% of many visitors is beyond two standard deviations, but nobody's news.
        (33_018, 32_370, Change("up", "+2.0%", "more")),
        # 30% of few is within two standard deviations: 2 x sqrt(20 + 26) is more than the 6 by which they differ.
        (26, 20, Change("up", "+30.0%", "more")),
        (500, 500, Change("same", "±0%", "same")),
        (0, 0, Change("same", "±0%", "same")),
        (3000, 100, Change("up", "+2,900%", "more", "good")),
    ],
)
def test_it_says_how_a_count_changed(now: float, before: float, expected: Change) -> None:
    assert change(now, before) == expected


@pytest.mark.parametrize(("now", "before"), [(3, 1), (40, 0), (40, 9), (None, 100), (100, None)])
def test_it_makes_no_percentage_of_too_few(now: float | None, before: float | None) -> None:
    assert change(now, before) is UNKNOWN


def test_a_ratio_changes_by_points() -> None:
    assert change(0.416, 0.44, kind=Kind.RATIO, better="down") == Change("down", "−2.4 pt", "lower", "good")
    assert change(0.45, 0.44, kind=Kind.RATIO, better="down").tone == "bad"
    assert change(0.445, 0.44, kind=Kind.RATIO, better="down").tone == ""


def test_a_duration_changes_by_time() -> None:
    assert change(134, 125, kind=Kind.DURATION) == Change("up", "+9s", "longer", "good")
    assert change(68, 190, kind=Kind.DURATION) == Change("down", "−2m 02s", "shorter", "bad")
    assert change(68.2, 68.4, kind=Kind.DURATION) == Change("same", "±0s", "same")


def test_a_mean_of_few_visits_is_not_compared() -> None:
    assert change(2.97, 3.4, kind=Kind.VALUE, sample=4) is UNKNOWN
    assert change(2.97, 3.4, kind=Kind.VALUE, sample=400).text == "−12.6%"


def test_nothing_is_good_or_bad_where_no_direction_is() -> None:
    assert change(200, 100, better="").tone == ""
