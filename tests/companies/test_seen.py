"""Visits that are set aside after they were matched are nobody's: their companies are neither new nor found."""

import pytest

from apps.analytics.find import find
from apps.companies.models import CompanyClient
from apps.companies.newcomers import newcomers
from apps.companies.selectors import company_known_to, new_companies
from apps.companies.services import visits_match
from apps.tracking.flags import COUNTED, by_rule
from apps.tracking.models import Session
from apps.tracking.setting_aside import visits_flag
from tests.cast import Cast
from tests.factories_tracking import visit_make
from tests.queries import queries_asked

from .conftest import NOW, QUARRY, VARNHOLT, ago, network

WEEK = ago(days=7)


def seen(cast: Cast) -> dict[str, object]:
    """Return the first client's new companies of the week, and since when they are known."""
    found = newcomers(client_ids=[cast.first.id], since=WEEK).get(cast.first.id, [])
    ids = new_companies(client_ids=[cast.first.id], since=WEEK).get(cast.first.id, set())
    assert ids == {one.id for one in found}
    return {one.name: one.first_seen_at for one in found}


def put_aside(visit: Session) -> None:
    visits_flag(site_id=visit.site_id, flags={visit.id: by_rule(1)})


def test_a_company_whose_visits_are_all_set_aside_isnt_new_until_they_come_back(in_alder: Cast) -> None:
    visit = visit_make(in_alder.site, ago(days=1), **VARNHOLT)
    visit_make(in_alder.site, ago(days=2), **QUARRY)
    visits_match()
    assert seen(in_alder) == {"Varnholt AG": ago(days=1), QUARRY["organisation"]: ago(days=2)}
    put_aside(visit)
    assert seen(in_alder) == {QUARRY["organisation"]: ago(days=2)}
    visits_flag(site_id=visit.site_id, flags={visit.id: COUNTED})
    assert seen(in_alder) == {"Varnholt AG": ago(days=1), QUARRY["organisation"]: ago(days=2)}


def test_it_is_known_since_its_first_counted_visit(in_alder: Cast) -> None:
    first = visit_make(in_alder.site, ago(days=30), **VARNHOLT)
    visit_make(in_alder.site, ago(days=3), **VARNHOLT)
    visits_match()
    assert seen(in_alder) == {}
    put_aside(first)
    assert seen(in_alder) == {"Varnholt AG": ago(days=3)}
    known = company_known_to(company_id=CompanyClient.objects.get().company_id, client_id=in_alder.first.id)
    assert known is not None
    assert known.first_at == ago(days=3)


def test_what_a_client_knows_outlives_the_visits(in_alder: Cast) -> None:
    visit_make(in_alder.site, ago(days=30), **VARNHOLT)
    visit_make(in_alder.site, ago(days=3), **VARNHOLT)
    visits_match()
    Session.objects.filter(started_at__lt=ago(days=20)).delete()
    assert seen(in_alder) == {}


def test_visits_to_another_clients_site_dont_count(in_alder: Cast) -> None:
    visit = visit_make(in_alder.site, ago(days=2), **VARNHOLT)
    visit_make(in_alder.other_site, ago(days=1), **VARNHOLT)
    visits_match()
    put_aside(visit)
    assert seen(in_alder) == {}


def test_its_page_says_so_and_the_search_doesnt_find_it(in_alder: Cast) -> None:
    visit = visit_make(in_alder.site, ago(days=1), **VARNHOLT)
    visits_match()
    company_id = CompanyClient.objects.get().company_id

    def names() -> list[str]:
        found = find("varnholt", sites=[in_alder.site], here=in_alder.site, now=NOW)
        return [one.name for one in found if one.icon == "building-2"]

    assert names() == ["Varnholt AG"]
    put_aside(visit)
    assert names() == []
    page = in_alder.browser(in_alder.viewer).get(f"/s/{in_alder.site.slug}/companies/{company_id}")
    assert "in no counted visit" in page.content.decode()


@pytest.mark.parametrize("companies", [1, 30])
def test_it_is_one_query_beside_that_for_merges(in_alder: Cast, companies: int) -> None:
    for number in range(companies):
        visit_make(in_alder.site, ago(hours=number), **network(f"C{number}", f"c{number}.example"))
    visits_match()
    with queries_asked(2):
        assert len(newcomers(client_ids=[in_alder.first.id], since=WEEK)[in_alder.first.id]) == companies
