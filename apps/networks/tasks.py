"""The monthly refresh of the local databases, one source a task so that none takes long."""

import logging

from celery import shared_task
from django.conf import settings

from .errors import RefreshError
from .refresh import refresh
from .sources import sources

log = logging.getLogger(__name__)

# Below the time after which a task is stopped.
FETCH_SECONDS = 200


@shared_task
def databases_refresh() -> None:
    """Start the refresh of each source. Twice on the same day does no harm: the newest version is the same."""
    for source in sources(settings.BEACON_GEO):
        database_refresh.delay(source.key)


# Another source's refresh may hold the lock, or the registry may be away for a while.
@shared_task(autoretry_for=(RefreshError,), retry_backoff=30, retry_backoff_max=60, max_retries=5)
def database_refresh(key: str) -> None:
    """Refresh one source. Raises RefreshError when the retries are used up; the database in use stays."""
    refresh(
        tuple(source for source in sources(settings.BEACON_GEO) if source.key == key),
        say=log.info,
        newest=True,
        seconds=FETCH_SECONDS,
    )
