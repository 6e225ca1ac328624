"""The period picker: every entry an address that keeps the rest of the page's."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from django.http import QueryDict

from apps.core.period_picker import PeriodPicker, period_picker
from apps.core.periods import period_read

NOW = datetime(2026, 11, 20, 8, 41, tzinfo=UTC)


def picker(query: str, *, compares: bool = True) -> PeriodPicker:
    asked = QueryDict(query)
    period = period_read(asked.dict(), zone=ZoneInfo("Europe/Vienna"), now=NOW)
    return period_picker(period, path="/s/x/", query=asked, compares=compares)


def test_an_entry_keeps_filters_and_forgets_the_page() -> None:
    entries = {entry.label: entry for group in picker("f=country:is:DE&page=3&sort=name").groups for entry in group}
    assert entries["Today"].url == "/s/x/?period=today&f=country%3Ais%3ADE&sort=name"
    assert entries["Last 30 days"].url == "/s/x/?f=country%3Ais%3ADE&sort=name"
    assert [entry.label for entry in entries.values() if entry.is_current] == ["Last 30 days"]


def test_a_step_keeps_them_too_and_there_is_none_into_the_future() -> None:
    found = picker("period=today&f=country:is:DE")
    assert found.earlier_url == "/s/x/?period=yesterday&f=country%3Ais%3ADE"
    assert found.later_url is None


def test_another_period_goes_back_to_the_usual_buckets() -> None:
    found = picker("period=30d&by=week&compare=year")
    assert found.groups[0][0].url == "/s/x/?period=today&compare=year"
    assert found.earlier_url is not None and "by=week" in found.earlier_url


def test_the_form_for_custom_days_carries_the_rest() -> None:
    custom = picker("compare=year&f=country:is:DE").custom
    assert (custom.first, custom.last, custom.latest) == ("2026-10-22", "2026-11-20", "2026-11-20")
    assert custom.hidden == [("compare", "year"), ("f", "country:is:DE")]


def test_the_comparison_is_chosen_likewise() -> None:
    found = picker("period=7d&compare=none")
    assert [(entry.url, entry.is_current) for entry in found.comparisons] == [
        ("/s/x/?period=7d", False),
        ("/s/x/?period=7d&compare=year", False),
        ("/s/x/?period=7d&compare=none", True),
    ]
    assert picker("", compares=False).comparisons == []
    assert picker("", compares=False).compare_custom is None
