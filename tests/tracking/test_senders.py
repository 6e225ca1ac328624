"""What the writer keeps of senders from one arrival to the next."""

from datetime import timedelta
from time import monotonic

import pytest

from apps.core import clock
from apps.networks.lookup import Network
from apps.tracking import ingest
from apps.tracking.writer.loop import Writer
from tests.cast import Cast
from tests.tracking.arrivals import NOON, envelope, store, view


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Name each arrival whose address had to be looked up."""
    found: list[str] = []

    def put(arrival: ingest.Arrival) -> None:
        found.append(arrival.envelope.origin)
        arrival.network = Network(country="DE")

    monkeypatch.setattr(clock, "now", lambda: NOON)
    monkeypatch.setattr(ingest, "WRITER_STEPS", (put, ingest.put_agent, ingest.put_verdict))
    monkeypatch.setattr(ingest, "_senders", type(ingest._senders)())
    return found


def test_a_sender_is_known_until_the_day_is_over(
    in_alder: Cast, opened: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def send(minutes: int) -> None:
        store(envelope(in_alder.site, view(minutes), visitor=10))

    send(0)
    ingest.forget_old()
    send(1)
    assert len(opened) == 1
    monkeypatch.setattr(clock, "now", lambda: NOON + timedelta(hours=12))
    ingest.forget_old()
    assert not ingest._senders._found
    send(2)
    assert len(opened) == 2


def test_a_writer_forgets_even_while_nothing_comes(
    in_alder: Cast, opened: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    store(envelope(in_alder.site, view(0), visitor=10))
    assert ingest._senders._found
    monkeypatch.setattr(clock, "now", lambda: NOON + timedelta(hours=12))
    writer = Writer([])
    writer._connected = monotonic()  # the test's connection stays
    writer._work_once()
    assert not ingest._senders._found
