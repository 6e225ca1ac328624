"""Doors for Celery. Each calls a service, and may run twice; what was killed or got lost, the sweeps take up.

What takes long is done in turns of seconds, each a task that asks for the next one at the end of the queue: so no
agency waits for all that another has to do.
"""

import logging
from collections.abc import Callable
from functools import partial

from celery import shared_task
from celery.exceptions import SoftTimeLimitExceeded
from redis.exceptions import RedisError

from apps.agencies.migrating import agency_schemas
from apps.core.tenancy import current_schema, in_schema

from .runs import run_turn, runs_unfinished
from .services import TURN, are_due, changes_tidy, scores_cool, scores_work
from .waking import begun, may_ask

logger = logging.getLogger(__name__)


@shared_task(name="apps.scoring.tasks.scores_work")
def scores_work_task(schema: str) -> None:
    """Make the scores of an agency that are due, for a turn."""
    try:
        begun(schema)
    except RedisError as error:
        # The next one can be asked for in a few seconds, then.
        logger.warning("a task that began couldn't say so: %s", type(error).__name__)
    with in_schema(schema):
        is_left = scores_work(turn=TURN) > 0 and are_due()
    if is_left and may_ask(schema):
        scores_work_task.apply_async((schema,), retry=False)


@shared_task(name="apps.scoring.tasks.scores_sweep")
def scores_sweep() -> None:
    """Make the scores that are due in every agency, for a turn each."""
    _for_each_agency(partial(scores_work, turn=TURN))


@shared_task(name="apps.scoring.tasks.scores_cool")
def scores_cool_task() -> None:
    """Tell of companies whose temperature or category has changed by time alone, in every agency."""
    _for_each_agency(scores_cool)


@shared_task(name="apps.scoring.tasks.run_work")
def run_work_task(schema: str, site_id: int) -> None:
    """Go on with making a site's scores anew for a turn; then it is the agency's next site's."""
    with in_schema(schema):
        if not run_turn(site_id=site_id, turn=TURN):
            return
        waiting = runs_unfinished(after_id=site_id)
    if waiting:
        run_work_task.apply_async((schema, waiting[0]), retry=False)


@shared_task(name="apps.scoring.tasks.runs_sweep")
def runs_sweep() -> None:
    """Go on with runs that nobody works on."""
    _for_each_agency(_runs_sweep)


@shared_task(name="apps.scoring.tasks.changes_tidy")
def changes_tidy_task() -> None:
    """Forget what was told longer ago than its site keeps visits, in every agency."""
    _for_each_agency(changes_tidy)


def _runs_sweep() -> None:
    for site_id in runs_unfinished()[:1]:
        run_work_task.delay(current_schema(), site_id)


def _for_each_agency(work: Callable[[], object]) -> None:
    """Do `work` in every agency; one that fails doesn't keep the others waiting, and is tried again the next time."""
    for schema in agency_schemas():
        try:
            with in_schema(schema):
                work()
        except SoftTimeLimitExceeded:
            raise
        except Exception:
            logger.exception("agency %s was left out", schema)
