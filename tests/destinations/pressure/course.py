"""The course of a run: conversions are routed, workers send and are killed meanwhile, until nothing is left to do."""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from apps.core import clock
from apps.destinations.models import Delivery, Destination
from apps.destinations.tasks import conversions_route_task, destinations_sweep
from tests.destinations.pressure.agreeing import is_settled
from tests.destinations.pressure.workers import Workers

State = Delivery.State
# As many as the writer tells of at once on a busy site.
ROUTED_TOGETHER = 200
SWEEP_SECONDS = 3.0
# The last few have failed time and again, or are at a provider who takes one a second.
NEARLY_ALL = 0.98


@dataclass
class Run:
    """`seconds`: until `finished` deliveries, nearly all, had ended; `all_seconds`: until all had (`is_done`)."""

    is_done: bool = False
    seconds: float = 0.0
    finished: int = 0
    all_seconds: float = 0.0
    kills: int = 0
    memory_bytes: int = 0


def run_course(
    schema: str,
    site_id: int,
    conversion_ids: Sequence[int],
    crew: Workers,
    *,
    expected: int,
    kills: Sequence[float],
    seconds: float,
    every: float = 0.25,
) -> Run:
    """Route and send, for `seconds` at most; return what it took. Within the agency's schema.

    `kills`: at which shares of finished deliveries a worker is killed, in turn; at the last all are at once. `every`:
    how often one looks, in seconds. What has to wait for longer than that, doesn't: time is moved on for it.
    """
    for start in range(0, len(conversion_ids), ROUTED_TOGETHER):
        ids = list(conversion_ids[start : start + ROUTED_TOGETHER])
        conversions_route_task.delay(schema, site_id, ids)
    run, began, swept, left = Run(), time.monotonic(), 0.0, list(kills)
    while True:
        finished = Delivery.objects.exclude(finished_at=None).count()
        now = time.monotonic()
        run.memory_bytes = max(run.memory_bytes, crew.memory_bytes())
        run.all_seconds = now - began
        run.is_done = finished >= expected and is_settled()
        if run.is_done or run.all_seconds > seconds:
            return run
        if left and finished >= left[0] * expected:
            left.pop(0)
            run.kills += _kill(crew, run.kills, is_last=not left)
        if not run.seconds and finished >= NEARLY_ALL * expected:
            run.seconds, run.finished = run.all_seconds, finished
        time_move()
        if now - swept > SWEEP_SECONDS:  # as beat does, if not so often
            swept = now
            destinations_sweep.delay()
        time.sleep(every)


def time_move() -> None:
    """Have what waits for a later moment due now: retries, verdicts, destinations that are left alone."""
    now = clock.now()
    waiting = Delivery.objects.filter(state__in=(State.WAITING, State.RECEIVED), next_attempt_at__gt=now)
    waiting.update(next_attempt_at=now)
    Destination.objects.filter(open_until__gt=now).update(open_until=now - timedelta(seconds=1))


def _kill(crew: Workers, before: int, *, is_last: bool) -> int:
    """Kill one, or all; return how many."""
    numbers = range(crew.count) if is_last else [before % crew.count]
    for number in numbers:
        crew.kill(number)
    if is_last:
        # Nobody is at work: what they held may be taken at once, as it may be once the leases have run out.
        Delivery.objects.exclude(leased_until=None).update(leased_until=clock.now())
    for number in numbers:
        crew.restart(number)
    return len(numbers)
