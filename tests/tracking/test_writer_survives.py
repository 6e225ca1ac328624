"""The writer killed, paused, cut off, replaced: nothing is lost and nothing doubled."""

import signal
from collections.abc import Iterator
from dataclasses import dataclass

import psycopg
import pytest
from django.db import connection, transaction
from pytest_django import DjangoDbBlocker

from apps.agencies.models import Agency, StreamCheckpoint
from apps.core.ids import public_key
from apps.core.tenancy import in_schema
from apps.sites.models import Site
from apps.tracking import valkey
from apps.tracking.envelope import Envelope, stream_name
from apps.tracking.ledger import LedgerDay, ledger_sum
from apps.tracking.locks import site_lock
from apps.tracking.models import Event, Session
from config.local.deadline import wait_until
from tests import factories

from .arrivals import envelope, view
from .processes import (
    PATIENCE_SECONDS,
    clear_streams,
    database_url,
    is_somebody_waiting_for_a_lock,
    send,
    wait_done,
    writer,
)

pytestmark = pytest.mark.real
VISITORS = 40


@dataclass(frozen=True)
class Place:
    """A committed agency with one site."""

    agency: Agency
    site: Site

    @property
    def schema(self) -> str:
        return str(self.agency.schema_name)

    def arrivals(self, first_visitor: int, minutes: float = 0) -> list[Envelope]:
        """Return a page view of each of VISITORS visitors, in all partitions."""
        visitors = range(first_visitor, first_visitor + VISITORS)
        return [envelope(self.site, view(minutes), visitor=visitor, schema=self.schema) for visitor in visitors]

    def stored(self) -> tuple[int, int, LedgerDay]:
        with in_schema(self.schema):
            events = Event.objects.filter(site_id=self.site.id).count()
            return events, Session.objects.filter(site_id=self.site.id).count(), ledger_sum(site_id=self.site.id)


