"""`manage.py run_writer`: store what comes in by the event streams, until SIGTERM or SIGINT."""

import gc
import signal
from types import FrameType
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from apps.tracking.writer.loop import Writer


class Command(BaseCommand):
    help = (
        "Store events from the streams. Several writers share partitions by --partitions; one more stands by for all."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--partitions",
            default="",
            help=f"which of 0-{settings.STREAM_PARTITIONS - 1}, such as 0-7 or 3,5,8-11 (default: all that are free)",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        writer = Writer(partitions_of(options["partitions"]))

        def stop(number: int, frame: FrameType | None) -> None:
            writer.stop()

        signal.signal(signal.SIGTERM, stop)
        signal.signal(signal.SIGINT, stop)
        _spare_the_collector()
        writer.run()


def _spare_the_collector() -> None:
    """Collect garbage seldom: a batch makes tens of thousands of objects, none of them in circles, and looking for
    circles took a tenth of the writer's time.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(500_000, 20, 50)


def partitions_of(text: str) -> list[int]:
    """Return the partitions that `text` names; empty means all. Raises CommandError."""
    if not text:
        return list(range(settings.STREAM_PARTITIONS))
    partitions: set[int] = set()
    for part in text.split(","):
        first, _, last = part.partition("-")
        if not first.isdigit() or not (last or first).isdigit():
            raise CommandError(f"--partitions {text}: write numbers and spans such as 0-7 or 3,5,8-11.")
        partitions |= set(range(int(first), int(last or first) + 1))
    if not partitions <= set(range(settings.STREAM_PARTITIONS)):
        raise CommandError(f"--partitions {text}: there are 0 to {settings.STREAM_PARTITIONS - 1}.")
    return sorted(partitions)
