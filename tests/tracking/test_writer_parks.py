"""What can't be stored is parked with its reason, and the rest goes on."""

import msgspec
import pytest
from django.db import connection

from apps.tracking.envelope import EventIn, pack
from apps.tracking.ledger import ledger_sum
from apps.tracking.models import Event, ParkedEntry, WriterPosition
from apps.tracking.writer.entries import Entry, read_entry
from apps.tracking.writer.share import MOST_TRIES
from tests.cast import Cast

from .arrivals import at, entry, envelope, store_entries, view


def spoilt(in_alder: Cast) -> Entry:
    """Return an entry of which PostgreSQL can't hold a text."""
    return entry(envelope(in_alder.site, view(0, "/a\x00b"), view(1)))


@pytest.mark.parametrize("place", [0, 3, 6])
def test_a_poison_entry_is_parked_and_its_neighbours_are_stored(in_alder: Cast, place: int) -> None:
    entries = [entry(envelope(in_alder.site, view(number))) for number in range(6)]
    poison = spoilt(in_alder)
    everything = sorted([*entries[:place], poison, *entries[place:]], key=lambda one: one.id)
    store_entries(everything)
    parked = ParkedEntry.objects.get()
    assert (parked.entry, parked.events, parked.site_id) == (poison.id, 2, in_alder.site.id)
    assert parked.error.startswith("DataError: PostgreSQL text fields cannot contain NUL")
    assert (parked.tries, parked.last_tried_at) == (MOST_TRIES, parked.parked_at)
    assert Event.objects.filter(site_id=in_alder.site.id).count() == 6
    told = ledger_sum(site_id=in_alder.site.id)
    assert (told.counted, told.parked, told.accepted) == (6, 2, 8)


def test_a_parked_entry_isnt_parked_again(in_alder: Cast) -> None:
    poison = spoilt(in_alder)
    store_entries([poison])
    store_entries([poison])
    assert ParkedEntry.objects.count() == 1
    assert ledger_sum(site_id=in_alder.site.id).parked == 2


# Fails as a spoilt entry does, the first times that it is asked; a sequence goes on when the rest is rolled back.
FAILS_AT_FIRST = (
    "CREATE SEQUENCE asked",
    """
    CREATE FUNCTION fail_at_first() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
        IF nextval('asked') < 3 THEN RAISE EXCEPTION 'not yet' USING ERRCODE = '22000'; END IF;
        RETURN NEW;
    END $$
    """,
    "CREATE TRIGGER fails BEFORE INSERT ON event FOR EACH ROW EXECUTE FUNCTION fail_at_first()",
)


def test_a_lone_entry_is_tried_again_before_it_is_parked(in_alder: Cast) -> None:
    with connection.cursor() as cursor:
        for statement in FAILS_AT_FIRST:
            cursor.execute(statement)
    store_entries([entry(envelope(in_alder.site, view(0)))])
    assert Event.objects.filter(site_id=in_alder.site.id).count() == 1
    assert not ParkedEntry.objects.exists()


def test_an_entry_that_isnt_an_envelope_is_parked_where_it_says_whose_it_is(in_alder: Cast) -> None:
    parts = msgspec.msgpack.decode(pack(envelope(in_alder.site, view(0))))
    parts[3] = "not a moment"
    broken = read_entry(3, "1800000000000-0", {b"e": msgspec.msgpack.encode(parts)})
    store_entries([broken])
    parked = ParkedEntry.objects.get()
    assert (parked.site_id, parked.events) == (in_alder.site.id, 1)
    assert parked.error == "Unreadable: Expected `int`, got `str` - at `$[3]`"
    assert WriterPosition.objects.get(partition=3).last_entry == "1800000000000-0"


def test_what_is_said_of_it_quotes_nothing_of_the_visitors(in_alder: Cast) -> None:
    event = EventIn(view(0).event_id, "event", at(0), name="purchase", value="ann@example.org")
    store_entries([entry(envelope(in_alder.site, event))])
    assert ParkedEntry.objects.get().error == 'InvalidTextRepresentation: invalid input syntax for type numeric: "..."'
