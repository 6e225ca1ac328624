"""What happened, read from the rows of an agency: events with their visits, companies, scores and consent."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from apps.companies.knowledge.ignoring import ignored_on_site
from apps.companies.models import Company
from apps.core import clock
from apps.scoring.selectors import scores_now
from apps.sites.goals.patterns import Page
from apps.sites.models import Goal
from apps.tracking.models import Event, Session

from .click_ids import query_without_click_ids
from .consent import exempt_countries, receipt_of, refusals_of
from .occurrences import CompanyFacts, ConsentReceipt, MatchKeys, Occurrence

# Events lie in leaves by time; a clock's correction may have moved one a little.
AROUND = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Wanted:
    """An event to be read. `goal_id`, `value`, `currency`: of its conversion, where it is one."""

    event_id: UUID
    occurred_at: datetime
    goal_id: int | None = None
    value: Decimal | None = None
    currency: str = ""


@dataclass(frozen=True, slots=True)
class Loaded:
    """An occurrence with what only we need of it."""

    occurrence: Occurrence
    page: Page
    session: Session


def occurrences_load(
    *, site_id: int, wanted: Iterable[Wanted], match: Mapping[UUID, Mapping[str, str]] | None = None
) -> dict[tuple[UUID, int | None], Loaded]:
    """Return events of a site with all that is known, by event and goal; those that are gone are left out.

    `match`: match keys by event. At most eleven queries where nothing was merged, however many.
    """
    all_wanted = list(wanted)
    if not all_wanted:
        return {}
    times = [one.occurred_at for one in all_wanted]
    events = {
        event.event_id: event
        for event in Event.objects.filter(
            site_id=site_id,
            event_id__in={one.event_id for one in all_wanted},
            occurred_at__gte=min(times) - AROUND,
            occurred_at__lte=max(times) + AROUND,
        )
    }
    sessions = {
        session.id: session
        for session in Session.objects.filter(site_id=site_id, id__in={event.session_id for event in events.values()})
    }
    goal_ids = {one.goal_id for one in all_wanted if one.goal_id is not None}
    goals = dict(Goal.objects.filter(site_id=site_id, id__in=goal_ids).values_list("id", "name")) if goal_ids else {}
    companies = _companies(site_id, {session.company_id for session in sessions.values() if session.company_id})
    exemptions = exempt_countries(site_id=site_id)
    refusals = refusals_of(site_id=site_id, sessions=sessions.values())
    receipts = {id_: receipt_of(refusals.get(id_, session), exemptions) for id_, session in sessions.items()}
    known = match or {}
    loaded: dict[tuple[UUID, int | None], Loaded] = {}
    for one in all_wanted:
        event = events.get(one.event_id)
        session = sessions.get(event.session_id) if event else None
        if event is None or session is None:
            continue
        goal_name = goals.get(one.goal_id, "") if one.goal_id is not None else ""
        keys = known.get(event.event_id, {})
        found = _occurrence(one, event, session, goal_name, companies, receipts[session.id], keys)
        page = Page(event.host, event.path, event.query, getattr(event, "fragment", "") or "")
        loaded[one.event_id, one.goal_id] = Loaded(found, page, session)
    return loaded


def _companies(site_id: int, company_ids: set[int]) -> dict[int, CompanyFacts]:
    """Return what may be told of companies: nothing of those that the site's client ignores."""
    if not company_ids:
        return {}
    ignored = set(ignored_on_site(site_id).filter(company_id__in=company_ids))
    company_ids = company_ids - ignored
    scores = {
        one.company_id: one for one in scores_now(site_ids=[site_id], company_ids=list(company_ids), at=clock.now())
    }
    return {
        company.id: CompanyFacts(
            name=company.name,
            domain=company.domain,
            kind=company.kind,
            score=scores[company.id].shown if company.id in scores else None,
            temperature=str(scores[company.id].parts.temperature) if company.id in scores else "",
        )
        for company in Company.objects.filter(id__in=company_ids)
    }


def _occurrence(
    one: Wanted,
    event: Event,
    session: Session,
    goal_name: str,
    companies: Mapping[int, CompanyFacts],
    consent: ConsentReceipt,
    match: Mapping[str, str],
) -> Occurrence:
    is_goal = one.goal_id is not None
    told = query_without_click_ids(event.query)
    query = f"?{told}" if told else ""
    screen = f"{session.screen_width}x{session.screen_height}" if session.screen_width and session.screen_height else ""
    return Occurrence(
        event_id=event.event_id,
        session_id=session.id,
        kind=event.kind,
        event_name=event.name,
        goal_name=goal_name,
        occurred_at=event.occurred_at,
        value=one.value if is_goal else event.value,
        currency=one.currency if is_goal else event.currency or "",
        event_value=event.value,
        event_currency=event.currency or "",
        transaction_id=event.transaction_id or "",
        items=event.items or [],
        props=event.props or {},
        page_url=f"https://{event.host}{event.path}{query}" if event.host else "",
        page_path=event.path,
        page_title=event.title,
        referrer=session.referrer,
        session_started_at=session.started_at,
        engaged_ms=session.engaged_ms,
        country=session.country,
        region=session.region,
        city=session.city,
        device=session.device,
        browser=session.browser,
        browser_version=session.browser_version,
        system=session.system,
        system_version=session.system_version,
        brand=session.brand,
        model=session.model,
        language=session.language,
        screen=screen,
        source=session.source,
        medium=session.medium,
        campaign=session.campaign,
        click_ids=_texts(session.click_ids or {}),
        consent=consent,
        match=MatchKeys(**match),
        company=companies.get(session.company_id) if session.company_id else None,
    )


def _texts(found: Mapping[str, Any]) -> dict[str, str]:
    return {name: str(value) for name, value in found.items() if value}
