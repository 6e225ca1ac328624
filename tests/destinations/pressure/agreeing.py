"""The accounts after a run: conversions, deliveries, attempts and what the stand-ins have taken must agree."""

from collections.abc import Iterator, Mapping
from typing import Any

from django.db import connection
from django.db.models import Count, F

from apps.destinations.models import Delivery, DeliveryAttempt
from tests.destinations.pressure.standing import Place

State = Delivery.State
# Of each destination's conversions by its rule: rows that are missing or doubled, and those withheld against consent.
CONVERSIONS = """
SELECT destination.id, count(*) FILTER (WHERE rows IS DISTINCT FROM 1),
    count(*) FILTER (WHERE is_withheld = (session.consent_marketing = 'granted'))
FROM destination JOIN routing_rule ON routing_rule.destination_id = destination.id
JOIN conversion ON conversion.goal_id = routing_rule.goal_id
    AND conversion.value >= coalesce((routing_rule.conditions ->> 'least_value')::numeric, conversion.value)
JOIN session ON session.id = conversion.session_id
LEFT JOIN (
    SELECT destination_id, conversion_id, count(*) AS rows, bool_or(state = 'withheld') AS is_withheld
    FROM delivery GROUP BY destination_id, conversion_id
) AS found ON found.destination_id = destination.id AND found.conversion_id = conversion.id
GROUP BY destination.id
"""
STRANGE = """
SELECT count(*) FROM delivery LEFT JOIN conversion ON conversion.id = delivery.conversion_id
WHERE conversion.id IS NULL
"""


def differences(places: Mapping[int, Place]) -> list[str]:
    """Return what doesn't agree, as sentences; nothing, as it should be. Within the agency's schema."""
    return [*_ledger(places), *_states(places), *_attempts(), *_taken(places)]


def states(places: Mapping[int, Place]) -> dict[tuple[str, str], int]:
    """Return how many deliveries ended how, by destination and state."""
    found = Delivery.objects.values_list("destination_id", "state").annotate(n=Count("id"))
    return {(places[destination_id].provider, state): n for destination_id, state, n in found}


def is_settled() -> bool:
    """Return whether nothing is to be done any more by itself."""
    return not Delivery.objects.filter(state__in=(State.WAITING, State.SENDING)).exists() and not (
        Delivery.objects.exclude(next_attempt_at=None).exists()
    )


def doubled(places: Mapping[int, Place]) -> int:
    """Return how many messages were received more than once by who doesn't drop the second."""
    counted = [place.stand_in.taken for place in places.values() if not place.drops_repeats]
    return sum(n > 1 for taken in counted for n in taken.values())


def repeated(places: Mapping[int, Place]) -> int:
    """Return how often something came again to who drops it: an answer was lost, or its worker."""
    counted = [place.stand_in.taken for place in places.values() if place.drops_repeats]
    return sum(n - 1 for taken in counted for n in taken.values())


def _ledger(places: Mapping[int, Place]) -> Iterator[str]:
    for destination_id, wrong, against in _rows(CONVERSIONS):
        if wrong:
            yield f"{places[destination_id].provider}: {wrong} conversions haven't one row each"
        if against:
            yield f"{places[destination_id].provider}: {against} were withheld with consent, or not without"
    ((strange,),) = _rows(STRANGE)
    if strange:
        yield f"{strange} deliveries are of no conversion"


def _states(places: Mapping[int, Place]) -> Iterator[str]:
    unfinished = Delivery.objects.filter(finished_at=None) | Delivery.objects.filter(
        state__in=(State.WAITING, State.SENDING)
    )
    if count := unfinished.count():
        yield f"{count} deliveries aren't in a final state"
    if count := Delivery.objects.filter(reason="").count():
        yield f"{count} deliveries have no reason"
    if count := Delivery.objects.exclude(leased_until=None).count():
        yield f"{count} deliveries are still leased"


def _attempts() -> Iterator[str]:
    if count := DeliveryAttempt.objects.filter(ended_at=None).count():
        yield f"{count} attempts have no end"
    # A worker may be killed between counting a try and writing it, never the other way round.
    more = Delivery.objects.annotate(n=Count("tries")).filter(n__gt=F("attempts"))
    if count := more.count():
        yield f"{count} deliveries have more attempts than they count"


def _taken(places: Mapping[int, Place]) -> Iterator[str]:
    """Hold what the stand-ins took against what we know.

    Where the provider drops what comes twice, each message has one name for it, however often it came; elsewhere what
    isn't certain may or may not have arrived, and nothing has more than once.
    """
    by_state = Delivery.objects.values_list("destination_id", "state").annotate(n=Count("id"))
    counts = {(destination_id, state): n for destination_id, state, n in by_state}
    for destination_id, place in places.items():
        arrived = sum(counts.get((destination_id, state), 0) for state in (State.RECEIVED, State.CONFIRMED))
        unsure = counts.get((destination_id, State.UNCERTAIN), 0)
        taken = place.stand_in.taken
        found = len(taken) if place.drops_repeats else sum(taken.values())
        if not arrived <= found <= arrived + unsure:
            yield f"{place.provider} took {found}, and of us {arrived} are received and {unsure} uncertain"


def _rows(sql: str) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(sql)
        return list(cursor.fetchall())
