"""Company matching, and asking for networks, as background work: woken by facts, swept each minute, since a wake-up may
get lost."""

import logging
from collections.abc import Callable, Iterable
from uuid import UUID

from celery import shared_task
from django.db import DatabaseError
from redis.exceptions import RedisError

from apps.agencies.migrating import agency_schemas
from apps.core.tenancy import in_schema

from .erase import clients_tidy, matches_tidy
from .resolving import networks_resolve, networks_sweep, networks_tidy
from .reverse.sweep import hosts_sweep
from .services import visits_match

logger = logging.getLogger(__name__)


@shared_task(name="apps.companies.tasks.visits_match")
def visits_match_task(schema: str, session_ids: Iterable[str]) -> None:
    with in_schema(schema):
        visits_match(session_ids=[UUID(session_id) for session_id in session_ids])


@shared_task(name="apps.companies.tasks.match_sweep")
def match_sweep() -> None:
    """Match whatever was never matched, in every agency, a bounded slice each."""
    _for_each_agency(visits_match)


@shared_task(name="apps.companies.tasks.networks_resolve")
def networks_resolve_task(schema: str, session_ids: Iterable[str]) -> None:
    """Ask for visits' networks. What can't be had now is found by the sweep."""
    with in_schema(schema):
        try:
            networks_resolve(session_ids=[UUID(session_id) for session_id in session_ids])
        except RedisError as error:
            logger.warning("Networks can't be asked for at the moment: %s", type(error).__name__)


@shared_task(name="apps.companies.tasks.networks_sweep")
def networks_sweep_task() -> None:
    """Ask for the networks that are due, in every agency, a bounded slice each."""
    _for_each_agency(networks_sweep)


@shared_task(name="apps.companies.tasks.hosts_sweep")
def hosts_sweep_task() -> None:
    """Ask for the names of visits' hosts, in every agency, a bounded slice each."""
    _for_each_agency(hosts_sweep)


@shared_task(name="apps.companies.tasks.matches_tidy")
def matches_tidy_task() -> None:
    """Forget why visits were matched that are gone: deleted, too old, joined to others. Likewise who told networks.

    And what clients knew that are deleted.
    """
    _for_each_agency(matches_tidy)
    _for_each_agency(clients_tidy)
    _for_each_agency(networks_tidy)


def _for_each_agency(work: Callable[[], object]) -> None:
    """Do `work` in every agency; one that fails doesn't keep the others waiting, and is tried again the next time."""
    for schema in agency_schemas():
        try:
            with in_schema(schema):
                work()
        except (DatabaseError, RedisError):
            logger.exception("agency %s was left out", schema)
