"""Past a bound, or with a server away or its disk full: 503 at once, nothing acknowledged is lost, and all goes on by
itself when there is room again."""

import asyncio
import subprocess
import time
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import urlsplit, urlunsplit
from uuid import UUID

import httpx
import psutil
import psycopg
import pytest
import redis
from django.conf import LazySettings
from django.conf import settings as configured
from django.db import connection

from apps.agencies.models import Agency
from apps.core.ids import uuid7
from apps.core.tenancy import current_schema, in_schema
from apps.sites.models import Site
from apps.sites.services import client_create, site_create
from apps.tracking import valkey
from apps.tracking.door import Door
from apps.tracking.envelope import unpack_envelope
from apps.tracking.inbox import STREAMS
from apps.tracking.ledger import ledger_sum
from apps.tracking.models import Event, ParkedEntry
from apps.tracking.writer.heartbeat import writer_state
from config.local import binaries
from config.local.deadline import wait_until
from config.local.folders import DataFolder
from config.local.ports import LOOPBACK
from config.local.stack import temporary_root
from config.local.valkey import DURABLE
from tests.ports import free_ports
from tests.tracking.cable import cable
from tests.tracking.doors import ADDRESS, BROWSER, DOMAIN, batch, pageview
from tests.tracking.processes import (
    PATIENCE_SECONDS,
    clear_streams,
    database_url,
    is_somebody_waiting_for_a_lock,
    writer,
)

pytestmark = [pytest.mark.real, pytest.mark.usefixtures("fresh_process")]
EVENTS = 40
BOUND_BYTES = 4 * 2**20
MOST_REQUESTS = 300


@pytest.fixture
def site(real_agency: Agency) -> Iterator[Site]:
    clear_streams()
    with in_schema(str(real_agency.schema_name)):
        yield site_create(client=client_create(name="C"), name="S", domains=[DOMAIN])
    clear_streams()


class Sender:
    """Sends batches through a door of its own, and knows what was acknowledged."""

    def __init__(self, runner: asyncio.Runner, site: Site) -> None:
        self.door = Door(is_kept_fresh=False)
        self.acknowledged: set[UUID] = set()
        self.sent: set[UUID] = set()
        self._runner = runner
        self._site_key = site.site_key
        headers = {"Origin": f"https://{DOMAIN}", "User-Agent": BROWSER, "Content-Type": "text/plain"}
        transport = httpx.ASGITransport(app=self.door, client=(ADDRESS, 4711))
        self._http = httpx.AsyncClient(transport=transport, base_url="http://door", headers=headers)

    def send(self) -> httpx.Response:
        ids = [uuid7() for _ in range(EVENTS)]
        events = [pageview(id=str(id_), title="T" * 500, props={"a": "x" * 400}) for id_ in ids]
        body: dict[str, Any] = batch(*events) | {"site_key": self._site_key}
        response = self._runner.run(self._http.post("/api/track/batch", json=body))
        self.sent.update(ids)
        if response.status_code == 202:
            assert response.json()["accepted"] == EVENTS
            self.acknowledged.update(ids)
        return response

    def send_until(self, status: int) -> httpx.Response:
        """Send until that is the answer."""
        for _ in range(MOST_REQUESTS):
            response = self.send()
            if response.status_code == status:
                return response
        raise AssertionError(f"it never answered {status}")

    def takes_again(self) -> bool:
        return self.send().status_code == 202

    def close(self) -> None:
        self._runner.run(self._http.aclose())
        self._runner.run(self.door.close())


@pytest.fixture
def sender(site: Site) -> Iterator[Sender]:
    with asyncio.Runner() as runner:
        made = Sender(runner, site)
        yield made
        made.close()


def stored(site: Site) -> set[UUID]:
    return set(Event.objects.filter(site_id=site.id).values_list("event_id", flat=True))


def seconds_of(act: Callable[[], object]) -> float:
    began = time.monotonic()
    act()
    return time.monotonic() - began


def are_empty() -> bool:
    return not any(valkey.durable().xlen(name) for name in STREAMS)


def test_with_the_database_away_the_streams_fill_to_their_bound_and_it_catches_up_by_itself(
    site: Site, sender: Sender, settings: LazySettings
) -> None:
    settings.STREAM_MAX_BYTES = BOUND_BYTES
    parts = urlsplit(database_url())
    with cable(int(parts.port or 0)) as line:
        near = parts._replace(netloc=parts.netloc.rpartition(":")[0] + f":{line.near}")
        with writer({"DATABASE_URL": urlunsplit(near)}):
            sender.send()
            assert wait_until(lambda: stored(site) == sender.acknowledged, seconds=PATIENCE_SECONDS)
            line.cut()
            turned = sender.send_until(503)
            assert turned.headers["Retry-After"] == "5"
            assert "full" in turned.json()["rejected"][0]["why"]
            # At once: a busy machine may hold some of them up, but not each.
            assert min(seconds_of(lambda: sender.send_until(503)) for _ in range(5)) < 1.0
            assert len(stored(site)) == EVENTS
            line.mend()
            assert wait_until(sender.takes_again, seconds=PATIENCE_SECONDS, every=0.2)
            assert wait_until(are_empty, seconds=PATIENCE_SECONDS)
    assert stored(site) == sender.acknowledged
    told = ledger_sum(site_id=site.id)
    # All at once from one visitor: stored, and set aside for it.
    assert told.accepted == told.counted + told.set_aside_sum == len(sender.acknowledged)


