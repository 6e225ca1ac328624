"""What `twins` is told: a site's deliveries, counted by destination, name and keys. No row leaves the database."""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from django.db import connection
from django.db.models import Count, F, Q

from .checked import TEST_MODE
from .models import Delivery
from .twins import Tally

State = Delivery.State
ACCEPTED = (State.RECEIVED, State.CONFIRMED)
# The latest orders that are compared.
MOST_ORDERS = 20_000

_DOUBLED = """
SELECT destination_id, sum(again - 1)::bigint FROM (
    SELECT told.destination_id, count(*) AS again FROM (
        SELECT destination_id, name, event_id, occurred_at FROM delivery
        WHERE site_id = %(site_id)s AND created_at >= %(since)s AND destination_id = ANY(%(destination_ids)s)
            AND state = ANY(%(states)s) AND NOT is_test AND match_keys ? 'transaction_id'
        ORDER BY created_at DESC LIMIT %(limit)s
    ) AS told CROSS JOIN LATERAL (
        SELECT transaction_id FROM event
        WHERE site_id = %(site_id)s AND event_id = told.event_id AND occurred_at = told.occurred_at LIMIT 1
    ) AS happened
    WHERE happened.transaction_id <> ''
    GROUP BY told.destination_id, told.name, happened.transaction_id HAVING count(*) > 1
) AS orders GROUP BY destination_id
"""


def tallies_of(*, site_id: int, since: datetime, late_after: Mapping[int, timedelta]) -> dict[int, list[Tally]]:
    """Return tallies by destination of what entered since then. `late_after` by destination: those asked for.

    With marketing consent alone, and without tests, what was only checked, and visits that are set aside. One query.
    """
    late = Q()
    for destination_id, after in late_after.items():
        late |= Q(destination_id=destination_id, sent_at__gt=F("occurred_at") + after)
    found = (
        Delivery.objects.filter(
            site_id=site_id,
            created_at__gte=since,
            destination_id__in=list(late_after),
            is_test=False,
            consent__state="granted",
        )
        .exclude(reason__in=("set_aside", "withdrawn", TEST_MODE))
        .order_by()
        .values_list("destination_id", "name", "match_keys", "has_twin_id")
        .annotate(
            count=Count("id"),
            sent=Count("id", filter=Q(sent_at__isnull=False, is_replay=False)),
            late=Count("id", filter=late & Q(is_replay=False)),
            repeated=Count("id", filter=Q(state=State.CONFIRMED, reason="duplicate")),
            uncertain=Count("id", filter=Q(state=State.UNCERTAIN)),
            unmatchable=Count("id", filter=Q(reason="unmatchable")),
        )
    )
    tallies: defaultdict[int, list[Tally]] = defaultdict(list)
    if late_after:
        for destination_id, name, keys, has_twin_id, *counts in found:
            tallies[destination_id].append(_tally(name, keys, has_twin_id, *counts))
    return dict(tallies)


def _tally(name: str, keys: Sequence[str], has_twin_id: bool, count: int, *others: int) -> Tally:
    return Tally(name, frozenset(keys), count, has_twin_id, *others)


def doubled_of(*, site_id: int, since: datetime, destination_ids: Collection[int]) -> dict[int, int]:
    """Return by destination how many it took of an order after the order's first, of the latest. One query."""
    given: dict[str, Any] = {
        "site_id": site_id,
        "since": since,
        "destination_ids": list(destination_ids),
        "states": [state.value for state in ACCEPTED],
        "limit": MOST_ORDERS,
    }
    with connection.cursor() as cursor:
        cursor.execute(_DOUBLED, given)
        return dict(cursor.fetchall())
