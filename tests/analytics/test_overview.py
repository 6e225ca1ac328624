"""The overview page: figures, chart, what it says of itself; and who may see it."""

import gzip

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from apps.sites.models import Site
from tests.cast import Cast
from tests.factories_tracking import Page, visit_make

from .conftest import at

# Host, user, membership, site; visits at all, first and last day; two queries each for sums and course of period and
# comparison; people now; three for the shell's sites and three for how they are.
MOST_QUERIES = 24
MOST_BYTES = 150_000


def overview(cast: Cast, query: str = "", who: str = "viewer") -> str:
    response = cast.browser(getattr(cast, who)).get(f"/s/{cast.site.slug}/{query}")
    assert response.status_code == 200
    return str(response.content.decode())


def test_it_shows_the_figures_of_the_period(in_alder: Cast, worked_day: Site) -> None:
    page = overview(in_alder, "?period=yesterday")
    for figure in ("4 visitors yesterday", '<span class="m-fig">5</span>', "1.20", "40.0%", "13s", "10s"):
        assert figure in page


def test_a_metric_that_is_pressed_is_in_the_chart(in_alder: Cast, worked_day: Site) -> None:
    page = overview(in_alder, "?period=yesterday&metric=bounce_rate")
    assert "Bounce rate, Tue 12 May, 09:00 to Tue 12 May, 15:00: lowest 0.0%" in page
    assert 'aria-current="true"><span class="m-label">Bounce rate' in page


def test_days_without_visits_offer_to_go_where_the_data_is(in_alder: Cast, site: Site) -> None:
    for day in (3, 5):
        visit_make(site, at(9, day=day).replace(year=2015))
    page = overview(in_alder)
    assert "No visits on these days" in page
    assert "Go to 3 – 5 May 2015" in page
    assert "period=custom&amp;from=2015-05-03&amp;to=2015-05-05" in page


def test_filters_that_nobody_meets_offer_to_be_cleared(in_alder: Cast, worked_day: Site) -> None:
    page = overview(in_alder, "?period=yesterday&f=country:is:FR")
    assert "No visits with these filters" in page
    assert "Country" in page and "France" in page


def test_a_site_without_any_event_waits_for_it(in_alder: Cast, site: Site) -> None:
    page = overview(in_alder)
    assert "Waiting for the first event" in page
    assert site.site_key in page


def test_what_is_not_understood_is_said(in_alder: Cast, worked_day: Site) -> None:
    page = overview(in_alder, "?period=fortnight&f=shoe_size:is:42&f=country:is:DE")
    assert "There is no period called “fortnight”" in page
    assert "There is no filter called “shoe_size”" in page
    assert "Germany" in page


def test_a_comparison_without_data_is_left_out_and_said(in_alder: Cast, worked_day: Site) -> None:
    page = overview(in_alder, "?period=yesterday")
    assert "There is no data before Tue 12 May, so there is nothing to compare." in page
    assert '<span class="m-prev">' not in page


def test_visitors_over_several_days_are_called_a_sum(in_alder: Cast, worked_day: Site) -> None:
    assert "sum of daily visitors" in overview(in_alder)
    assert "sum of daily visitors" not in overview(in_alder, "?period=yesterday")


def test_the_form_for_a_filter_leads_to_the_address_with_it(in_alder: Cast, worked_day: Site) -> None:
    query = "?period=7d&f=source:is:Google&filter_field=country&filter_op=is&filter_value=germany"
    response = in_alder.browser(in_alder.viewer).get(f"/s/{in_alder.site.slug}/{query}")
    assert response.status_code == 302
    assert response["Location"].endswith("?period=7d&f=source%3Ais%3AGoogle&f=country%3Ais%3ADE")


def test_what_visitors_send_is_only_text(in_alder: Cast, site: Site) -> None:
    visit_make(site, at(9), pages=[Page("/<script>alert(1)</script>")], source="<img src=x>")
    browser = in_alder.browser(in_alder.viewer)
    for path in ("panels/pages", "panels/channels?tab=sources", "?f=page:is:<script>alert(1)</script>", "visits"):
        page = browser.htmx(f"/s/{site.slug}/{path}").content.decode()
        assert "<script>alert" not in page
        assert "<img src=x" not in page


@pytest.mark.parametrize("visits", [1, 100])
def test_the_number_of_queries_and_bytes_does_not_grow(in_alder: Cast, site: Site, visits: int) -> None:
    for number in range(visits):
        visit_make(site, at(9, number % 60), country="DE", source=f"Source {number}")
    browser = in_alder.browser(in_alder.viewer)
    browser.get("/account")  # notes in the session that the e-mail is confirmed
    with CaptureQueriesContext(connection) as queries:
        response = browser.get(f"/s/{site.slug}/")
    assert len(queries) <= MOST_QUERIES
    assert len(gzip.compress(response.content)) < MOST_BYTES


def test_a_course_is_exported_as_it_is_shown(in_alder: Cast, worked_day: Site) -> None:
    response = in_alder.browser(in_alder.analyst).get(f"/s/{worked_day.slug}/overview.csv?period=7d&compare=none")
    lines = response.content.decode("utf-8-sig").splitlines()
    assert lines[0].startswith("From,To,Visitors,Visits,Page views")
    assert len(lines) == 8
    assert lines[6] == "2026-05-12T00:00:00+02:00,2026-05-13T00:00:00+02:00,4,5,6,1.2,0.4,13.0,10.0"


def test_a_viewer_may_not_export(in_alder: Cast, worked_day: Site) -> None:
    assert in_alder.browser(in_alder.viewer).get(f"/s/{worked_day.slug}/overview.csv").status_code == 403
    assert "overview.csv" not in overview(in_alder)


@pytest.mark.parametrize("path", ["", "overview.csv", "panels/pages", "panels/trust"])
def test_others_find_nothing_there(in_alder: Cast, worked_day: Site, path: str) -> None:
    outsider = in_alder.browser(in_alder.outsider, in_alder.birch)
    limited = in_alder.browser(in_alder.limited)
    assert outsider.get(f"/s/{worked_day.slug}/{path}").status_code == 404
    assert limited.get(f"/s/{in_alder.other_site.slug}/{path}").status_code == 404
    assert in_alder.browser(in_alder.outsider).get(f"/s/{worked_day.slug}/{path}").status_code == 404
