"""What companies did on a site, from the tables: visits that count, their events, and the conversions that count.

A company's activity reaches back from its last visit on, not from now: so it is the same whenever it is read.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from uuid import UUID

import msgspec
from django.db import connection

from apps.sites.goals.patterns import Page
from apps.tracking.goals.selectors import conversions_counted, goals_of
from apps.tracking.models import Conversion, Kind, Origin, Session

from .activity import Activity, Done, PageView, Reached, Visit
from .formulas import HORIZON

# Loaded and reckoned together: few queries, and not too many rows at hand.
COMPANIES_TOGETHER = 100

_VISITS = """
SELECT session.company_id, session.id, session.visitor_id, session.started_at, session.ended_at, session.source,
  session.channel, session.campaign, session.origin
FROM unnest(%(companies)s::bigint[]) AS wanted (id)
CROSS JOIN LATERAL (
    SELECT max(started_at) AS at FROM session
    WHERE company_id = wanted.id AND site_id = %(site)s AND set_aside = ''
) AS latest
JOIN session ON session.company_id = wanted.id AND session.site_id = %(site)s AND session.set_aside = ''
  AND session.started_at >= latest.at - %(horizon)s::interval
ORDER BY session.company_id, session.started_at, session.id
"""
_EVENTS = """
SELECT event_id, session_id, (extract(epoch FROM occurred_at) * 1000000)::bigint, kind, name, host, path, query,
  fragment, engaged_ms, scroll_percent, props::text, value, currency
FROM event WHERE session_id = ANY(%s::uuid[]) AND kind = ANY(%s) AND occurred_at >= %s AND occurred_at <= %s
"""
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
# Moments come as numbers, which are read far faster.
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
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
    owner = {visit.id: loaded}
    _put_events(owner, visit.started_at - _SLACK, visit.ended_at + _SLACK)
    _put_conversions(owner, visit.site_id)
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
    owner: dict[UUID, Loaded] = {}
    first = last = None
    with connection.cursor() as cursor:
        cursor.execute(_VISITS, {"companies": list(company_ids), "site": site_id, "horizon": _HORIZON})
        for company_id, *about, origin in cursor.fetchall():
            visit, one = Visit(*about), loaded[company_id]
            one.activity.visits.append(visit)
            owner[visit.id] = one
            first = visit.started_at if first is None else min(first, visit.started_at)
            last = visit.ended_at if last is None else max(last, visit.ended_at)
            if origin != Origin.IMPORT:
                one.last_live_at = max(one.last_live_at or visit.ended_at, visit.ended_at)
    if first is not None and last is not None:
        _put_events(owner, first - _SLACK, last + _SLACK)
        _put_conversions(owner, site_id)
    return loaded


def _put_events(owner: dict[UUID, Loaded], first: datetime, last: datetime) -> None:
    # Many views are of few pages.
    pages: dict[tuple[object, ...], Page] = {}
    with connection.cursor() as cursor:
        cursor.execute(_EVENTS, [list(owner), [Kind.PAGEVIEW.value, Kind.EVENT.value], first, last])
        while rows := cursor.fetchmany(10_000):
            for row in rows:
                _put_event(owner[row[1]].activity, pages, row)


def _put_event(activity: Activity, pages: dict[tuple[object, ...], Page], row: Sequence[object]) -> None:
    event_id, visit_id, moment, kind, name, host, path, query, fragment, engaged_ms, scroll_percent, props, *own = row
    at = _EPOCH + timedelta(microseconds=moment)  # type: ignore[arg-type]
    address = (host, path, query, fragment)
    page = pages.get(address)
    if page is None:
        page = pages[address] = Page(host, path, query, fragment or "")  # type: ignore[arg-type]
    if kind == Kind.PAGEVIEW:
        activity.views.append(PageView(event_id, visit_id, at, page, engaged_ms, scroll_percent))  # type: ignore[arg-type]
    else:
        said = msgspec.json.decode(props) if isinstance(props, str) else None
        activity.events.append(Done(event_id, visit_id, at, name, said, page, *own))  # type: ignore[arg-type]


def _put_conversions(owner: dict[UUID, Loaded], site_id: int) -> None:
    goals = list(goals_of(site_id=site_id))
    if not goals:
        return
    found = Conversion.objects.filter(site_id=site_id, session_id__in=_ids(owner))
    counted = conversions_counted(goals, found).values_list("event_id", "session_id", "occurred_at", "goal_id")
    for reached in counted:
        owner[reached[1]].activity.reached.append(Reached(*reached))


def _ids(owner: Iterable[UUID]) -> list[UUID]:
    return list(owner)
