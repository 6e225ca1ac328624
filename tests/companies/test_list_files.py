"""The list as a file: JSON and XLSX beside CSV, without formulas, whatever its length."""

import json
from io import BytesIO

import pytest
from openpyxl import load_workbook

from apps.analytics.companies import exports
from apps.companies.models import Company
from tests.cast import Cast, streamed

from .reading import csv_rows

SITE = "/s/first-site/companies"
COLS = "cols=visits,last,tags&sort=name"


@pytest.fixture
def dangerous(worked_month: Cast) -> Cast:
    """The month, with companies that are called as formulas are."""
    Company.objects.filter(domain="varnholt.example").update(name='=HYPERLINK("http://x.example")')
    Company.objects.filter(domain="quarrystone.example").update(name="@SUM(1)")
    return worked_month


def test_csv_is_harmless(dangerous: Cast) -> None:
    rows = csv_rows(streamed(dangerous.browser(dangerous.analyst).get(f"{SITE}?format=csv&{COLS}")))
    assert [row["Company"] for row in rows] == ['\'=HYPERLINK("http://x.example")', "'@SUM(1)"]


def test_json_holds_the_same(dangerous: Cast) -> None:
    answer = dangerous.browser(dangerous.analyst).get(f"{SITE}?format=json&{COLS}")
    rows = json.loads(streamed(answer))
    assert answer.headers["Content-Type"] == "application/json"
    assert rows[0] == {
        "Company": '=HYPERLINK("http://x.example")',
        "Domain": "varnholt.example",
        "Kind": "business",
        "Target account": "",
        "Visits": 3,
        "Last seen (UTC)": "2026-05-13T09:00:00+00:00",
        "Tags": "",
    }


def test_xlsx_has_texts_for_texts_and_moments_for_moments(dangerous: Cast) -> None:
    answer = dangerous.browser(dangerous.analyst).get(f"{SITE}?format=xlsx&{COLS}")
    sheet = load_workbook(BytesIO(streamed(answer))).active
    assert sheet is not None
    head, first, _ = sheet.iter_rows()
    assert [cell.value for cell in head][:2] == ["Company", "Domain"]
    assert (first[0].value, first[0].data_type) == ('=HYPERLINK("http://x.example")', "s")
    assert (first[4].value, first[4].data_type) == (3, "n")
    assert str(first[5].value) == "2026-05-13 09:00:00"


@pytest.mark.parametrize("form", ["csv", "json", "xlsx"])
def test_figures_are_read_in_slices(worked_month: Cast, form: str, monkeypatch: pytest.MonkeyPatch) -> None:
    browser, address = worked_month.browser(worked_month.analyst), f"{SITE}?format={form}&{COLS}"
    whole = streamed(browser.get(address))
    monkeypatch.setattr(exports, "SLICE_ROWS", 1)
    if form != "xlsx":  # which holds when it was made
        assert streamed(browser.get(address)) == whole
    else:
        sheet = load_workbook(BytesIO(streamed(browser.get(address)))).active
        assert sheet is not None and sheet.max_row == 3


@pytest.mark.parametrize("form", ["csv", "json", "xlsx"])
def test_an_empty_list_is_an_empty_file(in_alder: Cast, form: str) -> None:
    content = streamed(in_alder.browser(in_alder.analyst).get(f"{SITE}?format={form}"))
    if form == "json":
        assert json.loads(content) == []
    else:
        assert content
