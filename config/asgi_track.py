"""The `ingest` process: the ingest door and nothing else."""

import os

from django.core.asgi import get_asgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings.dev")
get_asgi_application()

from apps.tracking.door import Door  # noqa: E402

application = Door()
