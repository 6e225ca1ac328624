"""`make run`: everything on one machine, mails into a local outbox, the demo installed."""

from .base import *  # noqa: F403
from .base import INSTALLED_APPS, TENANT_APPS

TENANT_APPS = [*TENANT_APPS, "apps.demo"]
INSTALLED_APPS = [*INSTALLED_APPS, "apps.demo"]
EMAIL_BACKEND = "apps.agencies.outbox.OutboxEmailBackend"
