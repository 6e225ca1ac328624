"""`/settings/networks`: how asking IPinfo goes, for owners and admins."""

from typing import Any

import pytest
from redis.exceptions import ConnectionError as Away

from apps.companies import enrichment_page
from apps.companies.enrichment import statistics
from apps.companies.enrichment.service import enrichment
from tests.cast import Cast

from .ipinfo import BANK, FORBIDDEN, NOBODY, FakeIPinfo, core

PAGE = "/settings/networks"


def text_of(response: Any) -> str:
    assert response.status_code == 200
    return " ".join(response.content.decode().split())


def test_without_a_token_it_says_who_is_asked_and_how_to_ask_more(cast: Cast) -> None:
    page = text_of(cast.browser(cast.admin).get(PAGE))
    assert "The local databases alone" in page
    assert "BEACON_IPINFO_TOKEN" in page


def test_it_shows_hits_requests_budget_and_times(cast: Cast, ipinfo: FakeIPinfo) -> None:
    ipinfo.entries = {BANK: core()}
    for _ in range(2):
        enrichment().resolve([BANK, NOBODY])
    for _ in range(20):
        statistics.request_count(entries=0, seconds=0.18)
    page = text_of(cast.browser(cast.owner).get(PAGE))
    assert "asked as needed" in page
    assert "2 of 5,000 addresses" in page
    assert '<td role="cell" class="num" data-label="Today">50.0%</td>' in page
    assert "2 of 150,000" in page  # of thirty days
    assert '<td role="cell" class="num" data-label="7 days">200 ms</td>' in page
    assert BANK not in page


def test_it_shows_what_is_wrong(cast: Cast, ipinfo: FakeIPinfo, settings: Any) -> None:
    ipinfo.script.append(FORBIDDEN)
    enrichment().resolve([BANK])
    settings.BEACON_IPINFO_BUDGET = 0
    page = text_of(cast.browser(cast.admin).get(PAGE))
    assert "left alone" in page
    assert "IPinfo answered 403" in page
    assert "spent until midnight" in page


def test_with_the_figures_server_away_the_page_still_comes(
    cast: Cast, ipinfo: FakeIPinfo, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away() -> dict[str, object]:
        raise Away("no connection")

    monkeypatch.setattr(enrichment_page, "_figures", away)
    assert "doesn’t answer" in text_of(cast.browser(cast.admin).get(PAGE))


def test_lower_roles_are_refused_and_outsiders_find_nothing(cast: Cast) -> None:
    for member in (cast.manager, cast.analyst, cast.viewer):
        assert cast.browser(member).get(PAGE).status_code == 403
    assert cast.browser(cast.outsider).get(PAGE).status_code == 404
    cast.admin.client_ids = [cast.first.id]
    cast.admin.save()
    assert cast.browser(cast.admin).get(PAGE).status_code == 404


def test_settings_lead_there_for_whom_it_is(cast: Cast) -> None:
    assert PAGE in text_of(cast.browser(cast.admin).get("/settings"))
    assert PAGE not in text_of(cast.browser(cast.manager).get("/settings"))
