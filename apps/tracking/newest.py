"""What has come to a site lately, event by event, for whoever is putting its tag in and has the page open.

The tables know what was stored. What was repeated or refused leaves no row, so the writer tells of it by "volatile":
for sites whose page somebody looks at now, and no longer than it is looked at. Nothing in it says who the visitor is.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import cast

import msgspec
import redis
from django.db.models import Sum
from redis.exceptions import RedisError

from apps.core import clock
from apps.core.tenancy import current_schema

from . import valkey
from .models import Event, LedgerLine, Origin

# The page asks twice a second; nobody looks any more who hasn't asked for so long.
WATCHED_SECONDS = 10
KEPT_SECONDS = 15 * 60
KEPT = 50
SHOWN = 10
# The tables are asked for events of so long ago at most.
RECENT = timedelta(days=1)
REFUSED_MINUTES = 10
REPEATED, PARKED = "repeated", "parked"

WATCHED = "beacon:newest:watched"


class Came(msgspec.Struct, array_like=True, frozen=True):
    """One event: when and how it came, what it was, and its fate (empty: counted; REPEATED; or why it is set aside)."""

    event_id: str
    received_ms: int
    kind: str
    name: str
    page: str
    origin: str
    fate: str

    @property
    def received_at(self) -> datetime:
        return clock.from_ms(self.received_ms)


class Newest(msgspec.Struct):
    """The newest events, newest first, and how many were refused in the last REFUSED_MINUTES, by reason."""

    events: Sequence[Came]
    refused: dict[str, int]


_pack = msgspec.msgpack.Encoder().encode
_unpack = msgspec.msgpack.Decoder(Came).decode


def watched_name(schema: str, site_id: int) -> str:
    return f"{schema}:{site_id}"


def watch(site_id: int) -> str:
    """Say that somebody looks at a site of the current agency; return what changes whenever anything has come.

    One query by index. Where "volatile" is away, what it would tell is missed and nothing else.
    """
    since = clock.today() - timedelta(days=1)
    lines = LedgerLine.objects.filter(site_id=site_id, day__gte=since).aggregate(sum=Sum("count"))
    return f"{lines['sum'] or 0}.{_watch(watched_name(current_schema(), site_id))}"


def newest(site_id: int) -> Newest:
    """Return what has come to a site of the current agency. One query."""
    name = watched_name(current_schema(), site_id)
    try:
        told, refused = _told(name), _refused(name)
    except RedisError:
        told, refused = [], {}
    known = {one.event_id for one in told if one.fate != REPEATED}
    events = [*told, *(one for one in _stored(site_id) if one.event_id not in known)]
    events.sort(key=lambda one: one.received_ms, reverse=True)
    return Newest(events[:SHOWN], refused)


# --- the writer's end -------------------------------------------------------------------------------------------------


def watched_sites(client: redis.Redis) -> frozenset[tuple[str, int]]:
    """Return (schema, site) of those that are being looked at. Raises RedisError."""
    names = cast(list[bytes], client.zrangebyscore(WATCHED, clock.now_ms(), "+inf"))
    parts = (name.decode().rpartition(":") for name in names)
    return frozenset((schema, int(site_id)) for schema, _, site_id in parts)


def tell(client: redis.Redis, name: str, came: Iterable[Came], refused: dict[str, int]) -> None:
    """Tell of what has come to the site `name` (`watched_name`). Raises RedisError."""
    pipeline = client.pipeline(transaction=False)
    packed = [_pack(one) for one in came][-KEPT:]
    if packed:
        pipeline.lpush(_events_key(name), *packed)
        pipeline.ltrim(_events_key(name), 0, KEPT - 1)
        pipeline.expire(_events_key(name), KEPT_SECONDS)
    if refused:
        key = _refused_key(name, clock.now_ms() // 60_000)
        for reason, count in refused.items():
            pipeline.hincrby(key, reason, count)
        pipeline.expire(key, KEPT_SECONDS)
    pipeline.incr(_news_key(name))
    pipeline.expire(_news_key(name), KEPT_SECONDS)
    pipeline.execute()


# --- keys -------------------------------------------------------------------------------------------------------------


def _events_key(name: str) -> str:
    return f"beacon:newest:{name}:events"


def _news_key(name: str) -> str:
    return f"beacon:newest:{name}:news"


def _refused_key(name: str, minute: int) -> str:
    return f"beacon:newest:{name}:refused:{minute}"


def _watch(name: str) -> int:
    now = clock.now_ms()
    pipeline = valkey.volatile().pipeline(transaction=False)
    pipeline.zremrangebyscore(WATCHED, "-inf", now)
    pipeline.zadd(WATCHED, {name: now + WATCHED_SECONDS * 1000})
    pipeline.expire(WATCHED, KEPT_SECONDS)
    pipeline.get(_news_key(name))
    try:
        return int(pipeline.execute()[-1] or 0)
    except RedisError:
        return 0


def _told(name: str) -> list[Came]:
    return [_unpack(packed) for packed in cast(list[bytes], valkey.volatile().lrange(_events_key(name), 0, KEPT - 1))]


def _refused(name: str) -> dict[str, int]:
    minute = clock.now_ms() // 60_000
    pipeline = valkey.volatile().pipeline(transaction=False)
    for back in range(REFUSED_MINUTES):
        pipeline.hgetall(_refused_key(name, minute - back))
    counts: Counter[str] = Counter()
    for found in pipeline.execute():
        counts.update({reason.decode(): int(count) for reason, count in found.items()})
    return dict(counts.most_common())


def _stored(site_id: int) -> list[Came]:
    """Return the last events by their own time, imported ones left out: they came by no door of the site's."""
    rows = Event.objects.filter(site_id=site_id, occurred_at__gte=clock.now() - RECENT).exclude(origin=Origin.IMPORT)
    return [
        Came(
            row.event_id.hex,
            int(row.received_at.timestamp() * 1000),
            row.kind,
            row.name,
            f"{row.host}{row.path}",
            row.origin,
            row.set_aside,
        )
        for row in rows.order_by("-occurred_at")[:SHOWN]
    ]
