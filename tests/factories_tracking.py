"""Visits put straight into the tables, as the writer would leave them: for tests of what reads them."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from itertools import count
from typing import Any
from zoneinfo import ZoneInfo

from django.db.models import QuerySet

from apps.core.ids import uuid7
from apps.sites.models import Site
from apps.tracking.models import Event, Kind, LedgerLine, Origin, Session
from apps.tracking.partitions import ensure

_visitors = count(1_000)


@dataclass(frozen=True, slots=True)
class Page:
    """A page view, `after` seconds from the visit's start."""

    path: str
    after: int = 0
    engaged_s: int = 0
    scroll: int = 0
    title: str = ""


@dataclass(frozen=True, slots=True)
class Happened:
    """A named event, `after` seconds from the visit's start."""

    name: str
    after: int = 0
    path: str = "/"
    is_interactive: bool = True
    props: dict[str, Any] | None = None
    value: Decimal | None = None
    currency: str = ""


def visit_make(
    site: Site,
    started_at: datetime,
    *,
    pages: Sequence[Page] = (Page("/"),),
    events: Sequence[Happened] = (),
    visitor: int | None = None,
    last_s: int = 0,
    **fields: Any,
) -> Session:
    """Store a visit with its events and return it. `last_s`: seconds from start to its last sign, if later than all.

    Makes the event table's leaves; marks visits of the same visitor and local day as siblings.
    """
    visit = visit_built(site, started_at, pages=pages, events=events, visitor=visitor, last_s=last_s, **fields)
    session = visit.session
    ensure([session.started_at, session.ended_at])
    _mark_siblings(session)
    session.save(force_insert=True)
    Event.objects.bulk_create(visit.events)
    return session


@dataclass(frozen=True, slots=True)
class Built:
    """A visit that isn't stored yet, and its events."""

    session: Session
    events: list[Event]


def visit_built(
    site: Site,
    started_at: datetime,
    *,
    pages: Sequence[Page] = (Page("/"),),
    events: Sequence[Happened] = (),
    visitor: int | None = None,
    last_s: int = 0,
    **fields: Any,
) -> Built:
    """Return what `visit_make` would store, siblings not marked."""
    session = _session(site, started_at, pages, events, visitor, last_s, fields)
    return Built(session, [*_pageviews(session, pages), *_events(session, events)])


def visits_put(visits: Sequence[Built]) -> None:
    """Store many visits at once, as `visit_make` would one by one. No visitor of theirs has been there before."""
    ensure({moment for one in visits for moment in (one.session.started_at, one.session.ended_at)})
    days: defaultdict[tuple[Any, ...], list[Session]] = defaultdict(list)
    for session in (one.session for one in visits):
        days[session.site_id, session.visitor_id, session.local_day, session.set_aside].append(session)
    for siblings in days.values():
        for session in siblings:
            session.has_siblings = len(siblings) > 1
    Session.objects.bulk_create([one.session for one in visits])
    Event.objects.bulk_create([event for one in visits for event in one.events])


def ledger_put(site: Site, day: datetime, state: str, amount: int, reason: str = "") -> LedgerLine:
    return LedgerLine.objects.create(site_id=site.id, day=day.date(), state=state, reason=reason, count=amount)


def _session(
    site: Site,
    started_at: datetime,
    pages: Sequence[Page],
    events: Sequence[Happened],
    visitor: int | None,
    last_s: int,
    fields: dict[str, Any],
) -> Session:
    last = max([last_s, *(page.after for page in pages), *(event.after for event in events)])
    views = sorted(pages, key=lambda page: page.after)
    computed: dict[str, Any] = {
        "origin": Origin.TAG.value,
        "entry_at": started_at + timedelta(seconds=views[0].after) if views else None,
        "entry_path": views[0].path if views else "",
        "exit_at": started_at + timedelta(seconds=views[-1].after) if views else None,
        "exit_path": views[-1].path if views else "",
        "pageviews": len(pages),
        "events": len(events),
        "interactive_events": sum(event.is_interactive for event in events),
        "engaged_ms": 1000 * sum(page.engaged_s for page in pages),
    }
    return Session(
        id=uuid7(int(started_at.timestamp() * 1000)),
        site_id=site.id,
        visitor_id=next(_visitors) if visitor is None else visitor,
        started_at=started_at,
        ended_at=started_at + timedelta(seconds=last),
        local_day=started_at.astimezone(ZoneInfo(site.time_zone)).date(),
        **(computed | fields),
    )


def _mark_siblings(session: Session) -> None:
    others: QuerySet[Session] = Session.objects.filter(
        site_id=session.site_id, visitor_id=session.visitor_id, local_day=session.local_day, set_aside=session.set_aside
    )
    session.has_siblings = others.update(has_siblings=True) > 0


def _pageviews(session: Session, pages: Sequence[Page]) -> list[Event]:
    return [
        _event(
            session,
            page.after,
            Kind.PAGEVIEW,
            path=page.path,
            title=page.title,
            engaged_ms=page.engaged_s * 1000,
            scroll_percent=page.scroll,
        )
        for page in pages
    ]


def _events(session: Session, events: Sequence[Happened]) -> list[Event]:
    return [
        _event(
            session,
            event.after,
            Kind.EVENT,
            name=event.name,
            path=event.path,
            is_interactive=event.is_interactive,
            props=event.props,
            value=event.value,
            currency=event.currency,
        )
        for event in events
    ]


def _event(session: Session, after: int, kind: Kind, **fields: Any) -> Event:
    at = session.started_at + timedelta(seconds=after)
    blank: dict[str, Any] = {
        "name": "",
        "origin": session.origin,
        "set_aside": session.set_aside,
        "received_at": at,
        "clock_skew_ms": 0,
        "is_late": False,
        "is_interactive": False,
        "host": session.entry_host,
        "path": "/",
        "query": "",
        "fragment": "",
        "title": "",
        "referrer": "",
        "engaged_ms": 0,
        "scroll_percent": 0,
        "currency": "",
        "transaction_id": "",
    }
    return Event(
        event_id=uuid7(int(at.timestamp() * 1000)),
        site_id=session.site_id,
        session_id=session.id,
        visitor_id=session.visitor_id,
        kind=kind.value,
        occurred_at=at,
        **(blank | fields),
    )
