"""The session table, as the writer reads and fills it."""

from collections.abc import Iterable, Sequence
from typing import Any
from uuid import UUID

from django.db import connection
from psycopg import sql
from psycopg.types.json import Jsonb

from apps.core import clock

from ..flags import Flag
from ..steps.sessions import ACQUISITION_COLUMNS, SessionState
from .parameters import numbers, records, uuids

# Identity by the day's salt, the only mode there is so far.
DAILY = "daily"
# What placing events works on, in the order in which it is read.
STATE_COLUMNS = (
    "id",
    "site_id",
    "visitor_id",
    "set_aside",
    "is_late",
    "started_at",
    "ended_at",
    "local_day",
    "linked_visitor_id",
    "has_siblings",
    "entry_at",
    "entry_host",
    "entry_path",
    "exit_at",
    "exit_path",
    "pageviews",
    "events",
    "interactive_events",
    "engaged_ms",
    "consent_analytics",
    "consent_marketing",
    "gpc",
    "dnt",
    "excluded_by",
    "consent_source",
    "consent_version",
    "consent_at",
)
FACT_COLUMNS = (
    "ip_hash",
    "origin",
    "bot_name",
    "signals",
    "import_id",
    *ACQUISITION_COLUMNS,
    "browser",
    "browser_version",
    "engine",
    "system",
    "system_version",
    "device",
    "brand",
    "model",
    "screen_width",
    "screen_height",
    "viewport_width",
    "viewport_height",
    "pixel_ratio",
    "color_scheme",
    "has_touch",
    "languages",
    "language",
    "time_zone",
    "connection",
    "continent",
    "country",
    "region",
    "city",
    "postal",
    "latitude",
    "longitude",
    "asn",
    "network_name",
    "organisation",
    "network_domain",
    "network_kind",
    "is_vpn",
    "is_proxy",
    "is_tor",
    "is_hosting",
    "is_mobile_network",
)
_MOMENTS = {"started_at", "ended_at", "entry_at", "exit_at", "consent_at"}


def _read_as(name: str) -> str:
    return f"floor(extract(epoch FROM s.{name}) * 1000)::bigint" if name in _MOMENTS else f"s.{name}"


_PLAIN_FACTS = tuple(name for name in FACT_COLUMNS if name != "click_ids")
_COPIED = (*STATE_COLUMNS, *_PLAIN_FACTS, "click_ids", "identity_mode", "matched_at")
COPY = f"COPY session ({', '.join(_COPIED)}) FROM STDIN"
# Moments as ms since 1970, which is what placing works with.
_READ = f"""
SELECT {", ".join(map(_read_as, STATE_COLUMNS))}, s.screen_width IS NOT NULL, s.matched_at IS NOT NULL FROM session s
"""
# By either id: a visit around midnight is found by the id of both days. Without a span of time: ids live for a day or
# two anyway, and with one the planner may read all of the site's visits of the span for each visitor.
OF_VISITORS = f"""
{_READ} JOIN unnest(%(sites)s::bigint[], %(visitors)s::bigint[]) AS v(site_id, visitor_id)
  ON s.site_id = v.site_id AND s.visitor_id = v.visitor_id
UNION ALL
{_READ} JOIN unnest(%(sites)s::bigint[], %(visitors)s::bigint[]) AS v(site_id, visitor_id)
  ON s.site_id = v.site_id AND s.linked_visitor_id = v.visitor_id
WHERE s.linked_visitor_id IS NOT NULL
"""
BY_ID = f"{_READ} WHERE s.id = ANY(%s::uuid[])"
_TYPES = {
    "id": "uuid",
    "site_id": "bigint",
    "visitor_id": "bigint",
    "linked_visitor_id": "bigint",
    "is_late": "boolean",
    "has_siblings": "boolean",
    "gpc": "boolean",
    "dnt": "boolean",
    "started_at": "timestamptz",
    "ended_at": "timestamptz",
    "entry_at": "timestamptz",
    "exit_at": "timestamptz",
    "local_day": "date",
    "pageviews": "integer",
    "events": "integer",
    "interactive_events": "integer",
    "engaged_ms": "bigint",
    "excluded_by": "bigint",
    "consent_at": "timestamptz",
    "is_reopened": "boolean",
}
# The site never changes, nor whether it came late.
_CHANGING = [name for name in STATE_COLUMNS if name not in {"id", "site_id", "is_late"}]
_RECORD = ", ".join(f"{name} {_TYPES.get(name, 'text')}" for name in ("id", *_CHANGING, "is_reopened"))
UPDATE = f"""
UPDATE session SET {", ".join(f"{name} = new.{name}" for name in _CHANGING)},
  matched_at = CASE WHEN new.is_reopened THEN NULL ELSE session.matched_at END
FROM json_to_recordset(%s) AS new({_RECORD})
WHERE session.id = new.id
"""
ACQUIRE = f"""
UPDATE session SET {", ".join(f"{name} = gone.{name}" for name in ACQUISITION_COLUMNS)}
FROM session AS gone WHERE session.id = %s AND gone.id = %s
"""
LEAD_ON = """
UPDATE session_alias SET session_id = new.session_id
FROM unnest(%s::uuid[], %s::uuid[]) AS new(gone_id, session_id) WHERE session_alias.session_id = new.gone_id
"""
ALIAS = "INSERT INTO session_alias (id, session_id) SELECT * FROM unnest(%s::uuid[], %s::uuid[]) ON CONFLICT DO NOTHING"
DELETE = "DELETE FROM session WHERE id = ANY(%s::uuid[])"


