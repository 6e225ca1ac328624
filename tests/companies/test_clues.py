"""Clues that pages and links give of a visit's company: made of its stored events, in any order, and taken back."""

from datetime import timedelta
from typing import Any

import pytest

from apps.agencies.models import User
from apps.companies.erase import matches_tidy, site_forget
from apps.companies.models import CompanyClue, LinkValue
from apps.companies.services import visits_match
from apps.core import clock
from apps.sites.models import CompanyDefaults, SiteDomain
from apps.sites.services import site_set_company_parameter
from apps.tracking.envelope import Consent, EventIn
from apps.tracking.erase_visit import visit_erase
from apps.tracking.models import Event, Session
from tests.cast import Cast
from tests.tracking.arrivals import NOON, click, envelope, store, view, visits

YES = Consent(analytics="granted", marketing="", source="api")
NO = Consent(analytics="denied", marketing="", source="api")


@pytest.fixture(autouse=True)
def fixed_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clock, "now", lambda: NOON + timedelta(hours=1))


def identify(minutes: float, domain: str = "kestrel.example") -> EventIn:
    event = click(minutes)
    event.kind, event.name, event.email_domain = "identify", "", domain
    return event


def clues() -> set[tuple[str, str]]:
    return set(CompanyClue.objects.values_list("ground", "domain"))


def word(minutes: float, consent: Consent, cast: Cast) -> Any:
    event = click(minutes, "consent", is_interactive=False)
    return envelope(cast.site, event, consent=consent)


def test_an_e_mails_domain_is_a_clue_on_any_network(in_alder: Cast) -> None:
    (fact,) = store(envelope(in_alder.site, view(0), identify(1), consent=YES))
    (visit,) = visits(in_alder.site)
    assert fact.unmatched_ids == (visit.id,)
    visits_match(session_ids=fact.unmatched_ids)
    clue = CompanyClue.objects.get()
    assert (clue.session_id, clue.site_id, clue.ground, clue.domain, clue.name, clue.evidence) == (
        visit.id,
        in_alder.site.id,
        "email",
        "kestrel.example",
        "",
        {"domain": "kestrel.example", "kind": "business"},
    )


def test_a_visit_that_was_looked_at_before_is_looked_at_anew(in_alder: Cast) -> None:
    store(envelope(in_alder.site, view(0)))
    visits_match()
    (visit,) = visits(in_alder.site)
    assert visit.matched_at is not None
    (fact,) = store(envelope(in_alder.site, identify(5), consent=YES))
    assert fact.unmatched_ids == (visit.id,)
    visits_match()
    visits_match()
    Session.objects.update(matched_at=None)
    visits_match()
    assert [clue.session_id for clue in CompanyClue.objects.all()] == [visit.id]


def test_a_clue_follows_its_visit_into_the_one_it_becomes_part_of(in_alder: Cast) -> None:
    store(envelope(in_alder.site, view(0)))
    store(envelope(in_alder.site, view(40), identify(41), consent=YES))
    visits_match()
    store(envelope(in_alder.site, view(20)))
    (visit,) = visits(in_alder.site)
    visits_match()
    matches_tidy()
    assert [clue.session_id for clue in CompanyClue.objects.all()] == [visit.id]


def test_a_withdrawal_takes_the_clue_and_the_domain(in_alder: Cast) -> None:
    store(envelope(in_alder.site, view(0), identify(1), consent=YES))
    visits_match()
    assert clues() == {("email", "kestrel.example")}
    (fact,) = store(word(2, NO, in_alder))
    assert fact.unmatched_ids == tuple(visit.id for visit in visits(in_alder.site))
    visits_match(session_ids=fact.unmatched_ids)
    assert clues() == set()
    assert not Event.objects.filter(email_domain__isnull=False).exists()


def test_what_comes_late_after_a_withdrawal_isnt_used(in_alder: Cast) -> None:
    store(envelope(in_alder.site, view(0), consent=YES))
    store(word(5, NO, in_alder))
    store(envelope(in_alder.site, identify(1), consent=Consent("granted", "", "api", at_ms=1)))
    visits_match()
    assert clues() == set()


