"""Routing and sending as background work: woken by facts, swept every few seconds, since a wake-up may get lost."""

import logging
import time
from collections.abc import Callable, Iterable, Sequence
from datetime import timedelta
from uuid import UUID

from celery import shared_task
from celery.exceptions import SoftTimeLimitExceeded
from django.db.models import Q

from apps.agencies.migrating import agency_schemas
from apps.core import clock
from apps.core.tenancy import current_schema, in_schema
from apps.tracking.models import Conversion, Session

from .archived import agency_is_active, sites_archived
from .confirming import deliveries_confirm
from .delivering import destination_send, due_within
from .keeping import deliveries_tidy
from .lanes import only_one
from .models import Delivery, Destination, RoutingRule
from .routing import conversions_route, conversions_unrouted, events_route
from .telling import refusal_tell, refusals_untold
from .waking import begun, may_look_far, may_wake, may_wake_later, seen_before

logger = logging.getLogger(__name__)
State = Delivery.State
# Events whose wake-up got lost are looked for in visits of so long.
EVENTS_BACK = timedelta(hours=1)
# Of so many at once.
VISITS = 1_000
# Until the next sweep comes (CELERY_BEAT_SCHEDULE).
SWEPT_SECONDS = 15
# For so long at most a sweep is busy with what is left of one site's conversions, and of its events.
ROUTING_SECONDS = 10.0


@shared_task(name="apps.destinations.tasks.conversions_route")
def conversions_route_task(schema: str, site_id: int, conversion_ids: Sequence[int]) -> None:
    with in_schema(schema):
        _wake(conversions_route(site_id=site_id, conversion_ids=conversion_ids))


@shared_task(name="apps.destinations.tasks.events_route")
def events_route_task(schema: str, site_id: int, session_ids: Sequence[str]) -> None:
    with in_schema(schema):
        _wake(events_route(site_id=site_id, session_ids=[UUID(one) for one in session_ids]))


@shared_task(name="apps.destinations.tasks.destination_send")
def destination_send_task(schema: str, destination_id: int) -> None:
    """Send for some seconds; where there is more, others come first. What is due before the next sweep is seen to."""
    with in_schema(schema):
        begun(destination_id)
        if destination_send(destination_id):
            destination_wake(destination_id)
        elif (seconds := due_within(destination_id, SWEPT_SECONDS)) and may_wake_later(destination_id, seconds):
            destination_send_task.apply_async((schema, destination_id), countdown=seconds, retry=False)


def destination_wake(destination_id: int) -> None:
    """Have somebody send what is due to a destination, soon. Within the agency's schema."""
    if may_wake(destination_id):
        destination_send_task.apply_async((current_schema(), destination_id), retry=False)


@shared_task(name="apps.destinations.tasks.deliveries_confirm")
def deliveries_confirm_task(schema: str, destination_id: int) -> None:
    with in_schema(schema):
        deliveries_confirm(destination_id)


@shared_task(name="apps.destinations.tasks.refusal_tell")
def refusal_tell_task(schema: str, destination_id: int) -> None:
    with in_schema(schema):
        refusal_tell(destination_id)


@shared_task(name="apps.destinations.tasks.destinations_sweep")
def destinations_sweep() -> None:
    """Route what wasn't, and wake whoever has something due, in every agency."""
    _for_each_agency(_sweep)


@shared_task(name="apps.destinations.tasks.deliveries_tidy")
def deliveries_tidy_task() -> None:
    """Give up what is too old, and forget attempts and marks that were kept for long enough."""
    _for_each_agency(deliveries_tidy)


def _sweep() -> None:
    with only_one("sweep") as is_alone:
        if not is_alone:
            return
        newest = Conversion.objects.order_by("-id").values_list("id", flat=True).first() or 0
        seen = seen_before(newest)
        looks_far = may_look_far()
        for site_id in set(RoutingRule.objects.filter(is_on=True).values_list("site_id", flat=True)):
            _conversions_left(site_id, seen)
            if looks_far:
                _conversions_left(site_id, seen, is_late=True)
            _events_left(site_id)
        _wake_due()


def _conversions_left(site_id: int, seen: int, *, is_late: bool = False) -> None:
    """Route what was left of a site's conversions: lost messages, and what has waited for its visit's company.

    `seen`: the last conversion of the agency that a sweep before this has seen.
    """
    after = 0
    until = time.monotonic() + ROUTING_SECONDS
    while after < seen and time.monotonic() < until:
        left = conversions_unrouted(site_id=site_id, after=after, is_late=is_late)
        _wake(conversions_route(site_id=site_id, conversion_ids=[one for one in left if one <= seen]))
        if not left:
            break
        after = left[-1]


def _events_left(site_id: int) -> None:
    """Route what was left of the events that rules of a site name: visit by visit, the latest first."""
    if not RoutingRule.objects.filter(site_id=site_id, is_on=True, source=RoutingRule.Source.EVENT).exists():
        return
    now = clock.now()
    recent = Session.objects.filter(
        site_id=site_id, import_id=None, started_at__gte=now - timedelta(days=1), ended_at__gte=now - EVENTS_BACK
    ).order_by("-started_at", "-id")
    until = time.monotonic() + ROUTING_SECONDS
    rest = recent
    while (visits := list(rest.values_list("started_at", "id")[:VISITS])) and time.monotonic() < until:
        _wake(events_route(site_id=site_id, session_ids=[id_ for _, id_ in visits]))
        at, last_id = visits[-1]
        # Both: the second alone isn't looked up in the index by time.
        rest = recent.filter(Q(started_at__lt=at) | Q(id__lt=last_id), started_at__lte=at)


def _wake_due() -> None:
    """Wake whoever has something to do with a destination now."""
    if not agency_is_active():
        return
    now = clock.now()
    free = Q(open_until=None) | Q(open_until__lte=now)
    due = Delivery.objects.filter(next_attempt_at__lte=now)
    may = Destination.objects.filter(free, is_on=True, archived_at=None)
    to_send = due.filter(Q(leased_until=None) | Q(leased_until__lte=now), state__in=(State.WAITING, State.SENDING))
    to_wake = may.filter(id__in=to_send.values("destination_id")).exclude(site_id__in=sites_archived().values("id"))
    _wake(to_wake.values_list("id", flat=True))
    to_check = due.filter(state=State.RECEIVED).values("destination_id")
    for destination_id in may.filter(id__in=to_check).values_list("id", flat=True):
        deliveries_confirm_task.delay(current_schema(), destination_id)
    for destination_id in refusals_untold().values_list("id", flat=True):
        refusal_tell_task.delay(current_schema(), destination_id)


def _wake(destination_ids: Iterable[int]) -> None:
    for destination_id in destination_ids:
        destination_wake(destination_id)


def _for_each_agency(work: Callable[[], object]) -> None:
    """Do `work` in every agency; one that fails doesn't keep the others waiting, and is tried again the next time."""
    for schema in agency_schemas():
        try:
            with in_schema(schema):
                work()
        except SoftTimeLimitExceeded:
            raise
        except Exception:
            logger.exception("destinations of agency %s were left out", schema)
