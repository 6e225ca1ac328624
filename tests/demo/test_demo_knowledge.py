"""The demo's people know something of the companies that came, written once."""

from datetime import timedelta
from typing import Any

from apps.agencies.models import Membership
from apps.agencies.roles import Role
from apps.agencies.services import user_create
from apps.companies.models import CompanyClient, CompanyNote, TargetAccount
from apps.core import clock
from apps.demo.knowledge import MEI, NOTES, TOM, WATCHED, knowledge_ensure
from tests.cast import Cast
from tests.factories_tracking import visit_make


def test_it_is_written_once_on_whoever_came_most_often(in_alder: Cast) -> None:
    for email, name in ((TOM, "Tom Reuter"), (MEI, "Mei Okafor")):
        user = user_create(email=email, name=name, password="x", is_confirmed=True)
        Membership.objects.create(user=user, agency=in_alder.alder, role=Role.ANALYST)
    for number in range(6):
        about: dict[str, Any] = {
            "network_kind": "business",
            "organisation": f"C{number}",
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


def test_a_demo_without_visits_stays_without(in_alder: Cast) -> None:
    knowledge_ensure(in_alder.alder, in_alder.site)
    assert not CompanyNote.objects.exists()
