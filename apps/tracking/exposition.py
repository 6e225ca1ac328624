"""`GET /metrics`: who may read them, and the states that are asked for when somebody does.

Not public. A call shows the bearer token BEACON_METRICS_TOKEN, or comes straight from one of
BEACON_METRICS_NETWORKS (this machine, where neither is set). "Straight" matters: behind a proxy on the same machine
everybody comes from 127.0.0.1, so what a proxy passed on is never let in by its address.
"""

import hmac
from collections.abc import Iterable, Mapping
from http import HTTPStatus

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from redis.exceptions import RedisError

from apps.core import metering
from apps.core.metering import Busy

from . import health, valkey
from .address import lies_in, parse_address
from .envelope import stream_name
from .health import Check, Readiness
from .inbox import Memory
from .writer.heartbeat import writer_state
from .writer.streams import UNREADABLE

State = tuple[str, str, str, dict[str, float]]
HEADERS = {"Cache-Control": "no-store", "Content-Type": metering.CONTENT_TYPE}
BUSY = "Another process holds the metrics for too long.\n"
BUSY_HEADERS = {"Cache-Control": "no-store", "Content-Type": "text/plain; charset=utf-8", "Retry-After": "5"}
REFUSAL = "Metrics are for the operator: show BEACON_METRICS_TOKEN, or ask from BEACON_METRICS_NETWORKS.\n"
# What a proxy adds to what it passes on; one of them suffices.
PASSED_ON = ("x-forwarded-for", "forwarded", "x-real-ip", "x-forwarded-host", "x-forwarded-proto", "via", "cf-ray")
QUEUES = ("default", "enrichment", "scoring", "destinations", "sending")


def admission(peer: str, headers: Mapping[str, str]) -> HTTPStatus:
    """Return OK, or why not. `headers`: by names in small letters."""
    token = settings.BEACON_METRICS_TOKEN
    if token:
        scheme, _, shown = headers.get("authorization", "").partition(" ")
        if scheme.lower() == "bearer" and hmac.compare_digest(shown.strip().encode(), token.encode()):
            return HTTPStatus.OK
    if is_near(peer, headers):
        return HTTPStatus.OK
    return HTTPStatus.UNAUTHORIZED if token else HTTPStatus.FORBIDDEN


def is_near(peer: str, headers: Mapping[str, str]) -> bool:
    """Return whether a call comes straight from one of the networks that may read."""
    address = parse_address(peer)
    if address is None or any(name in headers for name in PASSED_ON):
        return False
    return lies_in(address, settings.BEACON_METRICS_NETWORKS) and not lies_in(address, settings.BEACON_TRUSTED_PROXIES)


def refusal_headers(status: HTTPStatus) -> dict[str, str]:
    asks = {"WWW-Authenticate": "Bearer"} if status == HTTPStatus.UNAUTHORIZED else {}
    return {"Cache-Control": "no-store", "Content-Type": "text/plain; charset=utf-8"} | asks


def metrics_text(readiness: Readiness) -> bytes:
    """Return all metrics of this machine. Asks the servers; blocks for some seconds where one is away. Raises Busy."""
    return metering.exposition(metering.Asked(lambda: states(readiness)))


def states(readiness: Readiness) -> Iterable[State]:
    is_ready, checks = readiness.look()
    yield "beacon_ready", "1: /ready is green", "", {"": float(is_ready)}
    yield "beacon_accepts", "1: events are taken and kept", "", {"": float(health.accepts(checks))}
    yield "beacon_up", "1: the server answers", "server", _up(checks)
    lag = checks["writer"].seconds
    if lag is not None:
        yield "beacon_queue_oldest_seconds", "Age of the oldest entry that isn't stored", "", {"": lag}
    yield from _streams()
    yield from _volatile()


def _up(checks: Mapping[str, Check]) -> dict[str, float]:
    return {name: float(checks[name].ok) for name in ("durable", "volatile", "database")}


def _streams() -> Iterable[State]:
    memory = Memory()
    partitions = range(settings.STREAM_PARTITIONS)
    try:
        pipeline = valkey.durable().pipeline(transaction=False)
        pipeline.info("memory")
        for partition in partitions:
            pipeline.xlen(stream_name(partition))
            pipeline.xlen(UNREADABLE.format(partition=partition))
        info, *lengths = pipeline.execute()
    except RedisError:
        return  # beacon_up says so
    memory.look(info)
    yield "beacon_queue_entries", "Entries in the streams", "", {"": float(sum(lengths[::2]))}
    yield (
        "beacon_unreadable_entries",
        "Entries kept aside that belong to no agency",
        "",
        {"": float(sum(lengths[1::2]))},
    )
    yield "beacon_stream_bytes", "Memory of the streams' server in use", "", {"": float(memory.used)}
    yield "beacon_stream_bound_bytes", "Past it the door answers 503", "", {"": float(memory.bound)}


def _volatile() -> Iterable[State]:
    try:
        has_writer = writer_state() is not None
        broker = valkey.client(settings.CELERY_BROKER_URL)
        try:
            waiting = {queue: float(int(str(broker.llen(queue)))) for queue in QUEUES}
        finally:
            broker.close()
    except RedisError:
        return
    yield "beacon_writer_up", "1: a writer has given a sign of life within 10 s", "", {"": float(has_writer)}
    yield "beacon_tasks_waiting", "Tasks that no worker has taken yet", "queue", waiting


def metrics(request: HttpRequest) -> HttpResponse:
    """200: the metrics; 401, 403: not for this caller; 503: they can't be read now."""
    status = admission(
        request.META.get("REMOTE_ADDR", ""), {name.lower(): value for name, value in request.headers.items()}
    )
    if status != HTTPStatus.OK:
        return HttpResponse(REFUSAL, status=status, headers=refusal_headers(status))
    try:
        return HttpResponse(metrics_text(health.readiness), headers=HEADERS)
    except Busy:
        return HttpResponse(BUSY, status=HTTPStatus.SERVICE_UNAVAILABLE, headers=BUSY_HEADERS)
