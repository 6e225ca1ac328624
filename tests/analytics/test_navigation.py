"""The shell's navigation: which sites and which pages stand in it for whom."""

import re

import pytest
from django.test import RequestFactory

from apps.analytics.navigation import navigation
from apps.sites.models import Site
from tests.cast import Cast, public_browser
from tests.factories_tracking import visit_make

from .conftest import NOW

CURRENT = re.compile(r'<a href="([^"]+)" aria-current="page" title="([^"]+)"')


@pytest.mark.parametrize(
    ("path", "label"),
    [("", "Overview"), ("visits", "Visits"), ("breakdown/pages", "Overview")],
)
def test_the_page_one_is_on_is_marked(in_alder: Cast, site: Site, path: str, label: str) -> None:
    visit_make(site, NOW)
    page = in_alder.browser(in_alder.viewer).get(f"/s/{site.slug}/{path}").content.decode()
    assert [name for _, name in CURRENT.findall(page)] == [label]


def test_a_site_shows_how_many_are_there_now(in_alder: Cast, site: Site) -> None:
    visit_make(site, NOW)
    page = in_alder.browser(in_alder.viewer).get(f"/s/{site.slug}/").content.decode()
    assert re.search(r'data-live><span class="pulse"></span>1<span class="vh"> live now', page)


def test_settings_stand_there_for_those_who_may_change_them(in_alder: Cast, site: Site) -> None:
    visit_make(site, NOW)
    for who, expected in ((in_alder.viewer, False), (in_alder.manager, True)):
        page = in_alder.browser(who).get(f"/s/{site.slug}/").content.decode()
        assert (f'href="/s/{site.slug}/settings"' in page) is expected


def test_scoring_stands_there_for_everybody_who_reads_scores(in_alder: Cast, site: Site) -> None:
    visit_make(site, NOW)
    page = in_alder.browser(in_alder.viewer).get(f"/s/{site.slug}/scoring").content.decode()
    assert [name for _, name in CURRENT.findall(page)] == ["Scoring"]


def test_a_limited_member_sees_no_name_of_another_clients_site(in_alder: Cast, site: Site) -> None:
    visit_make(site, NOW)
    page = in_alder.browser(in_alder.limited).get(f"/s/{site.slug}/").content.decode()
    assert "Second site" not in page


def test_there_is_none_on_the_public_host(in_alder: Cast) -> None:
    assert navigation(RequestFactory().get("/")) == {}
    assert public_browser().get("/").status_code == 200