@pytest.fixture(scope="module")
def agencies(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[list[Agency]]:
    """Two committed agencies, gone afterwards."""
    with django_db_blocker.unblock():
        to_public()
        made = [factories.make_agency(f"Real{public_key(length=6)}") for _ in range(2)]
        yield made
        to_public()
        for agency in made:
            factories.remove_agency(agency)
        connection.close()


@pytest.fixture
def places(agencies: list[Agency], django_db_blocker: DjangoDbBlocker) -> Iterator[tuple[Place, Place]]:
    """A new site in each agency, and empty streams."""
    with django_db_blocker.unblock():
        to_public()
        clear_streams()
        first, second = agencies
        yield _place(first), _place(second)
        to_public()
        clear_streams()


def _place(agency: Agency) -> Place:
    with in_schema(str(agency.schema_name)):
        return Place(agency, factories.make_site())


def to_public() -> None:
    """Choose the public schema, whatever a test before has left."""
    connection.set_schema_to_public()  # type: ignore[attr-defined]


def once(events: int) -> tuple[int, int, LedgerDay]:
    return events, events, LedgerDay(counted=events)


def test_killed_in_the_middle_of_a_batch_it_loses_and_doubles_nothing(places: tuple[Place, Place]) -> None:
    first, second = places
    # The first agency's entries come first in each partition, so it is committed when the writer comes to the second.
    last = send(*first.arrivals(1), *second.arrivals(1))
    with in_schema(second.schema), transaction.atomic():
        site_lock([second.site.id])
        with writer() as killed:
            assert wait_until(is_somebody_waiting_for_a_lock, seconds=PATIENCE_SECONDS)
            assert first.stored() == once(VISITORS)
            killed.kill()
            killed.wait(PATIENCE_SECONDS)
    with in_schema("public"):
        assert set(StreamCheckpoint.objects.values_list("last_entry", flat=True)) == {"0-0"}
    with writer():
        wait_done(last)
        assert wait_until(
            lambda: not any(valkey.durable().xlen(stream_name(p)) for p in last), seconds=PATIENCE_SECONDS
        )
    assert first.stored() == once(VISITORS)
    assert second.stored() == once(VISITORS)


def test_what_was_told_but_not_checkpointed_is_skipped_the_second_time(places: tuple[Place, Place]) -> None:
    place, _ = places
    arrivals = place.arrivals(1)
    with writer() as first:
        wait_done(send(*arrivals))
        first.kill()
        first.wait(PATIENCE_SECONDS)
    # As if it had died before the checkpoint moved: the same entries lie in the streams again, under their old ids.
    with in_schema(place.schema), connection.cursor() as cursor:
        cursor.execute("SELECT partition, last_entry FROM writer_position")
        positions = dict(cursor.fetchall())
    with in_schema("public"):
        StreamCheckpoint.objects.update(last_entry="0-0")
    for partition, entry_id in positions.items():
        valkey.durable().delete(stream_name(partition))
        valkey.durable().xadd(stream_name(partition), {"e": b"anything"}, id=entry_id)
    last = send(*place.arrivals(1, minutes=5))
    with writer():
        wait_done(last)
    events, visits, told = place.stored()
    assert (events, visits, told.counted, told.parked) == (2 * VISITORS, VISITORS, 2 * VISITORS, 0)


def test_it_trims_what_a_killed_one_left_behind(places: tuple[Place, Place]) -> None:
    place, _ = places
    (partition,) = last = send(place.arrivals(16)[0])
    with in_schema("public"):
        StreamCheckpoint.objects.create(partition=partition, last_entry=last[partition])
    with writer():
        assert wait_until(lambda: valkey.durable().xlen(stream_name(partition)) == 0, seconds=PATIENCE_SECONDS)
    assert place.stored() == (0, 0, LedgerDay())


def test_paused_it_is_replaced_and_does_no_harm_when_it_wakes(places: tuple[Place, Place]) -> None:
    place, _ = places
    with writer() as paused:
        wait_done(send(*place.arrivals(1)))
        paused.send_signal(signal.SIGSTOP)
        last = send(*place.arrivals(1001))
        with writer():
            wait_done(last)
            paused.send_signal(signal.SIGCONT)
            wait_done(send(*place.arrivals(2001)))
            assert paused.poll() is None
    assert place.stored() == once(3 * VISITORS)


def test_it_goes_on_where_the_checkpoints_are_older_than_what_the_agencies_have(places: tuple[Place, Place]) -> None:
    place, _ = places
    with in_schema(place.schema), connection.cursor() as cursor:
        cursor.execute("DELETE FROM writer_position")
        cursor.execute(
            "INSERT INTO writer_position (partition, last_entry, epoch) "
            "SELECT number, '0-0', 70 FROM generate_series(0, 15) AS number"
        )
    with writer():
        wait_done(send(*place.arrivals(1)))
    assert place.stored() == once(VISITORS)


def test_told_to_stop_it_finishes_and_gives_its_partitions_back(places: tuple[Place, Place]) -> None:
    place, _ = places
    with writer() as stopped:
        wait_done(send(*place.arrivals(1)))
        stopped.terminate()
        assert stopped.wait(PATIENCE_SECONDS) == 0
    with in_schema("public"):
        assert set(StreamCheckpoint.objects.values_list("owner", "leased_until")) == {("", None)}


def test_cut_off_from_the_database_it_comes_back(places: tuple[Place, Place]) -> None:
    place, _ = places
    with writer():
        wait_done(send(*place.arrivals(1)))
        with psycopg.connect(database_url(), autocommit=True) as operator:
            operator.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                "WHERE datname = current_database() AND pid NOT IN (pg_backend_pid(), %s)",
                [connection.connection.info.backend_pid],
            )
        wait_done(send(*place.arrivals(1001)))
    assert place.stored() == once(2 * VISITORS)


def test_without_the_volatile_server_it_stores_all_the_same(places: tuple[Place, Place]) -> None:
    place, _ = places
    nowhere = "redis://127.0.0.1:1/0"
    away = {"REDIS_CACHE_URL": nowhere, "CELERY_BROKER_URL": nowhere, "CHANNELS_URL": nowhere}
    with writer(away):
        wait_done(send(*place.arrivals(1)))
    assert place.stored() == once(VISITORS)


def test_entries_that_belong_to_nobody_are_kept_aside(places: tuple[Place, Place]) -> None:
    place, _ = places
    valkey.durable().xadd(stream_name(0), {"e": b"rubbish"})
    stranger = place.arrivals(16)[0]
    stranger.schema = "a_999999999"
    last = send(stranger, *place.arrivals(1))
    with writer():
        wait_done(last)
    assert place.stored() == once(VISITORS)
    assert valkey.durable().xlen("unreadable:{p0}") == 2
