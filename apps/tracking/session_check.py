"""Whether visits are what their events make them: totals, ends, entry and exit, and nobody in two visits at once.

A page view stands for the span from its own moment to the last engagement that lengthened its visit (`last_seen_at`);
any other event for its moment. All of it is computed in the database, and only what differs comes back.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from django.db import connection, transaction

from apps.sites.models import Site

from .locks import site_lock
from .recount import SIBLINGS
from .rollups import span_mark

# What follows from the events alone: name, and how it is computed of `seen`.
_TOTALS = {
    "started_at": "min(occurred_at)",
    "ended_at": "max(until)",
    "pageviews": "count(*) FILTER (WHERE kind = 'pageview')",
    "events": "count(*) FILTER (WHERE kind = 'event')",
    "interactive_events": "count(*) FILTER (WHERE kind = 'event' AND is_interactive)",
    "engaged_ms": "sum(engaged_ms)",
    "entry_at": "min(occurred_at) FILTER (WHERE kind = 'pageview')",
    "exit_at": "max(occurred_at) FILTER (WHERE kind = 'pageview')",
}
_SEEN = """
SELECT e.session_id, e.event_id, e.kind, e.host, e.path, e.is_interactive, e.engaged_ms, e.occurred_at,
  greatest(e.occurred_at, e.last_seen_at) AS until,
  max(greatest(e.occurred_at, e.last_seen_at)) OVER earlier AS before,
  e.visitor_id = s.visitor_id AND e.set_aside = s.set_aside AND e.is_late = s.is_late AS is_of_it,
  e.kind = 'pageview' AND e.occurred_at = s.entry_at AND e.host = s.entry_host AND e.path = s.entry_path AS is_entry,
  e.kind = 'pageview' AND e.occurred_at = s.exit_at AND e.path = s.exit_path AS is_exit
FROM event AS e LEFT JOIN session AS s ON s.id = e.session_id AND s.site_id = e.site_id
WHERE e.site_id = %(site)s
WINDOW earlier AS (
    PARTITION BY e.session_id ORDER BY e.occurred_at, e.event_id ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
)
"""
_COUNTED = f"""
SELECT session_id, {", ".join(f"{how} AS {name}" for name, how in _TOTALS.items())},
  max(occurred_at - before) >= interval '30 minutes' AS has_gap,
  bool_and(is_of_it) AS are_of_it, bool_or(is_entry) AS has_entry, bool_or(is_exit) AS has_exit
FROM ({_SEEN}) AS seen GROUP BY session_id
"""
_WRONG = {
    "no events": "c.session_id IS NULL",
    "no visit": "s.id IS NULL",
    **{name: f"s.{name} IS DISTINCT FROM c.{name}" for name in _TOTALS},
    "entry page": "CASE WHEN c.pageviews = 0 THEN s.entry_host || s.entry_path <> '' ELSE NOT c.has_entry END",
    "exit page": "CASE WHEN c.pageviews = 0 THEN s.exit_path <> '' ELSE NOT c.has_exit END",
    "local_day": "s.local_day <> (s.started_at AT TIME ZONE %(zone)s)::date",
    "30 minutes of silence in it": "c.has_gap",
    "visitor or reason of its events": "NOT c.are_of_it",
}
# Where there is no visit, or no event, nothing else is worth saying.
_FIELDS = f"""
CASE WHEN s.id IS NULL THEN ARRAY['no visit'] WHEN c.session_id IS NULL THEN ARRAY['no events']
ELSE array_remove(ARRAY[{
    ", ".join(f"CASE WHEN {wrong} THEN '{name}' END" for name, wrong in _WRONG.items() if not name.startswith("no "))
}], NULL) END
"""
OF_EVENTS = f"""
SELECT id, fields FROM (
    SELECT coalesce(s.id, c.session_id) AS id, {_FIELDS} AS fields
    FROM (SELECT * FROM session WHERE site_id = %(site)s) AS s FULL JOIN ({_COUNTED}) AS c ON c.session_id = s.id
) AS compared WHERE cardinality(fields) > 0 ORDER BY id
"""
# What a rule sets aside, or how a visit behaves, can change: such visits and counted ones are one group. Bots' and spam
# are apart for good.
_GROUP = "CASE WHEN set_aside IN ('excluded', 'bot_behaviour') THEN '' ELSE set_aside END"
# Either id of a visit around midnight is its visitor's.
OF_VISITORS = f"""
SELECT id, 'another visit within 30 minutes' FROM (
    SELECT id, started_at - max(ended_at) OVER (
        PARTITION BY visitor, kind, is_late ORDER BY started_at, id
        ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
    ) AS pause
    FROM (
        SELECT id, visitor_id AS visitor, {_GROUP} AS kind, is_late, started_at, ended_at
        FROM session WHERE site_id = %(site)s
        UNION ALL
        SELECT id, linked_visitor_id, {_GROUP}, is_late, started_at, ended_at
        FROM session WHERE site_id = %(site)s AND linked_visitor_id <> visitor_id
    ) AS either
) AS spaced WHERE pause < interval '30 minutes'
UNION
SELECT id, 'has_siblings' FROM (
    SELECT id, has_siblings, count(*) OVER (PARTITION BY visitor_id, {_GROUP}, local_day) AS visits
    FROM session WHERE site_id = %(site)s
) AS counted WHERE visits > 1 AND NOT has_siblings
ORDER BY 1, 2
"""
MEND = f"""
UPDATE session SET {", ".join(f"{name} = c.{name}" for name in _TOTALS)},
  entry_host = coalesce(c.entry_host, ''), entry_path = coalesce(c.entry_path, ''),
  exit_path = coalesce(c.exit_path, ''), local_day = (c.started_at AT TIME ZONE %(zone)s)::date
