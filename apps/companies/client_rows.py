"""What each client knows of a company by its visits: that it came at all, first and last.

Visits widen the row, and it outlives those that are too old. A visit that turns out to be another company's, or that
somebody deletes, is taken out again: a moment that it had set is found anew among the visits that stay; one that a
visit set which is gone by now stays. Where nothing stays, the row goes, unless somebody of the agency noted something
for this client (tags, owner, ignoring, notes): then it is marked as left, and begins afresh with the first visit that
comes back. What becomes of a company that nobody knows any more: `forgetting`.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from uuid import UUID

from django.db import connection
from django.db.models import Q

from apps.sites.models import Site
from apps.tracking.company_links import VisitNetwork

from .forgetting import companies_forget, companies_left
from .models import CompanyClient

Span = tuple[datetime, datetime]
Key = tuple[int, int]  # company, client

# The first stored visit, and the last sign of one, of each company at each client.
_STAYING = """
SELECT given.company_id, given.client_id, min(session.started_at), max(session.ended_at)
FROM unnest(%s::bigint[], %s::bigint[]) AS given(company_id, client_id)
JOIN sites_site AS site ON site.client_id = given.client_id
JOIN session ON session.company_id = given.company_id AND session.site_id = site.id AND session.set_aside = ''
GROUP BY given.company_id, given.client_id
"""
# Likewise at all that know it. Whoever had the site before another client did knows its visits of the time up to then.
_STAYING_THERE = """
SELECT known.company_id, known.client_id,
  min(session.started_at), max(least(session.ended_at, CASE WHEN own.id IS NULL THEN known.last_seen_at END))
FROM company_client AS known
JOIN session ON session.company_id = known.company_id AND session.set_aside = ''
LEFT JOIN sites_site AS own ON own.id = session.site_id AND own.client_id = known.client_id
WHERE known.company_id = ANY(%s) AND NOT known.is_left AND (own.id IS NOT NULL
  OR session.site_id = %s AND session.started_at BETWEEN known.first_seen_at AND known.last_seen_at)
GROUP BY known.company_id, known.client_id
"""
_NARROW = """
WITH given AS (
    SELECT * FROM unnest(
        %s::bigint[], %s::bigint[], %s::timestamptz[], %s::timestamptz[], %s::timestamptz[], %s::timestamptz[]
    ) AS given(company_id, client_id, left_first, left_last, stay_first, stay_last)
),
found AS (
    SELECT known.id,
      CASE WHEN known.first_seen_at < left_first THEN known.first_seen_at ELSE stay_first END AS first_at,
      CASE WHEN known.last_seen_at > left_last THEN known.last_seen_at ELSE stay_last END AS last_at
    FROM company_client AS known JOIN given USING (company_id, client_id) WHERE NOT known.is_left
)
UPDATE company_client AS known SET
  first_seen_at = coalesce(found.first_at, found.last_at, known.first_seen_at),
  last_seen_at = coalesce(found.last_at, found.first_at, known.last_seen_at),
  is_left = found.first_at IS NULL AND found.last_at IS NULL
FROM found WHERE known.id = found.id
"""
_DROP = """
DELETE FROM company_client AS known WHERE is_left AND company_id = ANY(%s)
  AND owner_id IS NULL AND tags = '{}' AND NOT is_ignored
  AND NOT EXISTS (
    SELECT FROM company_note AS note WHERE note.company_id = known.company_id AND note.client_id = known.client_id
  )
"""
_WIDEN = """
INSERT INTO company_client AS known (company_id, client_id, first_seen_at, last_seen_at)
SELECT * FROM unnest(%s::bigint[], %s::bigint[], %s::timestamptz[], %s::timestamptz[])
ON CONFLICT (company_id, client_id) DO UPDATE SET
    first_seen_at = CASE WHEN known.is_left THEN excluded.first_seen_at
      ELSE least(known.first_seen_at, excluded.first_seen_at) END,
    last_seen_at = CASE WHEN known.is_left THEN excluded.last_seen_at
      ELSE greatest(known.last_seen_at, excluded.last_seen_at) END,
    is_left = FALSE
"""


def client_rows_follow(
    visits: Sequence[VisitNetwork],
    linked: Mapping[UUID, int | None],
    clients: Mapping[int, int],
    *,
    withdrawn: Collection[UUID] = (),
) -> None:
    """Have what clients know follow visits that were linked to companies just now. One query; five where some left.

    `clients`: of sites. `visits` hold the companies that they were linked to before. Those that `withdrawn` ones left,
    as their visitors took back their consent, are forgotten at once where nothing else speaks of them.
    """
    left, joined = [], []
    for visit in visits:
        client_id, now = clients.get(visit.site_id), linked[visit.id]
        if client_id is None:
            continue
        if visit.company_id is not None and visit.company_id != now:
            left.append(((visit.company_id, client_id), visit))
        if now is not None:
            joined.append(((now, client_id), visit))
    if left:
        _narrow(_spans(left))
        companies_left(company_id for (company_id, _), _ in left)
    if joined:
        spans = _spans(joined)
        with connection.cursor() as cursor:
            cursor.execute(_WIDEN, [*_keys(spans), *map(list, zip(*spans.values(), strict=True))])
    if taken_back := {company_id for (company_id, _), visit in left if visit.id in withdrawn}:
        companies_forget(taken_back)


def client_rows_narrow(*, company_ids: Collection[int], site_id: int, span: Span) -> None:
    """Take a visit of a site that is gone out of what clients know of its companies, or all that they knew.

    Out of what the site's client knows, and whoever had the site when the visit was there. Five queries.
    """
    rows = CompanyClient.objects.filter(company_id__in=company_ids, is_left=False)
    is_of_then = Q(first_seen_at__range=span) | Q(last_seen_at__range=span)
    is_of_site = Q(client_id__in=Site.objects.filter(id=site_id).values("client_id"))
    keys = sorted(rows.filter(is_of_then | is_of_site).values_list("company_id", "client_id"))
    if keys:
        _narrow(dict.fromkeys(keys, span), site_id=site_id)


def _narrow(spans: Mapping[Key, Span], *, site_id: int | None = None) -> None:
    with connection.cursor() as cursor:
        if site_id is None:
            cursor.execute(_STAYING, _keys(spans))
        else:
            cursor.execute(_STAYING_THERE, [_keys(spans)[0], site_id])
        staying = {(row[0], row[1]): (row[2], row[3]) for row in cursor.fetchall()}
        stay = [staying.get(key, (None, None)) for key in spans]
        firsts, lasts = zip(*spans.values(), strict=True)
        given = [*_keys(spans), list(firsts), list(lasts), [one[0] for one in stay], [one[1] for one in stay]]
        cursor.execute(_NARROW, given)
        cursor.execute(_DROP, [_keys(spans)[0]])


def _spans(pairs: Iterable[tuple[Key, VisitNetwork]]) -> dict[Key, Span]:
    spans: dict[Key, Span] = {}
    for key, visit in pairs:
        first, last = spans.get(key, (visit.started_at, visit.ended_at))
        spans[key] = (min(first, visit.started_at), max(last, visit.ended_at))
    return dict(sorted(spans.items()))


def _keys(spans: Iterable[Key]) -> list[list[int]]:
    keys = list(spans)
    return [[key[0] for key in keys], [key[1] for key in keys]]
