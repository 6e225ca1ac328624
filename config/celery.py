"""The Celery application: `celery -A config.celery`."""

import logging
import os
import warnings

from celery import Celery
from celery.exceptions import SecurityWarning
from celery.signals import beat_init, worker_ready

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings.dev")

app = Celery("beacon")
app.config_from_object("django.conf:settings", namespace="CELERY")
# Logging is Django's in these processes too (see observed_tasks).
app.conf.worker_hijack_root_logger = False
app.conf.worker_redirect_stdouts = False
# The warning is about pickled messages as root. Ours are JSON, and `make run` may be root's.
warnings.simplefilter("ignore", SecurityWarning)
app.autodiscover_tasks()

# The signals that count and name tasks need the settings, which are known from here on.
from config import observed_tasks  # noqa: E402

__all__ = ["app", "observed_tasks"]
logger = logging.getLogger(__name__)


@worker_ready.connect
def say_worker_ready(**_: object) -> None:
    """Tell the local runner, which reads along, that the queues are being served."""
    logger.info("worker ready")


@beat_init.connect
def say_beat_ready(**_: object) -> None:
    logger.info("beat ready")
