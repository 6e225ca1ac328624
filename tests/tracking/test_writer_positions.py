"""Exactly once by position: what an agency has stored is skipped, and a former owner is refused."""

import pytest

from apps.tracking.ledger import ledger_sum
from apps.tracking.models import Event, WriterPosition
from apps.tracking.writer.entries import id_key
from apps.tracking.writer.positions import StaleEpoch
from tests.cast import Cast

from .arrivals import EPOCHS, entry, envelope, store_entries, view


def test_entries_that_are_done_again_change_nothing(in_alder: Cast) -> None:
    entries = [entry(envelope(in_alder.site, view(number))) for number in range(5)]
    first, again = store_entries(entries[:3]), store_entries(entries)
    assert [len(fact.session_ids) for fact in (*first, *again)] == [1, 1]
    assert store_entries(entries) == []
    told = ledger_sum(site_id=in_alder.site.id)
    assert (told.counted, told.repeated) == (5, 0)
    assert Event.objects.filter(site_id=in_alder.site.id).count() == 5


def test_positions_are_compared_as_numbers(in_alder: Cast) -> None:
    assert id_key("1700-9") < id_key("1700-10") < id_key("17000-0")


def test_each_partition_has_its_own_position(in_alder: Cast) -> None:
    later, earlier = (
        entry(envelope(in_alder.site, view(0), visitor=2), number=9),
        entry(envelope(in_alder.site, view(0), visitor=1), number=1),
    )
    store_entries([later])
    store_entries([earlier])
    assert Event.objects.filter(site_id=in_alder.site.id).count() == 2


def test_a_former_owner_is_refused(in_alder: Cast) -> None:
    one, two = (entry(envelope(in_alder.site, view(number))) for number in range(2))
    store_entries([one], epochs=dict.fromkeys(EPOCHS, 4))
    with pytest.raises(StaleEpoch) as refusal:
        store_entries([two], epochs=dict.fromkeys(EPOCHS, 3))
    assert refusal.value.epochs == {7: 4}
    assert WriterPosition.objects.get(partition=7).epoch == 4
    assert Event.objects.filter(site_id=in_alder.site.id).count() == 1
