"""The demo's people know something of the companies that came, written once."""

from datetime import timedelta
from typing import Any

from apps.agencies.models import Membership
from apps.agencies.roles import Role
from apps.agencies.services import user_create
from apps.companies.models import Company, CompanyClient, CompanyCorrection, CompanyNote, TargetAccount
from apps.companies.services import visits_match
from apps.core import clock
from apps.demo.goals import goals_ensure
from apps.demo.knowledge import MEI, NOTES, TOM, WATCHED, knowledge_ensure
from apps.demo.people import Place
from apps.demo.stories import PLOTS, Story
from apps.demo.wanted import IDEAL, profiles_ensure, scoring_ensure
from apps.scoring.fit import fit_of
from apps.scoring.profiles import profiles_of
from apps.scoring.versions import scoring_of
from tests.cast import Cast
from tests.factories_tracking import visit_make


def test_it_is_written_once_on_whoever_came_most_often(in_alder: Cast) -> None:
    for email, name in ((TOM, "Tom Reuter"), (MEI, "Mei Okafor")):
        user = user_create(email=email, name=name, password="x", is_confirmed=True)
        Membership.objects.create(user=user, agency=in_alder.alder, role=Role.ANALYST)
    for number in range(6):
        about: dict[str, Any] = {
            "network_kind": "business",
            "organisation": "ACME TORQUE" if number == 5 else f"C{number}",
            "network_domain": f"c{number}.example",
        }
        for visit in range(6 - number):
            visit_make(in_alder.site, clock.now() - timedelta(hours=visit + 1), **about)
    for _ in range(2):
        knowledge_ensure(in_alder.alder, in_alder.site)
    known = dict(CompanyClient.objects.values_list("company__domain", "tags"))
    assert known["c0.example"] == ["fair 2026", "target account"] and known["c3.example"] == []
    assert CompanyClient.objects.exclude(owner_id=None).count() == 3
    assert (CompanyNote.objects.count(), TargetAccount.objects.count()) == (len(NOTES), len(WATCHED))
    assert CompanyNote.objects.exclude(mentioned_ids=[]).count() == 1
    assert Company.objects.get(domain="c5.example").name == "Acme Torque"
    assert CompanyCorrection.objects.count() == 1


def test_the_rules_and_profiles_are_made_once_and_give_a_fit(in_alder: Cast) -> None:
    goals_ensure(in_alder.site)
    place = Place("203.0.113.9", "DE", "varnholt.example", "Automotive")
    story = Story(place, (), PLOTS[0], first=0, pace=1.0)
    visit_make(
        in_alder.site,
        clock.now() - timedelta(hours=1),
        network_kind="business",
        organisation="Varnholt",
        network_domain=place.domain,
    )
    visits_match()
    for _ in range(2):
        scoring_ensure(in_alder.site)
    assert scoring_of(in_alder.site.id).own_version == 1
    assert [profiles_ensure((story,), by="Mei Okafor") for _ in range(2)] == [1, 0]
    company = Company.objects.get(domain=place.domain)
    assert company.industry in IDEAL.industries
    assert (fit_of(IDEAL, profiles_of([company.id])[company.id]) or 0) >= 50


def test_a_demo_without_visits_stays_without(in_alder: Cast) -> None:
    knowledge_ensure(in_alder.alder, in_alder.site)
    assert not CompanyNote.objects.exists()
