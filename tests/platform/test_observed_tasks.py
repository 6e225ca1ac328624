"""A task counts by name and outcome, and its log lines stand under the id of the request that began it."""

from collections.abc import Iterator
from queue import Queue

import pytest
from celery.contrib.testing.worker import start_worker

from apps.core import metering
from apps.core.ids import public_key
from apps.core.request_ids import request_id
from config.celery import app
from config.local.deadline import wait_until

QUEUE = f"observed-{public_key()}"
PATIENCE_SECONDS = 20
# Under which id each run of the task found itself.
found: "Queue[str]" = Queue()


@app.task(name="tests.observed")
def observed(*, is_well: bool) -> None:
    found.put(request_id.get())
    if not is_well:
        raise RuntimeError("it failed")


def run(*, is_well: bool) -> None:
    observed.apply_async(kwargs={"is_well": is_well}, queue=QUEUE)


@pytest.fixture
def worker() -> Iterator[None]:
    with start_worker(app, pool="solo", perform_ping_check=False, queues=[QUEUE], shutdown_timeout=60):
        yield


def are_told(*lines: str) -> bool:
    return set(lines) <= set(metering.exposition().decode().splitlines())


def test_a_task_has_the_id_of_its_request_and_is_counted(worker: None) -> None:
    token = request_id.set("abc-12345678")
    try:
        run(is_well=True)
        run(is_well=False)
    finally:
        request_id.reset(token)
    assert [found.get(timeout=PATIENCE_SECONDS) for _ in range(2)] == ["abc-12345678"] * 2
    run(is_well=True)
    # One that no request began has an id of its own: its lines belong together.
    assert len(found.get(timeout=PATIENCE_SECONDS)) >= 8
    lines = (
        'beacon_tasks_sent_total{task="tests.observed"} 3.0',
        'beacon_tasks_total{outcome="succeeded",task="tests.observed"} 2.0',
        'beacon_tasks_total{outcome="failed",task="tests.observed"} 1.0',
        'beacon_task_seconds_count{task="tests.observed"} 3.0',
    )
    assert wait_until(lambda: are_told(*lines), seconds=PATIENCE_SECONDS)
