"""Which companies are asked for and when, and what stands afterwards."""

import time
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection

from apps.agencies.models import Agency
from apps.companies.models import Company, CompanyClient, ProfileLookup
from apps.companies.profiles import statistics
from apps.companies.profiles.configured import asking
from apps.companies.profiles.lookups import profiles_sweep
from apps.companies.profiles.writing import profile_give_back, profile_read, profile_set
from apps.companies.services import visits_match
from apps.companies.tasks import profiles_sweep_task
from apps.core import clock
from apps.tracking.models import Session
from tests.cast import Cast
from tests.factories_tracking import visit_make

from .acme import LATER, FakeAcme, company
from .conftest import NOW, QUARRY, VARNHOLT, WESTMERE, ago
from .ipinfo import BROKEN, Scripted, limited

DOMAIN = "varnholt.example"


def sweep() -> int:
    return profiles_sweep(until=time.monotonic() + 60)


def at(monkeypatch: pytest.MonkeyPatch, **by: float) -> None:
    moment = NOW + timedelta(**by)
    monkeypatch.setattr(clock, "now", lambda: moment)


def varnholt() -> Company:
    return Company.objects.select_related("lookup").get(domain=DOMAIN)


@pytest.fixture
def came(in_alder: Cast, acme: FakeAcme) -> FakeAcme:
    """Varnholt was on the first site; the service knows it."""
    visit_make(in_alder.site, ago(hours=1), **VARNHOLT)
    visits_match()
    acme.companies[DOMAIN] = company()
    return acme


def test_who_came_is_asked_for_once_and_each_field_has_its_source(came: FakeAcme) -> None:
    assert sweep() == 1
    assert sweep() == 0
    assert came.asked == [DOMAIN]
    found = varnholt()
    assert (found.industry, found.employees_from, found.employees_to) == ("Machinery", 201, 500)
    assert (found.country, found.city, found.technologies) == ("AT", "Graz", ["nginx", "HubSpot"])
    assert found.profile["industry"] == {"source": "Acme API", "at": NOW.isoformat()}
    assert found.name == "Varnholt AG"  # as its network names it


def test_a_name_is_taken_where_the_domain_stands_for_it(came: FakeAcme) -> None:
    Company.objects.update(name=DOMAIN, told={})
    sweep()
    assert varnholt().name == "Varnholt"


@pytest.mark.parametrize(("later", "expected"), [("Varnholt Group", "Varnholt Group"), ("", DOMAIN)])
def test_a_name_that_the_service_gave_follows_it(
    came: FakeAcme, monkeypatch: pytest.MonkeyPatch, later: str, expected: str
) -> None:
    Company.objects.update(name=DOMAIN, told={})
    sweep()
    came.companies[DOMAIN] = company(name=later)
    at(monkeypatch, days=91)
    assert sweep() == 1
    assert varnholt().name == expected


@pytest.mark.parametrize("told", [{}, {"name": [1, 0, "Varnholt Ltd"]}])
def test_a_name_of_somebody_elses_stays(came: FakeAcme, told: dict[str, Any]) -> None:
    """As it does where nobody noted who gave it."""
    Company.objects.update(name="Varnholt Ltd", told=told)
    sweep()
    assert varnholt().name == "Varnholt Ltd"


def test_it_is_asked_again_by_age(came: FakeAcme, monkeypatch: pytest.MonkeyPatch) -> None:
    sweep()
    at(monkeypatch, days=85)
    assert sweep() == 0
    came.companies[DOMAIN] = company(category={"industry": "Robotics"}, geo={})
    at(monkeypatch, days=91)
    assert sweep() == 1
    found = varnholt()
    assert (found.industry, found.country, found.city) == ("Robotics", "", "")
    assert "city" not in found.profile


def test_unknown_is_asked_again_after_a_month_and_leaves_what_was_said(
    came: FakeAcme, monkeypatch: pytest.MonkeyPatch
) -> None:
    sweep()
    del came.companies[DOMAIN]
    at(monkeypatch, days=91)
    assert sweep() == 1
    at(monkeypatch, days=91 + 28)
    assert sweep() == 0
    at(monkeypatch, days=91 + 31)
    assert sweep() == 1
    assert varnholt().industry == "Machinery"
    assert varnholt().profile["industry"]["at"] == NOW.isoformat()


def test_only_businesses_that_came_by_counted_visits_and_arent_ignored_by_all(in_alder: Cast, acme: FakeAcme) -> None:
    visit_make(in_alder.site, ago(hours=1), **WESTMERE)  # a university
    set_aside = visit_make(in_alder.site, ago(hours=1), **QUARRY)
    visit_make(in_alder.site, ago(hours=1), **VARNHOLT)
    visit_make(in_alder.other_site, ago(hours=1), **VARNHOLT)
    visits_match()
    Session.objects.filter(id=set_aside.id).update(set_aside="rule")
    CompanyClient.objects.filter(company__domain=DOMAIN).update(is_ignored=True)
    sweep()
    assert acme.asked == []
    CompanyClient.objects.filter(company__domain=DOMAIN, client_id=in_alder.second.id).update(is_ignored=False)
    sweep()
    assert acme.asked == [DOMAIN]


