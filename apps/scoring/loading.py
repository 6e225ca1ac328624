"""What companies did on a site, from the tables: visits that count, their events, and the conversions that count.

A company's activity reaches back from its last visit on, not from now: so it is the same whenever it is read.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import msgspec
from django.db import connection
from django.db.models import QuerySet

from apps.sites.goals.patterns import Page
from apps.tracking.goals.selectors import conversions_counted, goals_of
from apps.tracking.models import Conversion, Kind, Origin, Session

from .activity import Activity, Done, PageView, Reached, Visit
from .formulas import HORIZON

# Loaded and reckoned together: few queries, and not too many rows at hand.
COMPANIES_TOGETHER = 100

# Moments come as numbers, which are read far faster: microseconds from here on, near enough for a float to be exact.
_BASE = datetime(2020, 1, 1, tzinfo=UTC)
_VISITS = """
SELECT {columns}
FROM unnest(%(companies)s::bigint[]) AS wanted (id)
CROSS JOIN LATERAL (
    SELECT max(started_at) AS at FROM session
    WHERE company_id = wanted.id AND site_id = %(site)s AND set_aside = ''
) AS latest
JOIN session ON session.company_id = wanted.id AND session.site_id = %(site)s AND session.set_aside = ''
  AND session.started_at >= latest.at - %(horizon)s::interval
"""
_ALL_OF_THEM = _VISITS.format(
    columns="session.company_id, session.id, session.visitor_id,"
    " (date_part('epoch', session.started_at - %(base)s) * 1000000)::bigint,"
    " (date_part('epoch', session.ended_at - %(base)s) * 1000000)::bigint,"
    " session.source, session.channel, session.campaign, session.origin"
)
_ORDER = "ORDER BY session.company_id, session.started_at, session.id"
# Visits are looked up once more rather than named: ten thousand of them, written out, take longer to be read and to
# plan with than their events to be found. Ids come as texts, which are read far faster.
_EVENTS = """
SELECT session_id::text, event_id::text, (date_part('epoch', occurred_at - %(base)s) * 1000000)::bigint,
  engaged_ms, scroll_percent, host, path, query, fragment, kind, name, props::text, value, currency
FROM event WHERE session_id = ANY(ARRAY({visits})) AND kind = ANY(%(kinds)s)
  AND occurred_at >= %(first)s AND occurred_at <= %(last)s
