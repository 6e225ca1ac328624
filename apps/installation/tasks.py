"""Doors for Celery: carrying out a check, and looking for silences. Each may run twice."""

from celery import shared_task

from apps.agencies.migrating import agency_schemas
from apps.core import clock
from apps.core.tenancy import in_schema

from .running import check_run
from .silence import watching

# All browsers are in use: asked again after so long, so that no thread of the worker waits meanwhile.
AGAIN_SECONDS = 1


@shared_task(name="apps.installation.tasks.site_check", time_limit=60, soft_time_limit=50)
def site_check(schema: str, check_id: int) -> None:
    with in_schema(schema):
        if not check_run(check_id):
            site_check.apply_async((schema, check_id), countdown=AGAIN_SECONDS)


@shared_task(name="apps.installation.tasks.silences_watch")
def silences_watch() -> None:
    """Look in every agency which sites have gone silent, and which are heard again."""
    watching.agencies_watch(agency_schemas(), now=clock.now())
