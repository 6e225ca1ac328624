"""The Celery application: `celery -A config.celery`."""

import os
import warnings

from celery import Celery
from celery.exceptions import SecurityWarning
from celery.signals import beat_init, worker_ready

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings.dev")

app = Celery("beacon")
app.config_from_object("django.conf:settings", namespace="CELERY")
# Logging is Django's in these processes too: one format, and the levels that the settings give.
app.conf.worker_hijack_root_logger = False
app.conf.worker_redirect_stdouts = False
# The warning is about pickled messages as root. Ours are JSON, and `make run` may be root's.
warnings.simplefilter("ignore", SecurityWarning)
app.autodiscover_tasks()


@worker_ready.connect
def say_worker_ready(**_: object) -> None:
    """Tell the local runner, which reads along, that the queues are being served."""
    print("worker ready", flush=True)


@beat_init.connect
def say_beat_ready(**_: object) -> None:
    print("beat ready", flush=True)
