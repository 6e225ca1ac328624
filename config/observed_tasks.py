"""Tasks as an operator sees them: counted by name and outcome, logged under the id of the request that began them."""

import time
from contextvars import Token
from typing import Any

from celery.signals import (
    before_task_publish,
    setup_logging,
    task_failure,
    task_postrun,
    task_prerun,
    task_retry,
    task_success,
)

from apps.core import metering
from apps.core.request_ids import NONE, id_from, request_id

SENT = metering.Counter("beacon_tasks_sent", "Tasks handed to the broker", ["task"])
TASKS = metering.Counter("beacon_tasks", "Tasks run, by outcome", ["task", "outcome"])
SECONDS = metering.Histogram("beacon_task_seconds", "Time that tasks took", ["task"], buckets=metering.SECONDS)
HEADER = "beacon_request_id"


@setup_logging.connect
def keep_logging(**_: object) -> None:
    """Keep Celery from setting up logging of its own: one format, and the levels that the settings give."""


@before_task_publish.connect
def send_request_id(sender: str = "", headers: dict[str, Any] | None = None, **_: object) -> None:
    SENT.labels(sender).inc()
    if headers is not None and request_id.get() != NONE:
        headers[HEADER] = request_id.get()


@task_prerun.connect
def begin(task: Any = None, **_: object) -> None:
    given = task.request.get(HEADER)
    task.request.update(began=time.perf_counter(), token=request_id.set(id_from(given)))


@task_postrun.connect
def end(task: Any = None, **_: object) -> None:
    began, token = task.request.get("began"), task.request.get("token")
    if began is not None:
        SECONDS.labels(task.name).observe(time.perf_counter() - began)
    if isinstance(token, Token):
        request_id.reset(token)


@task_success.connect
def count_success(sender: Any = None, **_: object) -> None:
    TASKS.labels(sender.name, "succeeded").inc()


@task_failure.connect
def count_failure(sender: Any = None, **_: object) -> None:
    TASKS.labels(sender.name, "failed").inc()


@task_retry.connect
def count_retry(sender: Any = None, **_: object) -> None:
    TASKS.labels(sender.name, "retried").inc()
