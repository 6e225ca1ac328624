"""The writer's loop: read, store, tell, checkpoint, trim; and what it does when a server is away."""

import logging
import math
import random
import threading
import time
from collections.abc import Iterable, Mapping, Sequence

import psycopg
import redis
from django.conf import settings
from django.db import DatabaseError, InterfaceError, OperationalError, connection
from redis.exceptions import RedisError

from apps.core import clock

from .. import ingest, sealing
from ..facts import EventsStored, GoalReached
from . import counters
from .addresses import Addresses
from .entries import Entry, entry_ms, read_entry
from .heartbeat import beat
from .leases import Leases, owner_name
from .leaves import Leaves
from .notices import Notices
from .pace import pause_after
from .positions import StaleEpoch
from .share import schema_exists, store_share
from .streams import RawEntry, Streams
from .teller import Teller

logger = logging.getLogger(__name__)

IDLE_BLOCK_MS = 500
LEASE_CHECK_SECONDS = 1.0
BACKOFF_SECONDS = (0.1, 0.2, 0.5, 1.0, 2.0, 5.0)
# A connection that has touched many agencies holds their catalogue in memory until it is closed.
RECYCLE_SECONDS = 600.0


class Writer:
    """Owns partitions and stores what comes in by them, until `stop`."""

    def __init__(self, partitions: Iterable[int]) -> None:
        self.leases = Leases(partitions, owner_name())
        self.streams = Streams(settings.REDIS_URL)
        self.volatile = redis.Redis.from_url(settings.REDIS_CACHE_URL, socket_timeout=2, socket_connect_timeout=2)
        self.addresses = Addresses(self.volatile)
        self.notices = Notices(self.volatile)
        self.leaves = Leaves()
        self.teller = Teller()
        self.stored = 0
        self._stopping = threading.Event()
        self._schemas: set[str] = set()
        self._agencies = 1
        self._lag_ms = 0
        self._trouble = ""
        self._is_untrimmed = False
        self._checked = 0.0
        self._began = 0.0
        self._pause = 0.0
        # The clock counts from when the machine was started: zero may be a moment ago.
        self._connected = -math.inf

    def stop(self) -> None:
        self._stopping.set()

    def run(self) -> None:
        """Work until stopped. What is being stored then is finished first."""
        failures = 0
        while not self._stopping.is_set():
            try:
                self._work_once()
                failures = 0
                self._trouble = ""
            except (DatabaseError, InterfaceError, psycopg.Error, RedisError) as error:
                self._wait_after(error, failures)
                failures += 1
        self._leave()

    def _work_once(self) -> None:
        self._keep_leases()
        if not self.leases.held:
            self._stopping.wait(LEASE_CHECK_SECONDS / 4)
            return
        self._pace()
        positions = {partition: lease.last_entry for partition, lease in self.leases.held.items()}
        raw = self.streams.read(positions, block_ms=IDLE_BLOCK_MS, agencies=self._agencies)
        if not raw:
            self._lag_ms = 0
            return
        now = time.monotonic()
        self._pause = pause_after(len(raw), now - self._began)
        self._began = now
        try:
            self._write(raw)
        except StaleEpoch as stale:
            logger.warning("%s", stale)
            self.leases.overtaken(stale.epochs)

    def _keep_leases(self) -> None:
        now = time.monotonic()
        if now - self._checked < LEASE_CHECK_SECONDS:
            return
        if now - self._connected > RECYCLE_SECONDS:
            connection.close()
            self._connected = now
            self.leases.prepare()
        taken = self.leases.keep()
        # The one before may have died before it came to this; and what was away when we trimmed has kept it all.
        behind = self.leases.held.values() if self._is_untrimmed else taken
        self.streams.trim({lease.partition: lease.last_entry for lease in behind})
        self._is_untrimmed = False
        self._checked = now
        sealing.forget_old()
        ingest.forget_old()
        self._beat()

    def _pace(self) -> None:
        wait = self._began + self._pause - time.monotonic()
        if wait > 0:
            self._stopping.wait(wait)

    def _write(self, raw: Sequence[RawEntry]) -> None:
        self._lag_ms = max(0, clock.now_ms() - min(entry_ms(entry_id) for _, entry_id, _ in raw))
        # The epochs under which all of this is done: a partition lost on the way and won again was not ours in between.
        epochs = {partition: lease.epoch for partition, lease in self.leases.held.items()}
        facts: list[EventsStored | GoalReached] = []
        shares = self._by_schema(raw)
        self._agencies = len(shares)
        for schema, entries in shares.items():
            facts += self._store(schema, entries, epochs)
            self._keep_leases()
        self.teller.tell(facts)
        last = {partition: entry_id for partition, entry_id, _ in raw}
        self.streams.trim({partition: last[partition] for partition in self.leases.move(last, epochs)})
        counters.count_batch(len(raw), time.monotonic() - self._began)

    def _by_schema(self, raw: Sequence[RawEntry]) -> dict[str, list[Entry]]:
        shares: dict[str, list[Entry]] = {}
        for partition, entry_id, fields in raw:
            entry = read_entry(partition, entry_id, fields)
            if not self._knows(entry.schema):
                logger.error("entry %s of partition %s belongs to no agency", entry_id, partition)
                self.streams.keep_unreadable(partition, entry_id, fields)
                continue
            shares.setdefault(entry.schema, []).append(entry)
        return shares

    def _store(
        self, schema: str, entries: Sequence[Entry], epochs: Mapping[int, int]
    ) -> list[EventsStored | GoalReached]:
        facts: list[EventsStored | GoalReached] = []
        for stored in store_share(schema, entries, epochs, self.leaves):
            facts += [*stored.facts, *stored.reached]
            self.stored += stored.rows
            counters.count_stored(stored)
            self.addresses.leave(stored.arrivals)
            self.notices.tell(schema, stored)
        return facts

    def _knows(self, schema: str) -> bool:
        if schema and schema not in self._schemas and schema_exists(schema):
            self._schemas.add(schema)
        return schema in self._schemas

    def _wait_after(self, error: Exception, failures: int) -> None:
        """Wait with backoff and jitter; nothing is lost meanwhile, the streams grow up to their bound."""
        self._trouble = f"{type(error).__name__}: {str(error).splitlines()[0] if str(error) else ''}"
        logger.warning("the writer waits: %s", self._trouble)
        counters.count_retry(error)
        if isinstance(error, RedisError):
            self._is_untrimmed = True
        else:
            connection.close()
        self._schemas.clear()
        self._checked = 0.0
        self._beat()
        base = BACKOFF_SECONDS[min(failures, len(BACKOFF_SECONDS) - 1)]
        self._stopping.wait(base * random.uniform(0.5, 1.0))

    def _beat(self) -> None:
        positions = {partition: lease.last_entry for partition, lease in self.leases.held.items()}
        try:
            beat(
                self.volatile,
                owner=self.leases.owner,
                positions=positions,
                lag_ms=self._lag_ms,
                stored=self.stored,
                trouble=self._trouble,
            )
            self.notices.look()
        except RedisError as error:
            logger.warning("the writer's heartbeat wasn't told: %s", error)

    def _leave(self) -> None:
        try:
            self.leases.release()
        except (OperationalError, InterfaceError) as error:
            logger.warning("the leases run out by themselves: %s", error)
        connection.close()
        self.teller.close()
        self.streams.close()
        self.volatile.close()
