"""Filters as a page shows them: chips in words, each with the address without it, and the form for one more."""

import pytest
from django.http import QueryDict

from apps.tracking.filter_bar import added_filter_url, filter_bar, filters_of


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("country:is:DE|AT", "Country is Germany or Austria"),
        ("country:is_not:", "Country is not unknown"),
        ("city:is:DE>Bavaria>Munich", "City is Munich, Germany"),
        ("city:is:Munich", "City is Munich"),
        ("region:is:DE>", "Region is unknown, Germany"),
        ("network:is:consumer", "Network is Internet provider"),
        ("device:is:mobile", "Device is Mobile"),
        ("page:contains:/docs", "Page contains /docs"),
        ("company:is:7", "Company is Varnholt AG"),
        ("company:is:8", "Company is number 8"),
        ("company:is:", "Company is of no known company"),
    ],
)
def test_a_chip_says_what_is_filtered(text: str, words: str) -> None:
    query = QueryDict(mutable=True)
    query["f"] = text
    bar = filter_bar(filters_of(query), path="/", query=query, company_names={"7": "Varnholt AG"})
    assert [f"{chip.field} {chip.op} {chip.value}" for chip in bar.chips] == [words]


def test_a_chip_leads_to_the_page_without_it() -> None:
    query = QueryDict("period=7d&f=country:is:DE&f=channel:is:Direct&page=2")
    bar = filter_bar(filters_of(query), path="/s/x/", query=query)
    assert bar.chips[0].remove_url == "/s/x/?period=7d&f=channel%3Ais%3ADirect"
    assert bar.clear_url == "/s/x/?period=7d"


@pytest.mark.parametrize(
    ("sent", "added"),
    [
        ("filter_field=page&filter_op=contains&filter_value=/docs", "f=page%3Acontains%3A%2Fdocs"),
        ("filter_field=country&filter_op=is&filter_value=austria", "f=country%3Ais%3AAT"),
        ("filter_field=country&filter_op=is&filter_value=at", "f=country%3Ais%3AAT"),
        ("filter_field=country&filter_op=is&filter_value=unknown", "f=country%3Ais%3A"),
        ("filter_field=country&filter_op=contains&filter_value=Austria", "f=country%3Ais%3AAT"),
        ("filter_field=network&filter_op=is&filter_value=vpn", "f=network%3Ais%3Avpn"),
        ("filter_field=campaign&filter_op=is&filter_value=a|b", "f=campaign%3Ais%3Aa%5C%7Cb"),
        ("filter_field=shoe_size&filter_op=is&filter_value=42", "f=shoe_size%3Ais%3A"),
    ],
)
def test_the_form_adds_a_filter_to_the_address(sent: str, added: str) -> None:
    url = added_filter_url(QueryDict(f"period=7d&f=source:is:Google&{sent}"), path="/s/x/")
    assert url == f"/s/x/?period=7d&f=source%3Ais%3AGoogle&{added}"


def test_without_the_form_there_is_nothing_to_add() -> None:
    assert added_filter_url(QueryDict("period=7d"), path="/s/x/") is None
