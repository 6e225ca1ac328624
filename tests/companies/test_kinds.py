"""Which kinds of organisation become companies: the site's own choice, else the agency's, else the usual ones."""

from typing import Any

import pytest

from apps.companies.kinds import kinds_of
from apps.companies.models import Company, CompanyClue, CompanyMatch
from apps.companies.services import visits_match
from apps.sites.identified import USUAL
from apps.sites.models import CompanyDefaults
from apps.tracking.models import Event
from tests.cast import Cast
from tests.factories_tracking import visit_make

from .conftest import PROVIDER, VARNHOLT, ago, network


def test_a_site_that_says_nothing_has_the_agencys_kinds_or_the_usual_ones(in_alder: Cast) -> None:
    site_id = in_alder.site.id
    assert kinds_of([site_id]) == {site_id: USUAL} == {site_id: frozenset({"business", "government", "education"})}
    CompanyDefaults.objects.create(id=1, kinds=["business"])
    assert kinds_of([site_id]) == {site_id: frozenset({"business"})}


def test_a_sites_own_choice_stands_above_the_agencys(in_alder: Cast) -> None:
    CompanyDefaults.objects.create(id=1, kinds=["business"])
    in_alder.site.company_kinds = ["education", "consumer", "of another version"]
    in_alder.site.save()
    in_alder.other_site.company_kinds = []
    in_alder.other_site.save()
    gone = 2**62
    assert kinds_of([in_alder.site.id, in_alder.other_site.id, gone]) == {
        in_alder.site.id: frozenset({"education", "consumer"}),
        in_alder.other_site.id: frozenset(),
        gone: USUAL,
    }


def matched(cast: Cast, **fields: Any) -> set[tuple[str, str, float]]:
    made = visit_make(cast.site, ago(minutes=5), **fields)
    visits_match(session_ids=[made.id])
    rows = CompanyMatch.objects.filter(session_id=made.id)
    return set(rows.values_list("company__domain", "company__kind", "confidence_ratio"))


HOST = network("Example Hosting", "host.example", kind="hosting") | {"is_hosting": True}


def test_providers_are_shown_as_such_and_only_where_that_is_asked_for(in_alder: Cast) -> None:
    assert matched(in_alder, **PROVIDER) == matched(in_alder, **HOST) == set()
    CompanyDefaults.objects.create(id=1, kinds=["consumer", "hosting"])
    assert matched(in_alder, **PROVIDER) == {("telecom.example", "consumer", 0.5)}
    assert matched(in_alder, **HOST) == {("host.example", "hosting", 0.5)}
    assert matched(in_alder, **HOST | {"network_kind": "vpn", "is_vpn": True}) == set()
    assert matched(in_alder, **VARNHOLT) == set()


def test_a_providers_name_speaks_neither_for_nor_against_a_company_that_something_else_tells(in_alder: Cast) -> None:
    CompanyDefaults.objects.create(id=1, kinds=["business", "consumer"])
    made = visit_make(in_alder.site, ago(minutes=5), **PROVIDER)
    Event.objects.filter(session_id=made.id).update(email_domain="varnholt.example")
    visits_match()
    assert set(CompanyMatch.objects.values_list("company__domain", "ground", "confidence_ratio")) == {
        ("varnholt.example", "email", 0.9)
    }


def test_a_school_that_an_e_mail_told_is_a_school(in_alder: Cast) -> None:
    made = visit_make(in_alder.site, ago(minutes=5), **PROVIDER)
    Event.objects.filter(session_id=made.id).update(email_domain="westmere.ac.uk")
    visits_match()
    company = Company.objects.get()
    assert (company.domain, company.kind) == ("westmere.ac.uk", "education")
    # A network's registration knows better.
    visit_make(in_alder.site, ago(minutes=2), **network("Westmere", "westmere.ac.uk", kind="government"))
    visits_match()
    company.refresh_from_db()
    assert company.kind == "government"


@pytest.mark.parametrize(
    ("kind", "label", "doubt"),
    [("consumer", "Internet provider", "Its customers"), ("hosting", "Data centre", "Whoever rents a machine")],
)
def test_a_provider_is_called_one_on_pages(in_alder: Cast, kind: str, label: str, doubt: str) -> None:
    CompanyDefaults.objects.create(id=1, kinds=[kind])
    visit_make(in_alder.site, ago(minutes=5), **PROVIDER | {"network_kind": kind})
    visits_match()
    browser = in_alder.browser(in_alder.viewer)
    assert label in browser.get("/s/first-site/companies").content.decode()
    page = browser.get(f"/s/first-site/companies/{Company.objects.get().id}").content.decode()
    assert label in page
    assert doubt in page


def test_a_clue_of_a_kind_that_was_switched_off_since_tells_nobody(in_alder: Cast) -> None:
    made = visit_make(in_alder.site, ago(minutes=5), **PROVIDER)
    for ground, domain in (("host_name", "westmere.example"), ("link", "academy.example")):
        CompanyClue.objects.create(
            site_id=in_alder.site.id,
            session_id=made.id,
            ground=ground,
            domain=domain,
            evidence={"kind": "education"},
            created_at=ago(minutes=4),
        )
    CompanyDefaults.objects.create(id=1, kinds=["business"])
    visits_match()
    # The link has no assignment that is stored, so it is nobody's; the host's name is off.
    assert not CompanyMatch.objects.exists()
