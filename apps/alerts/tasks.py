"""Raising and sending mails as background work: woken by facts, swept each minute, since a wake-up may get lost."""

import logging
import time
from collections.abc import Callable, Sequence
from functools import partial

from celery import shared_task
from celery.exceptions import SoftTimeLimitExceeded

from apps.agencies.migrating import agency_schemas
from apps.core.tenancy import current_schema, in_schema

from .digests import digests_raise
from .occasions import hot_raise, targets_raise
from .sending import alert_send, alerts_due
from .subscriptions import alerts_tidy

logger = logging.getLogger(__name__)
# What a sweep may take; the one of the next minute goes on.
SWEEP_SECONDS = 120.0


@shared_task(name="apps.alerts.tasks.hot_raise")
def hot_raise_task(schema: str, change_id: int) -> None:
    with in_schema(schema):
        hot_raise([change_id])


@shared_task(name="apps.alerts.tasks.targets_raise")
def targets_raise_task(schema: str, site_id: int, company_ids: Sequence[int]) -> None:
    with in_schema(schema):
        targets_raise(site_id=site_id, company_ids=company_ids)


@shared_task(name="apps.alerts.tasks.alert_send")
def alert_send_task(schema: str, alert_id: int) -> None:
    with in_schema(schema):
        alert_send(alert_id)


@shared_task(name="apps.alerts.tasks.alerts_sweep")
def alerts_sweep() -> None:
    """Raise what no fact told of, and send what is due, in every agency. What fails keeps back itself alone."""
    until = time.monotonic() + SWEEP_SECONDS

    def work() -> None:
        _alone(hot_raise)
        _alone(targets_raise)
        for alert_id in alerts_due():
            if time.monotonic() > until:
                return
            _alone(partial(alert_send, alert_id))  # it is taken up for some minutes, so the next one is another

    _for_each_agency(work)


@shared_task(name="apps.alerts.tasks.digests_raise")
def digests_raise_task() -> None:
    """Write the digests of sites where it is Monday, seven o'clock, in every agency."""
    _for_each_agency(digests_raise)


@shared_task(name="apps.alerts.tasks.alerts_tidy")
def alerts_tidy_task() -> None:
    """Forget old mails, and wishes of those who may not have them any more, in every agency."""
    _for_each_agency(alerts_tidy)


def _for_each_agency(work: Callable[[], object]) -> None:
    """Do `work` in every agency; one that fails doesn't keep the others waiting, and is tried again the next time."""
    for schema in agency_schemas():
        with in_schema(schema):
            _alone(work)


def _alone(work: Callable[[], object]) -> None:
    """Do `work`; where it fails, say so and let what follows go on."""
    try:
        work()
    except SoftTimeLimitExceeded:
        raise
    except Exception:
        logger.exception("something of agency %s was left out", current_schema())
