"""Sealed addresses, left for a day under their hash in the volatile Valkey, for enrichment that asks elsewhere.

Facts and rows carry the hash alone. The keys that open them last little longer, and neither is ever written to a disk.
"""

import logging
from collections.abc import Iterable

import redis
from redis.exceptions import RedisError

from ..ingest import Arrival

logger = logging.getLogger(__name__)

KEPT_SECONDS = 24 * 3600
# Of those left most lately, so that a visitor's every click doesn't leave the address anew.
REMEMBERED = 20_000


def address_key(ip_hash: bytes) -> str:
    """Return the key under which `<seal hour>:<sealed address>` lies."""
    return f"beacon:sealed:{ip_hash.hex()}"


class Addresses:
    def __init__(self, client: redis.Redis) -> None:
        self._redis = client
        self._left: set[bytes] = set()

    def leave(self, arrivals: Iterable[Arrival]) -> None:
        """Leave the addresses of people who came by a live door. Where that server is away, enrichment goes without."""
        new = {
            arrival.envelope.ip_hash: arrival.envelope
            for arrival in arrivals
            if not arrival.verdict.reason
            and arrival.envelope.sealed_ip
            and not arrival.envelope.import_id
            and arrival.envelope.ip_hash not in self._left
        }
        if not new:
            return
        if len(self._left) + len(new) > REMEMBERED:
            self._left.clear()
        pipeline = self._redis.pipeline(transaction=False)
        for ip_hash, envelope in new.items():
            pipeline.set(address_key(ip_hash), b"%d:%b" % (envelope.seal_hour, envelope.sealed_ip), ex=KEPT_SECONDS)
        try:
            pipeline.execute()
        except RedisError as error:
            logger.warning("%s sealed addresses weren't left for enrichment: %s", len(new), error)
            return
        self._left |= new.keys()
