"""Filters as they stand in an address. What they choose is tested through the reports (tests/analytics)."""

import pytest

from apps.tracking.filters import FIELDS, MAX_FILTERS, MAX_VALUES, Op, filters_read


@pytest.mark.parametrize(
    ("texts", "expected"),
    [
        (["country:is:DE"], [("country", Op.IS, ("DE",))]),
        (["country:is:DE|AT"], [("country", Op.IS, ("DE", "AT"))]),
        (["country:is_not:DE"], [("country", Op.IS_NOT, ("DE",))]),
        (["page:contains:/docs"], [("page", Op.CONTAINS, ("/docs",))]),
        # Colons and bars belong to values, too.
        (["page:is:/a:b:c"], [("page", Op.IS, ("/a:b:c",))]),
        ([r"campaign:is:a\|b|c\\d"], [("campaign", Op.IS, ("a|b", "c\\d"))]),
        # Unknown is an empty value.
        (["city:is:"], [("city", Op.IS, ("",))]),
        (["company:is:42|"], [("company", Op.IS, ("42", ""))]),
        # The same question twice is one with alternatives; a value counts once.
        (["page:is:/a", "page:is:/b", "page:is:/a"], [("page", Op.IS, ("/a", "/b"))]),
        (["page:is:/a", "page:is_not:/b"], [("page", Op.IS, ("/a",)), ("page", Op.IS_NOT, ("/b",))]),
    ],
)
def test_a_filter_is_read(texts: list[str], expected: list[tuple[str, Op, tuple[str, ...]]]) -> None:
    filters = filters_read(texts)
    assert filters.problems == ()
    assert [(item.field.name, item.op, item.values) for item in filters.items] == expected


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "no filter called"),
        ("country", "can't be filtered"),
        ("country:is", "can't be filtered"),
        ("country:like:DE", "“like”"),
        ("country:contains:D", "“contains”"),
        ("password:is:x", "“password”"),
        ("site_id:is:1", "“site_id”"),
        ("page__regex:is:x", "“page__regex”"),
        ("page:contains:", "contains: what?"),
        ("page:is:\x00", "isn't readable"),
        ("page:is:" + "a" * 501, "isn't readable"),
        ("company:is:1 OR 1=1", "by its number"),
        ("company:is:" + "9" * 19, "by its number"),
        ("page:is:" + "|".join(str(number) for number in range(MAX_VALUES + 1)), "more than"),
    ],
)
def test_a_bad_filter_is_dropped_and_named(text: str, says: str) -> None:
    filters = filters_read([text, "country:is:DE"])
    assert [item.field.name for item in filters.items] == ["country"]
    assert len(filters.problems) == 1
    assert says in filters.problems[0]


def test_there_is_an_end_to_filters() -> None:
    filters = filters_read([f"{name}:is:x" for name in FIELDS if name != "company"])
    assert len(filters.items) == MAX_FILTERS
    assert len(filters.problems) == len(FIELDS) - 1 - MAX_FILTERS


@pytest.mark.parametrize(
    "text", ["country:is:DE|AT", "page:contains:/docs", r"campaign:is:a\|b|c\\d", "city:is_not:", r"page:is:\|\|"]
)
def test_a_filter_comes_back_as_it_was(text: str) -> None:
    assert filters_read([text]).texts == [text]


def test_pressing_a_row_asks_for_it_and_pressing_it_again_does_not() -> None:
    filters = filters_read(["country:is:DE", "channel:is_not:Direct"])
    narrowed = filters.narrowed("country", "AT")
    assert narrowed.texts == ["channel:is_not:Direct", "country:is:AT"]
    assert narrowed.narrowed("country", "AT").texts == ["channel:is_not:Direct"]


def test_one_filter_is_taken_away_or_turned() -> None:
    filters = filters_read(["country:is:DE", "channel:is:Direct"])
    assert filters.without(filters.items[0]).texts == ["channel:is:Direct"]
    assert filters.turned(filters.items[1], Op.IS_NOT).texts == ["country:is:DE", "channel:is_not:Direct"]
