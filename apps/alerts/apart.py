"""Sites each for themselves: what fails of one keeps back that one alone, and is tried again the next time."""

import logging
from collections.abc import Callable

from celery.exceptions import SoftTimeLimitExceeded

from apps.core.tenancy import current_schema
from apps.sites.models import Site

logger = logging.getLogger(__name__)


def raised_apart(site: Site, work: Callable[[], int]) -> int:
    """Do `work` for a site and return how many mails it raised; where it fails, say so: none."""
    try:
        return work()
    except SoftTimeLimitExceeded:
        raise
    except Exception:
        logger.exception("mails of site %d of agency %s weren't raised", site.id, current_schema())
        return 0