def test_who_is_ignored_meanwhile_isnt_asked_for_again(came: FakeAcme, monkeypatch: pytest.MonkeyPatch) -> None:
    sweep()
    CompanyClient.objects.update(is_ignored=True)
    at(monkeypatch, days=91)
    assert sweep() == 0
    assert came.asked == [DOMAIN]


def test_what_somebody_set_by_hand_stands(came: FakeAcme, monkeypatch: pytest.MonkeyPatch) -> None:
    sweep()
    profile_set(company_id=varnholt().id, values={"industry": "Pumps", "city": ""}, by="Ida")
    at(monkeypatch, days=91)
    came.companies[DOMAIN] = company(category={"industry": "Robotics"})
    sweep()
    found = varnholt()
    assert (found.industry, found.city, found.country) == ("Pumps", "", "AT")
    assert found.profile["industry"] == {"source": "Ida", "at": NOW.isoformat(), "by_hand": True}
    profile_give_back(company_id=found.id, fields=["industry", "country"])
    found = varnholt()
    assert (found.industry, found.profile["industry"]["source"], found.city) == ("Robotics", "Acme API", "")


def test_given_back_where_nobody_said_anything_it_is_unknown(came: FakeAcme) -> None:
    profile_set(company_id=varnholt().id, values={"industry": "Pumps"}, by="Ida")
    profile_give_back(company_id=varnholt().id, fields=["industry"])
    assert (varnholt().industry, varnholt().profile) == ("", {})


def test_later_and_errors_are_tried_again_each_time_later(came: FakeAcme, monkeypatch: pytest.MonkeyPatch) -> None:
    came.script.extend([LATER, BROKEN])
    assert sweep() == 0
    first = varnholt().lookup.due_at - NOW
    assert timedelta(seconds=50) < first < timedelta(seconds=70)
    at(monkeypatch, minutes=2)
    assert sweep() == 0
    second = varnholt().lookup.due_at - NOW - timedelta(minutes=2)
    assert timedelta(seconds=100) < second < timedelta(seconds=140)
    assert "answered 500" in varnholt().lookup.error
    at(monkeypatch, minutes=6)
    assert sweep() == 1
    assert (varnholt().lookup.tries, varnholt().lookup.error) == (0, "")


@pytest.mark.parametrize("answer", [Scripted(401), limited(Retry_After="600")])
def test_a_refusal_stops_it_for_all_and_is_told(
    in_alder: Cast, came: FakeAcme, monkeypatch: pytest.MonkeyPatch, answer: Scripted
) -> None:
    visit_make(in_alder.site, ago(hours=1), **QUARRY)
    visits_match()
    came.script.append(answer)
    sweep()
    at(monkeypatch, minutes=5)
    sweep()
    assert len(came.asked) == 1
    error = statistics.last_error()
    assert error is not None and f"answered {answer.status}" in error.text
    service = asking()
    assert service is not None and service.quota.spent() == 0  # it wasn't charged


def test_the_days_budget_is_kept_to(in_alder: Cast, came: FakeAcme, settings: Any) -> None:
    visit_make(in_alder.site, ago(hours=1), **QUARRY)
    visits_match()
    settings.BEACON_PROFILE_BUDGET = 1
    sweep()
    assert len(came.asked) == 1
    settings.BEACON_PROFILE_BUDGET = 2
    sweep()
    assert len(came.asked) == 2


def test_without_a_service_no_row_is_made(came: FakeAcme, settings: Any) -> None:
    settings.BEACON_PROFILE_URL = ""
    assert sweep() == 0
    assert not ProfileLookup.objects.exists()


def test_a_company_that_goes_meanwhile_is_passed_over(came: FakeAcme, monkeypatch: pytest.MonkeyPatch) -> None:
    class Deleting:
        source = "Acme API"

        def ask(self, domain: str) -> Any:
            Company.objects.filter(domain=domain).delete()
            return profile_read(Company(industry="Pumps"))

    service = asking()
    assert service is not None
    monkeypatch.setattr(
        "apps.companies.profiles.lookups.asking", lambda: type(service)(Deleting(), service.breaker, service.quota)
    )
    sweep()
    assert not Company.objects.exists()


def test_the_task_asks_in_every_agency(cast: Cast, came: FakeAcme) -> None:
    connection.set_schema_to_public()  # type: ignore[attr-defined]
    profiles_sweep_task()
    assert came.asked == [DOMAIN]


@pytest.mark.real
def test_two_workers_ask_once(real_agency: Agency, acme: FakeAcme) -> None:
    """One holds a company while the other looks for more."""
    from threading import Thread

    from apps.core.tenancy import in_schema
    from apps.sites.models import Site
    from tests import factories

    schema = str(real_agency.schema_name)
    with in_schema(schema):
        site: Site = factories.make_site(factories.make_client("One"), name="One", domain="one.example")
        visit_make(site, ago(hours=1), **VARNHOLT)
        visits_match()
        acme.companies[DOMAIN] = company()
        acme.let_go.clear()

        def work() -> None:
            try:
                with in_schema(schema):
                    sweep()
            finally:
                connection.close()

        thread = Thread(target=work)
        thread.start()
        assert acme.has_come.wait(20)
        assert sweep() == 0
        acme.let_go.set()
        thread.join()
        assert acme.asked == [DOMAIN]
        assert varnholt().industry == "Machinery"