@pytest.fixture
def small_disk(folder: DataFolder) -> Iterator["SmallDisk"]:
    disk = SmallDisk(folder)
    disk.start()
    yield disk
    disk.stop()


@pytest.fixture
def folder() -> Iterator[DataFolder]:
    with temporary_root() as root:
        made = DataFolder(root)
        made.prepare()
        yield made


class SmallDisk:
    """A durable Valkey with the product's settings whose file may not grow beyond a size: as on a disk that is full."""

    def __init__(self, folder: DataFolder) -> None:
        (self.port,) = free_ports(1)
        self.url = f"redis://{LOOPBACK}:{self.port}/0"
        self._home = folder.valkey
        settings = DURABLE | {"dir": f'"{self._home}"', "port": str(self.port), "protected-mode": "no"}
        self._configuration = self._home / "valkey.conf"
        self._configuration.write_text("".join(f"{name} {value}\n" for name, value in settings.items()))
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        command = [str(binaries.valkey_server()), str(self._configuration)]
        # Python ignores the signal of a file that may not grow, and so shall the server: it is to see the error.
        self.process = subprocess.Popen(command, stdout=subprocess.DEVNULL, restore_signals=False)
        assert wait_until(self.answers, seconds=PATIENCE_SECONDS)

    def fill(self, size: int) -> None:
        assert self.process is not None
        psutil.Process(self.process.pid).rlimit(psutil.RLIMIT_FSIZE, (size, size))

    def answers(self) -> bool:
        try:
            with redis.Redis.from_url(self.url) as client:
                return bool(client.ping())
        except redis.RedisError:
            return False

    def event_ids(self) -> list[UUID]:
        with redis.Redis.from_url(self.url) as client:
            entries: list[Any] = [entry for name in STREAMS for entry in client.xrange(name)]
        return [event.event_id for _, fields in entries for event in unpack_envelope(fields[b"e"]).events]

    def stop(self) -> None:
        if self.process is not None:
            self.process.kill()
            self.process.wait(PATIENCE_SECONDS)


def test_with_the_streams_disk_full_it_is_503_and_what_was_acknowledged_is_on_the_disk(
    small_disk: SmallDisk, site: Site, settings: LazySettings
) -> None:
    settings.REDIS_URL = small_disk.url
    small_disk.fill(300_000)
    with asyncio.Runner() as runner:
        sender = Sender(runner, site)
        sender.send_until(503)
        assert sender.acknowledged
        turned = sender.send()
        assert (turned.status_code, turned.headers["Retry-After"]) == (503, "2")
        small_disk.stop()
        small_disk.start()  # with room again
        assert wait_until(sender.takes_again, seconds=PATIENCE_SECONDS)
        kept = small_disk.event_ids()
        assert sender.acknowledged <= set(kept) <= sender.sent
        assert len(kept) == len(set(kept))
        sender.close()


FULL = """
CREATE FUNCTION disk_is_full() RETURNS trigger LANGUAGE plpgsql AS
$$ BEGIN RAISE 'could not extend file: No space left on device' USING ERRCODE = 'disk_full'; END $$
"""


def test_with_the_databases_disk_full_the_writer_waits_and_parks_nothing(site: Site, sender: Sender) -> None:
    """The database's own error for it, raised by a trigger: a disk can't be filled in a test that isn't root's."""
    with connection.cursor() as cursor:
        cursor.execute(FULL)
        cursor.execute("CREATE TRIGGER full_disk BEFORE INSERT ON event FOR EACH ROW EXECUTE FUNCTION disk_is_full()")
    with writer():
        sender.send()
        assert wait_until(lambda: "DiskFull" in str((writer_state() or {}).get("trouble")), seconds=PATIENCE_SECONDS)
        assert not are_empty()
        assert sender.send().status_code == 202
        assert (stored(site), ParkedEntry.objects.count()) == (set(), 0)
        with connection.cursor() as cursor:
            cursor.execute("DROP TRIGGER full_disk ON event")
        assert wait_until(are_empty, seconds=PATIENCE_SECONDS)
    assert stored(site) == sender.acknowledged
    assert ledger_sum(site_id=site.id).parked == 0


def test_what_was_stored_while_the_streams_went_away_is_trimmed_on_their_return(site: Site, sender: Sender) -> None:
    parts = urlsplit(str(configured.REDIS_URL))
    with cable(int(parts.port or 0)) as line:
        near = parts._replace(netloc=parts.netloc.rpartition(":")[0] + f":{line.near}")
        with writer({"REDIS_URL": urlunsplit(near)}):
            sender.send()
            assert wait_until(are_empty, seconds=PATIENCE_SECONDS)
            with psycopg.connect(database_url()) as other:
                other.execute(f"LOCK TABLE {current_schema()}.event IN ACCESS EXCLUSIVE MODE")
                sender.send()
                assert wait_until(is_somebody_waiting_for_a_lock, seconds=PATIENCE_SECONDS)
                line.cut()
            assert wait_until(lambda: stored(site) == sender.acknowledged, seconds=PATIENCE_SECONDS)
            assert not are_empty()
            line.mend()
            assert wait_until(are_empty, seconds=PATIENCE_SECONDS)
    assert ledger_sum(site_id=site.id).repeated == 0
