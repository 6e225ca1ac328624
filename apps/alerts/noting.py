"""Noting that mails are to be sent: a row for each member, and the fact that wakes whoever sends them."""

from collections.abc import Collection
from datetime import date, datetime
from typing import Any

import msgspec
from django.db import connection, transaction

from apps.core.facts import publish
from apps.core.tenancy import current_schema

from .facts import AlertsRaised
from .models import Subscription

_NOTE = """
INSERT INTO alert_sent (user_id, site_id, kind, company_id, day, due_at, tries, content)
SELECT user_id, %s, %s, %s, %s, %s, 0, %s::jsonb FROM unnest(%s::bigint[]) AS wanted (user_id)
ON CONFLICT DO NOTHING RETURNING id
"""


def alerts_note(
    *,
    site_id: int,
    kind: Subscription.Kind,
    company_id: int | None,
    day: date,
    due_at: datetime | None,
    content: dict[str, Any],
    user_ids: Collection[int],
) -> int:
    """Note a mail for each of these members; return how many. Not for those whom the table allows no further one.

    `due_at` None: it is known, and nothing is sent. Several at once make each row once: who comes second waits for the
    first one's end.
    """
    packed = msgspec.json.encode(content).decode()
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(_NOTE, [site_id, kind.value, company_id, day, due_at, packed, sorted(user_ids)])
        ids = tuple(row[0] for row in cursor.fetchall())
        if ids and due_at is not None:
            publish(AlertsRaised(schema=current_schema(), alert_ids=ids))
    return len(ids)
