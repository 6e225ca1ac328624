"""The writer on a machine that was just started, where the monotonic clock is near zero."""

from threading import Thread
from types import SimpleNamespace

import pytest
from django.db import connection
from pytest_django import DjangoDbBlocker

from apps.agencies.models import StreamCheckpoint
from apps.tracking.writer import loop
from apps.tracking.writer.loop import Writer
from config.local.deadline import wait_until

from .processes import PATIENCE_SECONDS, clear_streams

pytestmark = pytest.mark.real
PARTITION = 7


def test_it_has_its_partitions_at_once(
    django_db_setup: None, django_db_blocker: DjangoDbBlocker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(loop, "time", SimpleNamespace(monotonic=lambda: 2.0))
    with django_db_blocker.unblock():
        connection.set_schema_to_public()  # type: ignore[attr-defined]
        clear_streams()
        StreamCheckpoint.objects.filter(partition=PARTITION).delete()
        writer = Writer([PARTITION])
        thread = Thread(target=writer.run)
        thread.start()
        try:
            assert wait_until(lambda: PARTITION in writer.leases.held, seconds=PATIENCE_SECONDS)
        finally:
            writer.stop()
            thread.join()
            clear_streams()
