"""Company matching, and asking for networks, as background work: woken by facts, swept each minute, since a wake-up may
get lost."""

import logging
import random
import time
from collections.abc import Callable, Iterable
from uuid import UUID

from celery import shared_task
from celery.exceptions import SoftTimeLimitExceeded
from redis.exceptions import RedisError

from apps.agencies.migrating import agency_schemas
from apps.core.tenancy import current_schema, in_schema

from .correction_work import correction_work, corrections_unfinished
from .erase import clients_tidy, matches_tidy
from .forgetting import companies_tidy
from .identifying.links_work import links_unfinished, links_work
from .knowledge.telling import mention_mail, mentions_due
from .profiles.lookups import profiles_sweep
from .resolving import networks_resolve, networks_sweep, networks_tidy
from .reverse.sweep import hosts_sweep
from .services import visits_match

logger = logging.getLogger(__name__)
# Well below the time after which a task is stopped.
LONG_SECONDS = 150

# What a sweep may take; the one of the next minute goes on.
PROFILES_SECONDS = 120.0


@shared_task(name="apps.companies.tasks.visits_match")
def visits_match_task(schema: str, session_ids: Iterable[str]) -> None:
    with in_schema(schema):
        visits_match(session_ids=[UUID(session_id) for session_id in session_ids])


@shared_task(name="apps.companies.tasks.match_sweep")
def match_sweep() -> None:
    """Match whatever was never matched, in every agency, a bounded slice each; go on with corrections and links."""
    _for_each_agency(visits_match)
    _for_each_agency(_corrections_sweep)
    _for_each_agency(_links_sweep)


@shared_task(name="apps.companies.tasks.correction_work")
def correction_work_task(schema: str, correction_id: int) -> None:
    """Apply a correction to stored visits, or its undoing. What isn't done in time or broke off, the sweep takes up."""
    with in_schema(schema):
        correction_work(correction_id)


def _corrections_sweep() -> None:
    for correction_id in corrections_unfinished():
        correction_work_task.delay(current_schema(), correction_id)


@shared_task(name="apps.companies.tasks.links_work")
def links_work_task(schema: str, site_id: int) -> None:
    """Apply a site's links to stored visits. What isn't done in time or broke off, the sweep takes up."""
    with in_schema(schema):
        links_work(site_id)


def _links_sweep() -> None:
    for site_id in links_unfinished():
        links_work_task.delay(current_schema(), site_id)


@shared_task(name="apps.companies.tasks.visits_rematch")
def visits_rematch_task(schema: str) -> None:
    """Match an agency's unmatched visits for as long as a task may take; the sweep goes on with the rest."""
    until = time.monotonic() + LONG_SECONDS
    with in_schema(schema):
        while visits_match() and time.monotonic() < until:
            pass


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
    """Ask for the names of visits' hosts, in every agency, a bounded slice each, for as long as a task may take."""
    until = time.monotonic() + LONG_SECONDS
    _for_each_agency(lambda: hosts_sweep() if time.monotonic() < until else 0)


@shared_task(name="apps.companies.tasks.profiles_sweep")
def profiles_sweep_task() -> None:
    """Ask for the profiles that are due, in every agency, some each; not always in one order: all share a budget."""
    until = time.monotonic() + PROFILES_SECONDS
    _for_each_agency(lambda: profiles_sweep(until=until), in_turn=False)


@shared_task(name="apps.companies.tasks.matches_tidy")
def matches_tidy_task() -> None:
    """Forget why visits were matched that are gone: deleted, too old, joined to others. Likewise who told networks.

    And what clients knew that are deleted, and companies that have been without any ground for long.
    """
    _for_each_agency(matches_tidy)
    _for_each_agency(clients_tidy)
    _for_each_agency(networks_tidy)
    _for_each_agency(companies_tidy)


@shared_task(name="apps.companies.tasks.mention_mail")
def mention_mail_task(schema: str, mention_id: int) -> None:
    with in_schema(schema):
        mention_mail(mention_id)


@shared_task(name="apps.companies.tasks.mentions_sweep")
def mentions_sweep_task() -> None:
    """Mail mentions whose wake-up got lost or whose turn it is again, in every agency, as long as a task may take."""
    until = time.monotonic() + LONG_SECONDS

    def work() -> None:
        for mention_id in mentions_due():
            if time.monotonic() > until:
                return
            mention_mail(mention_id)

    _for_each_agency(work)


def _for_each_agency(work: Callable[[], object], *, in_turn: bool = True) -> None:
    """Do `work` in every agency; one that fails doesn't keep the others waiting, and is tried again the next time."""
    schemas = list(agency_schemas())
    for schema in schemas if in_turn else random.sample(schemas, len(schemas)):
        try:
            with in_schema(schema):
                work()
        except SoftTimeLimitExceeded:
            raise
        except Exception:
            logger.exception("agency %s was left out", schema)