def sessions_of(visitors: Iterable[tuple[int, int]]) -> list[SessionState]:
    """Return the sessions of (site, visitor)s. One query."""
    wanted = list(visitors)
    with connection.cursor() as cursor:
        cursor.execute(
            OF_VISITORS,
            {
                "sites": numbers(site_id for site_id, _ in wanted),
                "visitors": numbers(visitor_id for _, visitor_id in wanted),
            },
        )
        return [_state(row) for row in cursor.fetchall()]


def sessions_by_id(session_ids: Iterable[UUID]) -> list[SessionState]:
    with connection.cursor() as cursor:
        cursor.execute(BY_ID, [uuids(session_ids)])
        return [_state(row) for row in cursor.fetchall()]


def sessions_store(sessions: Sequence[SessionState]) -> None:
    """Write new sessions in bulk and update the others: two queries, and one more for each with changed facts."""
    new = [session for session in sessions if session.is_new]
    old = [session for session in sessions if not session.is_new]
    with connection.cursor() as cursor:
        if new:
            with cursor.copy(COPY) as copy:
                for session in new:
                    copy.write_row(_row(session))
        if old:
            cursor.execute(UPDATE, [records([_changed_record(session) for session in old])])
        for session in old:
            if session.facts:
                cursor.execute(*_facts_update(session))


def sessions_join(joined: Sequence[SessionState]) -> None:
    """Delete the rows of joined sessions and have their ids lead to what they have become part of."""
    stored = [session for session in joined if not session.is_new]
    if not stored:
        return
    gone = uuids(session.id for session in stored)
    kept = uuids(session.lasting.id for session in stored)
    with connection.cursor() as cursor:
        for session in {session.lasting.id: session.lasting for session in stored}.values():
            if session.acquired_from is not None:
                cursor.execute(ACQUIRE, [session.id, session.acquired_from])
        cursor.execute(LEAD_ON, [gone, kept])
        cursor.execute(ALIAS, [gone, kept])
        cursor.execute(DELETE, [gone])


def _state(row: Sequence[Any]) -> SessionState:
    return SessionState(
        id=row[0],
        site_id=row[1],
        visitor_id=row[2],
        set_aside=row[3],
        is_late=row[4],
        started_ms=row[5],
        ended_ms=row[6],
        local_day=row[7],
        linked_visitor_id=row[8],
        has_siblings=row[9],
        entry_ms=row[10],
        entry_host=row[11],
        entry_path=row[12],
        exit_ms=row[13],
        exit_path=row[14],
        pageviews=row[15],
        events=row[16],
        interactive_events=row[17],
        engaged_ms=row[18],
        consent=(row[19], row[20], row[21], row[22]),
        excluded_by=row[23],
        consent_source=row[24] or "",
        consent_version=row[25] or "",
        consent_ms=row[26],
        has_context=row[27],
        is_matched=row[28],
        stored_flag=Flag(row[3], row[23]),
        stored_visitor_id=row[2],
    )


def _changing(session: SessionState) -> tuple[Any, ...]:
    return (
        session.visitor_id,
        session.set_aside,
        clock.from_ms(session.started_ms),
        clock.from_ms(session.ended_ms),
        session.local_day,
        session.linked_visitor_id,
        session.has_siblings,
        None if session.entry_ms is None else clock.from_ms(session.entry_ms),
        session.entry_host,
        session.entry_path,
        None if session.exit_ms is None else clock.from_ms(session.exit_ms),
        session.exit_path,
        session.pageviews,
        session.events,
        session.interactive_events,
        session.engaged_ms,
        *session.consent,
        session.excluded_by,
        session.consent_source or None,
        session.consent_version or None,
        None if session.consent_ms is None else clock.from_ms(session.consent_ms),
    )


def _changed_record(session: SessionState) -> dict[str, object]:
    record: dict[str, object] = dict(zip(_CHANGING, _changing(session), strict=True))
    record["id"], record["is_reopened"] = session.id, session.is_reopened
    return record


def _row(session: SessionState) -> tuple[Any, ...]:
    facts = session.facts
    visitor_id, set_aside, *changing = _changing(session)
    return (
        session.id,
        session.site_id,
        visitor_id,
        set_aside,
        session.is_late,
        *changing,
        *[facts[name] for name in _PLAIN_FACTS],
        _plain(facts["click_ids"]),
        DAILY,
        clock.now() if session.is_matched else None,
    )


def _facts_update(session: SessionState) -> tuple[sql.Composed, list[Any]]:
    names = list(session.facts)
    query = sql.SQL("UPDATE session SET {} WHERE id = %s").format(
        sql.SQL(", ").join(sql.SQL("{} = %s").format(sql.Identifier(name)) for name in names)
    )
    return query, [*(_plain(session.facts[name]) for name in names), session.id]


def _plain(value: object) -> object:
    return Jsonb(value) if isinstance(value, dict) else value
