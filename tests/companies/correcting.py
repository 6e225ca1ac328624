"""Companies as tests of corrections see them: whose each visit is and why, and what each client knows."""

from datetime import datetime
from typing import Any

from apps.companies.models import Company, CompanyClient, CompanyClue, CompanyMatch, LinkValue
from apps.core import clock
from apps.sites.models import Site
from apps.tracking.models import Event, Session

NOBODY = ""


def clue(visit: Session, ground: str, domain: str, name: str = "") -> None:
    """Have something else speak for a visit's company: what its page told, its host's name, or an assigned link."""
    events = Event.objects.filter(session_id=visit.id)
    if ground == CompanyMatch.Ground.EMAIL:
        events.update(email_domain=domain)
    elif ground == CompanyMatch.Ground.HOST_NAME:
        CompanyClue.objects.create(
            site_id=visit.site_id, session_id=visit.id, ground=ground, domain=domain, created_at=clock.now()
        )
    else:
        Site.objects.filter(id=visit.site_id).update(company_parameter="c")
        LinkValue.objects.create(
            site_id=visit.site_id, value=domain, domain=domain, name=name, added_at=clock.now(), added_by="Jo"
        )
        events.update(query=f"c={domain}")
    Session.objects.filter(id=visit.id).update(matched_at=None)


def company_of(visit: Session) -> str:
    """Return the domain of a visit's company, empty for nobody."""
    visit.refresh_from_db()
    return Company.objects.get(id=visit.company_id).domain if visit.company_id else NOBODY


def seen(domain: str) -> dict[int, tuple[datetime, datetime]]:
    """Return when each client saw a company first and last."""
    rows = CompanyClient.objects.filter(company__domain=domain, is_left=False)
    return {row.client_id: (row.first_seen_at, row.last_seen_at) for row in rows}


def state() -> dict[str, Any]:
    """Return all that follows from visits and corrections."""
    domains = dict(Company.objects.values_list("id", "domain"))
    companies = {
        company.domain: (company.name, company.kind)
        for company in Company.objects.filter(id__in=Session.objects.values("company_id"))
    }
    return {
        "visits": {id_: domains.get(company or 0) for id_, company in Session.objects.values_list("id", "company_id")},
        "companies": companies,
        "matches": {
            (row.session_id, row.ground): (domains[row.company_id], row.confidence_ratio, row.visit_ratio, row.evidence)
            for row in CompanyMatch.objects.all()
        },
        "clients": {
            (domains[row.company_id], row.client_id): (row.first_seen_at, row.last_seen_at)
            for row in CompanyClient.objects.filter(is_left=False)
        },
    }
