"""Which stored visits a correction concerns, and what it would change: asked before it is made, and when it is applied.

A correction changes where a domain leads. So it concerns the visits with a ground for that domain, or for one that is
led there by others, and those of which somebody said that they are such a company's; whoever is someone else's now, or
nobody's, among them.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db import connection

from apps.sites.identified import KINDS
from apps.sites.models import Site
from apps.tracking.company_links import visits_networks

from .clues import clues_read
from .corrections import Kind, corrections_of, edges, upstream, visits_joined, visits_named
from .grounds import visits_grounds
from .models import CompanyCorrection
from .resolution import visit_resolve

# In one go: a moment's work.
SLICE_VISITS = 2_000
# Visits that a preview looks at.
MOST_PREVIEWED = 10_000

# The network's domain as `matching.bare_domain` has it.
_CONCERNED = r"""
session.id = ANY(%s::uuid[])
OR (session.network_kind = ANY(%s) AND session.network_domain <> ''
    AND regexp_replace(rtrim(lower(session.network_domain), '.'), '^www\.', '') = ANY(%s))
OR session.id IN (SELECT session_id FROM company_clue WHERE domain = ANY(%s))
"""
# Materialized: else all of the table is fetched in the order of ids where few visits meet this, which takes ten times
# as long as reading it as it lies.
_SLICE = f"""
WITH concerned AS MATERIALIZED (SELECT id, site_id FROM session WHERE id > %s AND ({_CONCERNED}))
SELECT id, site_id FROM concerned ORDER BY id LIMIT %s
"""
_COUNT = f"SELECT count(*) FROM session WHERE {_CONCERNED}"
NOBODY = ""


@dataclass(frozen=True, slots=True)
class Reach:
    """Which visits a correction concerns: those named, and those with a ground for one of these domains."""

    session_ids: Sequence[UUID]
    domains: Sequence[str]

    @property
    def params(self) -> list[Any]:
        return [list(self.session_ids), sorted(KINDS), list(self.domains), list(self.domains)]


@dataclass(frozen=True, slots=True)
class Preview:
    """What a correction would change: counted visits that move, by client, and by whose they become.

    `is_cut`: more visits are concerned than were looked at.
    """

    visits: int
    clients: Mapping[int, int]
    to_domains: Mapping[str, int]
    is_cut: bool


def reach_of(correction: CompanyCorrection) -> Reach:
    """Return which visits a correction concerns, by the others in force. Two queries."""
    if correction.kind == Kind.REASSIGN:
        return Reach(sorted(visits_named(correction, visits_joined())), [])
    if correction.kind == Kind.RENAME:
        return Reach([], [])
    rows = list(CompanyCorrection.objects.filter(undone_at__isnull=True))
    domains = upstream(edges(rows), correction.domain)
    joined = visits_joined()
    said = [visits_named(row, joined) for row in rows if row.kind == Kind.REASSIGN and row.to_domain in domains]
    return Reach(sorted(set().union(*said)), sorted(domains))


def reach_slice(reach: Reach, *, after: UUID | None, limit: int) -> list[tuple[UUID, int]]:
    """Return the next visits with their sites, in the order of their ids. One query."""
    if not reach.session_ids and not reach.domains:
        return []
    with connection.cursor() as cursor:
        cursor.execute(_SLICE, [after or UUID(int=0), *reach.params, limit])
        return [(row[0], row[1]) for row in cursor.fetchall()]


def reach_count(reach: Reach) -> int:
    if not reach.session_ids and not reach.domains:
        return 0
    with connection.cursor() as cursor:
        cursor.execute(_COUNT, reach.params)
        return int(cursor.fetchone()[0])


def correction_preview(correction: CompanyCorrection, *, undoes: bool = False) -> Preview:
    """Return what making a correction that isn't stored yet, or undoing a stored one, would change.

    Nothing is written: the visits are resolved with and without it. Six queries, three for each 2,000 visits.
    """
    ids = [id_ for id_, _ in reach_slice(reach_of(correction), after=None, limit=MOST_PREVIEWED + 1)]
    moved = list(_moved(correction, ids[:MOST_PREVIEWED], undoes=undoes))
    clients = dict(Site.objects.filter(id__in={site_id for site_id, _ in moved}).values_list("id", "client_id"))
    return Preview(
        visits=len(moved),
        clients=Counter(clients[site_id] for site_id, _ in moved if site_id in clients),
        to_domains=Counter(to_domain for _, to_domain in moved),
        is_cut=len(ids) > MOST_PREVIEWED,
    )


def _moved(correction: CompanyCorrection, ids: Sequence[UUID], *, undoes: bool) -> Iterator[tuple[int, str]]:
    """Return the site of each visit that moves, and the domain of whose it becomes."""
    rows = list(CompanyCorrection.objects.filter(undone_at__isnull=True).order_by("id"))
    joined = visits_joined()
    before = corrections_of(rows, joined)
    after = corrections_of([row for row in rows if row.id != correction.id] if undoes else [*rows, correction], joined)
    for start in range(0, len(ids), SLICE_VISITS):
        visits = visits_networks(ids[start : start + SLICE_VISITS])
        for visit in visits_grounds(visits, clues_read(visits).holding):
            was, becomes = visit_resolve(visit, before), visit_resolve(visit, after)
            to_domain = becomes.domain if becomes else NOBODY
            if to_domain != (was.domain if was else NOBODY):
                yield visit.site_id, to_domain