def test_an_erased_visit_takes_its_clues_along(in_alder: Cast) -> None:
    store(envelope(in_alder.site, view(0), identify(1), consent=YES))
    visits_match()
    visit_erase(site_id=in_alder.site.id, session_id=visits(in_alder.site)[0].id)
    matches_tidy()
    assert clues() == set()
    store(envelope(in_alder.site, view(0), identify(1), consent=YES))
    visits_match()
    site_forget(site_id=in_alder.site.id)
    assert clues() == set()


@pytest.mark.parametrize("whose", ["another site of the client", "the agency", "the client's own people"])
def test_whoever_runs_the_site_is_no_visiting_company(in_alder: Cast, whose: str) -> None:
    if whose == "another site of the client":
        SiteDomain.objects.create(site=in_alder.site, host="blog.kestrel.example")
    else:
        member = in_alder.owner if whose == "the agency" else in_alder.limited
        User.objects.filter(id=member.user_id).update(email="jo@kestrel.example")
    for site in (in_alder.site, in_alder.other_site):
        store(envelope(site, view(0), identify(1), consent=YES))
    visits_match()
    elsewhere = {in_alder.other_site.id} if whose != "the agency" else set()
    assert set(CompanyClue.objects.values_list("site_id", flat=True)) == elsewhere


def test_kinds_that_are_off_give_no_clue(in_alder: Cast) -> None:
    def told() -> set[str]:
        Session.objects.update(matched_at=None)
        visits_match()
        return {domain for _, domain in clues()}

    for number, domain in enumerate(["kestrel.example", "westmere.ac.uk", "sk-telecom.example"]):
        store(envelope(in_alder.site, view(0), identify(1, domain), visitor=number, consent=YES))
    assert told() == {"kestrel.example", "westmere.ac.uk"}
    CompanyDefaults.objects.create(id=1, kinds=["business"])
    assert told() == {"kestrel.example"}
    CompanyDefaults.objects.update(kinds=["consumer"])
    assert told() == {"sk-telecom.example"}
    assert CompanyClue.objects.get().evidence["kind"] == "consumer"


def assign(cast: Cast, **values: str) -> None:
    site_set_company_parameter(site=cast.site, parameter="c")
    for value, domain in values.items():
        LinkValue.objects.create(
            site_id=cast.site.id, value=value, domain=domain, name="Varnholt AG", added_at=NOON, added_by="Jo"
        )


def test_a_links_parameter_is_a_clue(in_alder: Cast) -> None:
    assign(in_alder, varnholt="varnholt.example")
    (fact,) = store(envelope(in_alder.site, view(0, query="utm_source=mail&C=Varnholt")))
    visits_match(session_ids=fact.unmatched_ids)
    clue = CompanyClue.objects.get()
    assert (clue.ground, clue.domain, clue.name) == ("link", "varnholt.example", "")
    assert clue.evidence == {
        "parameter": "c", "value": "varnholt", "domain": "varnholt.example", "kind": "business",
    }  # fmt: skip


def test_a_value_that_is_nobodys_or_another_sites_tells_nothing(in_alder: Cast) -> None:
    assign(in_alder, varnholt="varnholt.example")
    store(envelope(in_alder.site, view(0, query="c=somebody")))
    store(envelope(in_alder.site, view(0, query="d=varnholt"), visitor=8))
    (fact,) = store(envelope(in_alder.other_site, view(0, query="c=varnholt")))
    assert fact.unmatched_ids == ()
    visits_match()
    assert clues() == set()


def test_another_assignment_changes_the_clue(in_alder: Cast) -> None:
    assign(in_alder, varnholt="varnholt.example")
    store(envelope(in_alder.site, view(0, query="c=varnholt")))
    visits_match()
    LinkValue.objects.update(domain="quarrystone.example")
    Session.objects.update(matched_at=None)
    visits_match()
    assert clues() == {("link", "quarrystone.example")}
    LinkValue.objects.all().delete()
    Session.objects.update(matched_at=None)
    visits_match()
    assert clues() == set()
