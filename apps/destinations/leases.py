"""Who holds which deliveries, and for how long: a worker that dies, or stands still, holds them no longer than that.

Whoever has a delivery's lease may try it and say what became of it, nobody else: each lease is known by its moment,
and what is written under one that has passed to another is dropped.
"""

from collections.abc import Iterable
from datetime import timedelta
from typing import Any

from django.db import connection

from apps.core import clock

from .models import Delivery

State = Delivery.State

LEASE = timedelta(minutes=1)
# Renewed so often while their worker is at it.
RENEWED = timedelta(seconds=15)

CLAIM = """
UPDATE delivery SET leased_until = %(until)s, state = 'sending'
FROM (
    SELECT id FROM delivery
    WHERE destination_id = %(destination_id)s AND next_attempt_at <= %(now)s
        AND (leased_until IS NULL OR leased_until <= %(now)s) AND state IN ('waiting', 'sending')
    ORDER BY next_attempt_at LIMIT %(limit)s FOR UPDATE SKIP LOCKED
) AS due WHERE delivery.id = due.id RETURNING delivery.id
"""
CLAIM_LEAST_TRIED = CLAIM.replace("ORDER BY ", "ORDER BY attempts, ")
RENEW = """
UPDATE delivery SET leased_until = %(until)s
WHERE id = ANY(%(ids)s::bigint[]) AND leased_until = ANY(%(held)s::timestamptz[]) RETURNING id
"""


def deliveries_claim(destination_id: int, limit: int, *, is_probe: bool = False) -> list[Delivery]:
    """Take deliveries that are due, the longest due first. Two queries.

    `is_probe`: those that were tried the least come first: else one that is never taken would be tried for all.
    """
    now = clock.now()
    given: dict[str, Any] = {"destination_id": destination_id, "now": now, "until": now + LEASE, "limit": limit}
    with connection.cursor() as cursor:
        cursor.execute(CLAIM_LEAST_TRIED if is_probe else CLAIM, given)
        ids = [id_ for (id_,) in cursor.fetchall()]
    return list(Delivery.objects.filter(id__in=ids).order_by("next_attempt_at", "id")) if ids else []


def leases_renew(held: Iterable[Delivery]) -> set[int]:
    """Hold on to deliveries; return those that are still held. A query, none where all were renewed a moment ago."""
    mine = [delivery for delivery in held if delivery.leased_until is not None]
    until = clock.now() + LEASE
    if all(delivery.leased_until > until - RENEWED for delivery in mine if delivery.leased_until):
        return {delivery.id for delivery in mine}
    given: dict[str, Any] = {
        "until": until,
        "ids": [delivery.id for delivery in mine],
        "held": list({delivery.leased_until for delivery in mine}),
    }
    with connection.cursor() as cursor:
        cursor.execute(RENEW, given)
        still = {id_ for (id_,) in cursor.fetchall()}
    for delivery in mine:
        delivery.leased_until = until
    return still


def leases_end(held: Iterable[Delivery]) -> None:
    """Let go of deliveries of which nothing is on its way: anybody may take them now. A query."""
    mine = list(held)
    if mine:
        still = {"id__in": [one.id for one in mine], "leased_until__in": {one.leased_until for one in mine}}
        Delivery.objects.filter(**still).update(state=State.WAITING, leased_until=None)
