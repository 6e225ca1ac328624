"""Which companies are erased, and when: at once where somebody deletes, a week later where matching alone has left."""

from collections.abc import Collection
from datetime import timedelta
from typing import Any

import pytest

from apps.companies.erase import visit_forget
from apps.companies.forgetting import GROUNDLESS_FOR, companies_tidy
from apps.companies.identifying.kinds import site_kinds_save
from apps.companies.models import Company, CompanyClient
from apps.companies.profiles.writing import profile_give_back, profile_set
from apps.companies.services import visits_match
from apps.core import clock
from apps.tracking.models import Session
from tests.cast import Cast
from tests.tracking.arrivals import NOON, envelope, store, view

from .conftest import NOW
from .test_clues import NO, YES, identify, word

Q = "quarrystone.example"


def domains() -> set[str]:
    return set(Company.objects.values_list("domain", flat=True))


def rematch(cast: Cast, kinds: Collection[str] | None) -> None:
    site_kinds_save(site=cast.site, kinds=kinds, reaches_back=True)
    visits_match()


def later(monkeypatch: pytest.MonkeyPatch, after: timedelta) -> None:
    monkeypatch.setattr(clock, "now", lambda: NOW + after)


def delete(domain: str) -> None:
    for visit in list(Session.objects.filter(company_id=Company.objects.get(domain=domain).id)):
        visit_forget(site_id=visit.site_id, session_id=visit.id)


def test_a_kind_switched_off_and_on_leaves_the_company_as_it_was(worked_month: Cast) -> None:
    before = Company.objects.get(domain=Q)
    known = CompanyClient.objects.values("first_seen_at", "last_seen_at").get(company=before)
    rematch(worked_month, [])
    assert not CompanyClient.objects.filter(company=before).exists()
    companies_tidy()
    rematch(worked_month, None)
    assert Company.objects.get(domain=Q).id == before.id
    assert CompanyClient.objects.values("first_seen_at", "last_seen_at").get(company=before) == known


def test_what_has_had_no_ground_for_a_week_is_erased(worked_month: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    later(monkeypatch, timedelta(days=1))
    rematch(worked_month, [])
    later(monkeypatch, timedelta(days=1) + GROUNDLESS_FOR)
    assert companies_tidy() == 0 and Q in domains()
    later(monkeypatch, timedelta(days=1, seconds=1) + GROUNDLESS_FOR)
    assert companies_tidy() == 1 and Q not in domains()


def test_what_is_set_by_hand_stays(worked_month: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    values: dict[str, Any] = {"city": "Westmere"}
    profile_set(company_id=Company.objects.get(domain=Q).id, values=values, by="Ada")
    delete(Q)
    later(monkeypatch, timedelta(days=30))
    assert companies_tidy() == 0 and Company.objects.get(domain=Q).city == "Westmere"
    profile_give_back(company_id=Company.objects.get(domain=Q).id, fields=values)
    later(monkeypatch, timedelta(days=60))
    assert companies_tidy() == 1 and Q not in domains()


def test_a_withdrawal_erases_at_once(in_alder: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clock, "now", lambda: NOON + timedelta(hours=1))
    store(envelope(in_alder.site, view(0), identify(1), consent=YES))
    visits_match()
    assert domains() == {"kestrel.example"}
    store(word(2, NO, in_alder))
    visits_match()
    assert domains() == set()
