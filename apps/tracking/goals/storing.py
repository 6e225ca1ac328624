"""The conversion table, as it is filled: once for each goal and event, whoever comes to it and however often."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from decimal import Decimal
from uuid import UUID

import msgspec
from django.db import connection

from apps.sites.goals.rules import GoalRule, worth

from ..facts import GoalReached
from ..writer.parameters import records, uuids

ADD = """
INSERT INTO conversion (site_id, goal_id, event_id, session_id, occurred_at, value, currency, is_backfill)
SELECT * FROM json_to_recordset(%s) AS met(
    site_id bigint, goal_id bigint, event_id uuid, session_id uuid, occurred_at timestamptz,
    value numeric, currency text, is_backfill boolean
)
ON CONFLICT (goal_id, event_id) DO NOTHING RETURNING id, goal_id, event_id
"""
FOLLOW = """
WITH new AS (
    SELECT * FROM unnest(%s::uuid[], %s::uuid[]) AS new(gone_id, session_id)
), matches AS (
    UPDATE conversion_match SET session_id = new.session_id FROM new WHERE conversion_match.session_id = new.gone_id
)
UPDATE conversion SET session_id = new.session_id FROM new WHERE conversion.session_id = new.gone_id
"""


class Met(msgspec.Struct):
    """An event that has met a goal. `is_counted`: its visit isn't set aside, as far as is known now."""

    site_id: int
    goal_id: int
    event_id: UUID
    session_id: UUID
    occurred_at: datetime
    value: Decimal | None
    currency: str
    is_backfill: bool
    is_counted: bool


def met_of(
    rule: GoalRule,
    *,
    site_id: int,
    event_id: UUID,
    session_id: UUID,
    occurred_at: datetime,
    value: Decimal | None,
    currency: str,
    is_backfill: bool,
    is_counted: bool,
) -> Met:
    """Return that an event has met a goal, with what that is worth. `value`, `currency`: the event's own."""
    amount, amount_currency = worth(rule, value, currency)
    return Met(site_id, rule.id, event_id, session_id, occurred_at, amount, amount_currency, is_backfill, is_counted)


def conversions_add(schema: str, met: Sequence[Met]) -> list[GoalReached]:
    """Store conversions; what is there stays. Return the facts of the new ones that count. One query if any are met."""
    if not met:
        return []
    by_key = {(one.goal_id, one.event_id): one for one in met}
    with connection.cursor() as cursor:
        cursor.execute(ADD, [records([_record(one) for one in by_key.values()])])
        added = [(number, by_key[goal_id, event_id]) for number, goal_id, event_id in cursor.fetchall()]
    return _facts(schema, [(number, one) for number, one in added if one.is_counted])


def conversions_follow(moved: Iterable[tuple[UUID, UUID]]) -> None:
    """Have conversions, and what is kept to match them, of visits that are gone belong to those that these have become
    part of. One query if any are.
    """
    pairs = list(moved)
    if not pairs:
        return
    with connection.cursor() as cursor:
        cursor.execute(FOLLOW, [uuids(gone for gone, _ in pairs), uuids(kept for _, kept in pairs)])


def _record(one: Met) -> dict[str, object]:
    record: dict[str, object] = msgspec.structs.asdict(one)
    del record["is_counted"]
    return record


def _facts(schema: str, added: Sequence[tuple[int, Met]]) -> list[GoalReached]:
    grouped: dict[tuple[int, int, bool], list[tuple[int, Met]]] = {}
    for number, one in added:
        grouped.setdefault((one.site_id, one.goal_id, one.is_backfill), []).append((number, one))
    return [
        GoalReached(
            schema,
            site_id,
            goal_id,
            tuple(number for number, _ in group),
            tuple(dict.fromkeys(one.session_id for _, one in group)),
            is_backfill,
        )
        for (site_id, goal_id, is_backfill), group in grouped.items()
    ]
