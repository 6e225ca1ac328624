"""Which visits the writer leaves to company matching: those whose network may be an organisation's own."""

from uuid import UUID

import pytest

from apps.networks.kinds import OWN_NETWORKS, NetworkKind
from apps.networks.lookup import Network
from apps.tracking import ingest
from apps.tracking.models import Session
from tests.cast import Cast

from .arrivals import click, envelope, store, view, visits


def known_as(monkeypatch: pytest.MonkeyPatch, kind: NetworkKind) -> None:
    """Have every address be of a network of `kind`."""

    def put(arrival: ingest.Arrival) -> None:
        arrival.network = Network(country="DE", organisation="Example AG", domain="example.com", kind=kind)

    monkeypatch.setattr(ingest, "WRITER_STEPS", (put, ingest.put_agent, ingest.put_verdict))
    monkeypatch.setattr(ingest, "_senders", type(ingest._senders)())


@pytest.mark.parametrize("kind", NetworkKind)
def test_only_an_organisations_own_network_leaves_a_visit_to_be_matched(
    in_alder: Cast, monkeypatch: pytest.MonkeyPatch, kind: NetworkKind
) -> None:
    known_as(monkeypatch, kind)
    (fact,) = store(envelope(in_alder.site, view(0)))
    (visit,) = visits(in_alder.site)
    is_own = kind in OWN_NETWORKS
    assert (visit.matched_at is None) == is_own
    assert fact.unmatched_ids == ((visit.id,) if is_own else ())


def test_a_visit_is_told_of_until_it_has_been_matched(in_alder: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    known_as(monkeypatch, NetworkKind.BUSINESS)

    def told(minutes: int) -> tuple[UUID, ...]:
        (fact,) = store(envelope(in_alder.site, click(minutes)))
        return tuple(fact.unmatched_ids)

    first = told(0)
    (visit,) = visits(in_alder.site)
    assert (first, told(1)) == ((visit.id,), (visit.id,))
    Session.objects.update(matched_at=visit.started_at)
    assert told(2) == ()
