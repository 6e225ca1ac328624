"""What tests of the ingest door share: a site with its route, the contract's words, and what reached the streams."""

import json
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from django.test import Client

from apps.agencies.models import Agency, SiteRoute
from apps.tracking import routes, salts, sealing, valkey
from apps.tracking.apis import limits
from apps.tracking.envelope import Envelope, Refusals, stream_name, unpack_envelope, unpack_refusals
from apps.tracking.throttles import Limits

SITE_KEY = "doorsite"
DOMAIN = "shop.example"
ORIGIN = f"https://www.{DOMAIN}"
ADDRESS = "192.0.2.77"
BROWSER = "Mozilla/5.0 (X11; Linux x86_64; rv:144.0) Gecko/20100101 Firefox/144.0"
PARTITIONS = 16


@dataclass
class Streams:
    """What lies in the event streams."""

    def _entries(self) -> Iterator[dict[bytes, bytes]]:
        for partition in range(PARTITIONS):
            entries: Any = valkey.durable().xrange(stream_name(partition))
            for _, fields in entries:
                yield fields

    @property
    def envelopes(self) -> list[Envelope]:
        return [unpack_envelope(fields[b"e"]) for fields in self._entries() if b"e" in fields]

    @property
    def refusals(self) -> list[Refusals]:
        return [unpack_refusals(fields[b"r"]) for fields in self._entries() if b"r" in fields]

    @property
    def refused(self) -> dict[str, int]:
        """Return the refused events by reason."""
        counts: dict[str, int] = {}
        for refusals in self.refusals:
            for reason, count in refusals.counts.items():
                counts[reason] = counts.get(reason, 0) + count
        return counts

    @property
    def raw(self) -> bytes:
        """Return everything, as bytes."""
        return b"".join(value for fields in self._entries() for value in fields.values())


@pytest.fixture
def streams() -> Iterator[Streams]:
    valkey.durable().flushall()
    yield Streams()
    valkey.durable().flushall()


@pytest.fixture
def fresh_process() -> Iterator[None]:
    """Let the process know nothing: no routes, keys, salts, sealing keys, and all buckets full."""

    def forget() -> None:
        for kept in (routes.routes, routes.clients):
            kept.is_lenient = False
            kept.forget_all()
            kept.stale.clear()
        salts.forget_old(date.max)
        sealing.forget_all()
        fresh = Limits(rate_per_ip=limits.per_ip.rate, rate_per_site=limits.per_site.rate, is_open_alone=True)
        limits.per_ip, limits.per_site = fresh.per_ip, fresh.per_site
        for name in valkey.volatile().scan_iter("beacon:limit:*"):
            valkey.volatile().delete(name)

    forget()
    yield
    forget()


@pytest.fixture
def route(db: None, fresh_process: None) -> SiteRoute:
    """The route of a site of the domain shop.example."""
    return route_make()


def route_make(site_key: str = SITE_KEY, *, status: str = "active", **settings: Any) -> SiteRoute:
    agency, _ = Agency.objects.get_or_create(slug="door", defaults={"name": "Door", "schema_name": "a_9001"})
    return SiteRoute.objects.create(
        site_key=site_key,
        agency=agency,
        schema="a_9001",
        site_id=SiteRoute.objects.count() + 1,
        status=status,
        domains=[DOMAIN],
        settings=settings,
    )


def now_ms() -> int:
    return int(time.time() * 1000)


def pageview(number: int = 1, **fields: Any) -> dict[str, Any]:
    view = {
        "id": f"018f0f6e-0000-7000-8000-{number:012x}",
        "kind": "pageview",
        "at": now_ms(),
        "url": f"https://{DOMAIN}/pricing",
        "title": "Pricing",
    }
    return {name: value for name, value in (view | fields).items() if value is not ...}


def custom(number: int = 1, **fields: Any) -> dict[str, Any]:
    return pageview(number, **({"kind": "event", "name": "download", "url": ..., "title": ...} | fields))


def batch(*events: Any, **fields: Any) -> dict[str, Any]:
    return {"site_key": SITE_KEY, "events": list(events), **fields}


@dataclass
class DoorClient:
    """Sends as a browser on shop.example does, through plain Django; gives the test client's responses back."""

    client: Client = field(default_factory=Client)

    def post(self, body: Any, path: str = "batch", /, **headers: str | None) -> Any:
        given = {"Origin": ORIGIN, "User-Agent": BROWSER, "Host": "localhost"} | {
            name.replace("_", "-"): value
            for name, value in headers.items()
            if name not in ("Content_Type", "REMOTE_ADDR")
        }
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        return self.client.post(
            f"/api/track/{path}",
            data=content,
            content_type=headers.get("Content_Type") or "text/plain;charset=UTF-8",
            headers={name: value for name, value in given.items() if value is not None},
            REMOTE_ADDR=headers.get("REMOTE_ADDR") or ADDRESS,
        )

    def pixel(self, **query: str) -> Any:
        headers = {"User-Agent": BROWSER, "Host": "localhost"}
        return self.client.get("/api/track/pixel.gif", query, headers=headers, REMOTE_ADDR=ADDRESS)


@pytest.fixture
def door(route: SiteRoute, streams: Streams) -> DoorClient:
    return DoorClient()


def why(response: Any) -> dict[str, str]:
    """Return the faults of an answer by field."""
    return {fault["field"]: fault["why"] for fault in json.loads(response.content)["rejected"]}


def at(day: date, hour: int, minute: int = 0) -> int:
    """Return a moment in ms since 1970, UTC."""
    return int(
        (datetime(day.year, day.month, day.day, tzinfo=UTC) + timedelta(hours=hour, minutes=minute)).timestamp() * 1000
    )