"""
_EVENTS_OF_THEM = _EVENTS.format(visits=_VISITS.format(columns="session.id"))
_EVENTS_OF_ONE = _EVENTS.format(visits="SELECT %(visit)s::uuid")
_PAGEVIEW = Kind.PAGEVIEW.value
_KINDS = [_PAGEVIEW, Kind.EVENT.value]
# Those that were on the site, and those that have a score though all of their visits are gone.
_COMPANIES = """
SELECT id FROM (
    SELECT id FROM company WHERE id > %(after)s AND EXISTS (
        SELECT FROM session WHERE company_id = company.id AND site_id = %(site)s AND set_aside = ''
    )
    UNION
    SELECT company_id FROM score WHERE company_id > %(after)s AND site_id = %(site)s
) AS known ORDER BY id LIMIT %(limit)s
"""
_HORIZON = f"{HORIZON.days} days"
# Another moment than any event's: an event lies between its visit's ends, which are kept to the millisecond.
_SLACK = timedelta(seconds=1)


@dataclass(slots=True)
class Loaded:
    """What a company did on a site. `last_live_at`: when somebody was really there last; an imported log tells none."""

    company_id: int
    activity: Activity = field(default_factory=Activity)
    last_live_at: datetime | None = None


def activity_of(*, site_id: int, company_id: int) -> Activity:
    """Return what a company did on a site; empty where no visit of it counts. Four queries at most."""
    return activities_load(site_id=site_id, company_ids=[company_id])[company_id].activity


def activity_of_visit(visit: Session) -> Activity:
    """Return what was done in one visit that counts, as if there had been no other. Three queries at most."""
    loaded = Loaded(visit.company_id or 0)
    about = (visit.started_at, visit.ended_at, visit.source, visit.channel, visit.campaign)
    loaded.activity.visits.append(Visit(visit.id, visit.visitor_id, *about))
    owner = {str(visit.id): (visit.id, loaded.activity)}
    asked = {"visit": visit.id, "first": visit.started_at - _SLACK, "last": visit.ended_at + _SLACK, "base": _BASE}
    _put_events(owner, _EVENTS_OF_ONE, asked)
    _put_conversions(owner, visit.site_id, Session.objects.filter(id=visit.id))
    return loaded.activity


def activities_of(*, site_id: int, after_id: int = 0) -> Iterator[Loaded]:
    """Yield what each company did on a site, in the order of their ids, from the one behind `after_id` on.

    A hundred companies are at hand at a time; five queries for each hundred.
    """
    while company_ids := companies_next(site_id=site_id, after_id=after_id, limit=COMPANIES_TOGETHER):
        yield from activities_load(site_id=site_id, company_ids=company_ids).values()
        after_id = company_ids[-1]


def companies_next(*, site_id: int, after_id: int, limit: int | None) -> list[int]:
    """Return the next companies, by id, that a site has or should have scores of. One query."""
    with connection.cursor() as cursor:
        cursor.execute(_COMPANIES, {"site": site_id, "after": after_id, "limit": limit})
        return [company_id for (company_id,) in cursor.fetchall()]


def activities_load(*, site_id: int, company_ids: Sequence[int]) -> dict[int, Loaded]:
    """Return what companies did on a site, by company; none is left out. Four queries at most."""
    loaded = {company_id: Loaded(company_id) for company_id in company_ids}
    owner: _Owners = {}
    first = last = None
    asked: dict[str, Any] = {"companies": list(company_ids), "site": site_id, "horizon": _HORIZON, "base": _BASE}
    with connection.cursor() as cursor:
        cursor.execute(_ALL_OF_THEM + _ORDER, asked)
        for company_id, visit_id, visitor_id, started, ended, *about, origin in cursor.fetchall():
            one = loaded[company_id]
            visit = Visit(visit_id, visitor_id, _moment(started), _moment(ended), *about)
            one.activity.visits.append(visit)
            owner[str(visit.id)] = visit.id, one.activity
            first = visit.started_at if first is None else min(first, visit.started_at)
            last = visit.ended_at if last is None else max(last, visit.ended_at)
            if origin != Origin.IMPORT:
                one.last_live_at = max(one.last_live_at or visit.ended_at, visit.ended_at)
    if first is not None and last is not None:
        _put_events(owner, _EVENTS_OF_THEM, {**asked, "first": first - _SLACK, "last": last + _SLACK})
        visits = Session.objects.filter(company_id__in=list(company_ids), site_id=site_id, set_aside="")
        _put_conversions(owner, site_id, visits)
    return loaded


# By a visit's id, as text: the id itself, and what its company did. Who came after the visits were read isn't there.
_Owners = dict[str, tuple[UUID, Activity]]


def _put_events(owner: _Owners, sql: str, params: dict[str, Any]) -> None:
    # Many views are of few pages.
    pages: dict[tuple[object, ...], Page] = {}
    with connection.cursor() as cursor:
        cursor.execute(sql, {**params, "kinds": _KINDS})
        while rows := cursor.fetchmany(10_000):
            for row in rows:
                owned = owner.get(row[0])
                if owned is None:
                    continue
                visit_id, activity = owned
                address = row[5:9]
                page = pages.get(address)
                if page is None:
                    host, path, query, fragment = address
                    page = pages[address] = Page(host, path, query, fragment or "")
                at = _BASE + timedelta(microseconds=row[2])
                if row[9] == _PAGEVIEW:
                    activity.views.append(PageView(row[1], visit_id, at, page, row[3], row[4]))
                else:
                    said = msgspec.json.decode(row[11]) if row[11] is not None else None
                    activity.events.append(Done(row[1], visit_id, at, row[10], said, page, row[12], row[13]))


def _moment(microseconds: int) -> datetime:
    return _BASE + timedelta(microseconds=microseconds)


def _put_conversions(owner: _Owners, site_id: int, visits: QuerySet[Session]) -> None:
    goals = list(goals_of(site_id=site_id))
    if not goals:
        return
    found = Conversion.objects.filter(site_id=site_id, session_id__in=visits.values("id"))
    counted = conversions_counted(goals, found).values_list("event_id", "session_id", "occurred_at", "goal_id")
    for event_id, session_id, at, goal_id in counted:
        owned = owner.get(str(session_id))
        if owned is not None:
            owned[1].reached.append(Reached(event_id, owned[0], at, goal_id))
