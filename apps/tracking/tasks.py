"""Doors for Celery. Each calls a service, goes over the agencies one by one, and may run twice."""

import logging
from collections.abc import Callable
from contextlib import suppress

from celery import shared_task
from django.db import DatabaseError
from redis.exceptions import ResponseError

from apps.agencies.migrating import agency_schemas
from apps.core import clock
from apps.core.tenancy import current_schema, in_schema

from . import erase, import_jobs, match_keys, partitions, retention, salts, valkey
from . import rollups_build as rollups_building
from .goals import work as goals_work
from .rules import work

logger = logging.getLogger(__name__)


@shared_task(name="apps.tracking.tasks.partitions_make_ahead")
def partitions_make_ahead() -> None:
    """Make the leaves of this month and the next, so that the writer needn't."""
    _for_each_agency(partitions.make_ahead)


@shared_task(name="apps.tracking.tasks.salts_rotate")
def salts_rotate() -> None:
    """Have the salts of today and tomorrow, and destroy those that no event needs any more."""
    salts.salts_ensure()
    salts.salts_destroy_old()


@shared_task(name="apps.tracking.tasks.retention_enforce")
def retention_enforce() -> None:
    """Delete what is older than each site keeps. An agency at a time, since one may have much to delete."""
    for schema in agency_schemas():
        agency_retention_enforce.delay(schema)


@shared_task(name="apps.tracking.tasks.agency_retention_enforce")
def agency_retention_enforce(schema: str) -> None:
    with in_schema(schema):
        retention.retention_enforce()
        import_jobs.salts_forget_abandoned()


@shared_task(name="apps.tracking.tasks.engagement_orphans_drop")
def engagement_orphans_drop() -> None:
    _for_each_agency(retention.orphans_drop)


@shared_task(name="apps.tracking.tasks.match_keys_expire")
def match_keys_expire() -> None:
    """Erase what ad platforms recognise visitors by, where nothing has needed it for a week."""
    now = clock.now()
    _for_each_agency(lambda: match_keys.match_keys_expire(now))


@shared_task(name="apps.tracking.tasks.durable_file_rewrite")
def durable_file_rewrite() -> None:
    """Rewrite the durable server's file, so that what was trimmed from the streams is gone from the disk too."""
    # One that is running already does the same.
    with suppress(ResponseError):
        valkey.durable().bgrewriteaof()


@shared_task(name="apps.tracking.tasks.site_erase")
def site_erase(schema: str, site_id: int) -> None:
    """Erase what was stored of a deleted site."""
    with in_schema(schema):
        erase.site_erase(site_id)


@shared_task(name="apps.tracking.tasks.erase_sweep")
def erase_sweep() -> None:
    """Erase what is left of deleted sites whose task got lost or was broken off."""
    _for_each_agency(erase.erase_left_behind)


@shared_task(name="apps.tracking.tasks.rule_work")
def rule_work(schema: str, rule_id: int) -> None:
    """Apply a rule to what is stored, or undo it. What isn't done in time or was broken off, the sweep takes up."""
    with in_schema(schema):
        work.rule_work(rule_id)


@shared_task(name="apps.tracking.tasks.rules_sweep")
def rules_sweep() -> None:
    """Judge visits that have changed, and go on with rules that nobody works on."""
    _for_each_agency(_rules_sweep)


def _rules_sweep() -> None:
    work.visits_judge()
    for rule_id in work.rules_unfinished():
        rule_work.delay(current_schema(), rule_id)


@shared_task(name="apps.tracking.tasks.goal_work")
def goal_work(schema: str, goal_id: int) -> None:
    """Apply a goal to what is stored. What isn't done in time or was broken off, the sweep takes up."""
    with in_schema(schema):
        goals_work.goal_work(goal_id)


@shared_task(name="apps.tracking.tasks.goals_sweep")
def goals_sweep() -> None:
    """Go on with goals that are being applied and that nobody works on."""
    _for_each_agency(_goals_sweep)


def _goals_sweep() -> None:
    for goal_id in goals_work.goals_unfinished():
        goal_work.delay(current_schema(), goal_id)


@shared_task(name="apps.tracking.tasks.rollups_build")
def rollups_build() -> None:
    """Sum up past days whose rows have changed, and those that never were."""
    _for_each_agency(rollups_building.rollups_build)


def _for_each_agency(work: Callable[[], object]) -> None:
    """Do `work` in every agency; one that fails doesn't keep the others waiting, and is tried again the next time.

    What isn't the database's failure is an error of ours: raised, but when all others are done.
    """
    broken: list[Exception] = []
    for schema in agency_schemas():
        try:
            with in_schema(schema):
                work()
        except DatabaseError:
            logger.exception("agency %s was left out", schema)
        except Exception as error:
            error.add_note(f"in agency {schema}")
            broken.append(error)
    if broken:
        raise ExceptionGroup("agencies were left out", broken)
