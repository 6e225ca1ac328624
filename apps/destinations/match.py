"""What ad platforms recognise a person by, of events that were conversions; gone once nothing waits for it any more."""

from collections.abc import Iterable, Mapping
from functools import partial
from uuid import UUID

from django.db import transaction
from django.db.models import Exists, OuterRef, Q

from apps.core.tenancy import call_in_schema, current_schema
from apps.tracking.match_keys import match_keys_forget, match_keys_open
from apps.tracking.models import Conversion

from .checked import CHECKED
from .models import Delivery, RoutedConversion, RoutingRule

State = Delivery.State
# Also what a person may still mend or decide about: sent again without them, it couldn't be matched any more.
OPEN = (State.WAITING, State.SENDING, State.UNCERTAIN, State.REJECTED)
TOGETHER = 1_000


def match_keys_of(event_ids: Iterable[UUID]) -> Mapping[UUID, Mapping[str, str]]:
    """Return the match keys of events, by event; those without any are left out. One query."""
    return match_keys_open(event_ids)


def match_keys_settle(event_ids: Iterable[UUID]) -> None:
    """Have `match_keys_done` look at events once the present transaction has committed (now where there is none).

    Not within it: of an event that two destinations are done with at the same moment, each would see the other at it.
    """
    transaction.on_commit(partial(_done, current_schema(), list(set(event_ids))))


def _done(schema: str, event_ids: list[UUID]) -> None:
    if current_schema() != schema:
        # As where a block around the agency's commits.
        call_in_schema(schema, _done, schema, event_ids)
        return
    for start in range(0, len(event_ids), TOGETHER):
        match_keys_done(event_ids[start : start + TOGETHER])


def match_keys_done(event_ids: Iterable[UUID]) -> None:
    """Forget the match keys of events that no delivery is open for, and none is about to be made. Three queries."""
    given = set(event_ids)
    # What the provider has yet to decide on may have to be sent again; what it has only checked is yet to be sent.
    is_open = Q(state__in=OPEN) | Q(state=State.RECEIVED, next_attempt_at__isnull=False) | CHECKED
    still_open = Delivery.objects.filter(is_open, event_id__in=given, is_test=False).values_list("event_id", flat=True)
    # An event can go to one place by its name, and a moment later to another as a goal's.
    rules = RoutingRule.objects.filter(is_on=True, destination__is_on=True, destination__archived_at=None)
    to_come = Conversion.objects.filter(
        ~Exists(RoutedConversion.objects.filter(conversion_id=OuterRef("id"))),
        event_id__in=given,
        goal_id__in=rules.filter(source=RoutingRule.Source.GOAL).values("goal_id"),
        is_backfill=False,
    )
    match_keys_forget(given - set(still_open) - set(to_come.values_list("event_id", flat=True)))
