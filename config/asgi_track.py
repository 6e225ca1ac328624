"""The `ingest` process: the ingest door and nothing else."""

import os

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings.dev")
# Apps and settings only: no middleware, no templates for a process that shows no pages.
django.setup()

from apps.tracking.door import Door  # noqa: E402

application = Door()
