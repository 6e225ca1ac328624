from importlib import import_module

from django.apps import AppConfig
from django.conf import settings


class CoreConfig(AppConfig):
    name = "apps.core"

    def ready(self) -> None:
        # Which fact wakes which work is written down on one page, outside the apps.
        import_module(settings.BEACON_PIPELINE)
