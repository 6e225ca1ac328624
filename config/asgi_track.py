"""The `ingest` process: the ingest door and nothing else."""

import gc
import os

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings.dev")
# Apps and settings only: no middleware, no templates for a process that shows no pages.
django.setup()

from apps.tracking.door import Door  # noqa: E402

application = Door()

# Requests leave no circles behind: looking for some among all that was imported would cost each of them time.
gc.collect()
gc.freeze()
gc.set_threshold(50_000, 20, 50)