FROM (
    SELECT session_id, {", ".join(f"{how} AS {name}" for name, how in _TOTALS.items())},
      (array_agg(host ORDER BY occurred_at, event_id) FILTER (WHERE kind = 'pageview'))[1] AS entry_host,
      (array_agg(path ORDER BY occurred_at, event_id) FILTER (WHERE kind = 'pageview'))[1] AS entry_path,
      (array_agg(path ORDER BY occurred_at DESC, event_id DESC) FILTER (WHERE kind = 'pageview'))[1] AS exit_path
    FROM (
        SELECT *, greatest(occurred_at, last_seen_at) AS until FROM event
        WHERE site_id = %(site)s AND session_id = ANY(%(ids)s)
    ) AS seen GROUP BY session_id
) AS c WHERE session.id = c.session_id
"""
SPAN = "SELECT min(started_at), max(ended_at) FROM session WHERE id = ANY(%s::uuid[])"
COUNT = "SELECT count(*) FROM session WHERE site_id = %s"
# What can be computed anew without asking which events belong together.
MENDABLE = frozenset({*_TOTALS, "entry page", "exit page", "local_day", "has_siblings"})


@dataclass(frozen=True, slots=True)
class Difference:
    """A visit that isn't what its events make it, and in what."""

    session_id: UUID
    fields: Sequence[str]

    @property
    def is_mendable(self) -> bool:
        return MENDABLE.issuperset(self.fields)


def sessions_count(site_id: int) -> int:
    with connection.cursor() as cursor:
        cursor.execute(COUNT, [site_id])
        return int(cursor.fetchone()[0])


def sessions_differing(site: Site) -> list[Difference]:
    """Return the site's visits, set-aside ones included, that don't follow from their events. Two queries."""
    found: dict[UUID, list[str]] = {}
    values: dict[str, int | str] = {"site": site.id, "zone": site.time_zone}
    # Each query sees one moment and holds by itself: the writer may go on meanwhile.
    with connection.cursor() as cursor:
        cursor.execute(OF_EVENTS, values)
        for session_id, fields in cursor.fetchall():
            found.setdefault(session_id, []).extend(fields)
        cursor.execute(OF_VISITORS, values)
        for session_id, what in cursor.fetchall():
            found.setdefault(session_id, []).append(what)
    return [Difference(session_id, tuple(fields)) for session_id, fields in found.items()]


def sessions_mend(site: Site) -> Sequence[Difference]:
    """Write the totals of differing visits anew from their events; return what was mended. Writers wait meanwhile."""
    with transaction.atomic():
        site_lock([site.id])
        wrong = [one for one in sessions_differing(site) if one.is_mendable]
        _mend(site, [one.session_id for one in wrong])
    return wrong


def _mend(site: Site, session_ids: Sequence[UUID]) -> None:
    if not session_ids:
        return
    with connection.cursor() as cursor:
        cursor.execute(SPAN, [list(session_ids)])
        before = cursor.fetchone()
        cursor.execute(MEND, {"site": site.id, "zone": site.time_zone, "ids": list(session_ids)})
        cursor.execute(SIBLINGS, [site.id, site.id])
        cursor.execute(SPAN, [list(session_ids)])
        after = cursor.fetchone()
    span_mark(site.id, min(before[0], after[0]), max(before[1], after[1]))
