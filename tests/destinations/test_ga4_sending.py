"""A conversion's whole way to Google Analytics: routed, sent once to a running server, and what is kept of it."""

from collections.abc import Iterator

import pytest

from apps.core import clock
from apps.demo.ga4_stand_in.server import GA4StandIn
from apps.demo.standing_in.frame import Faults, serving
from apps.destinations import delivering
from apps.destinations.delivering import destination_send
from apps.destinations.models import Delivery, DeliveryAttempt, Destination
from apps.destinations.services import deliveries_resend
from apps.sites.models import Goal
from apps.tracking.match_keys import match_seal
from apps.tracking.models import Conversion, ConversionMatch, Event
from tests.cast import Cast

from .conftest import NOW, Committing, convert, later, only, route, rule_make, webhook_make
from .ga4_messages import CLIENT, ITEMS, SESSION


@pytest.fixture
def stand_in() -> GA4StandIn:
    return GA4StandIn(now=lambda: clock.now().timestamp())


@pytest.fixture
def ga4(
    in_alder: Cast, goal: Goal, stand_in: GA4StandIn, faults: Faults, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Destination]:
    later(monkeypatch, days=-4)
    with serving(stand_in, faults) as url:
        stream = stand_in.stream
        made = webhook_make(
            in_alder.site,
            url,
            provider="ga4",
            name="GA4",
            settings={"measurement_id": stream.measurement_id},
            secrets={"api_secret": stream.api_secret},
        )
        rule_make(made, goal)
        later(monkeypatch)
        yield made


def _keep_match(conversion: Conversion) -> None:
    ConversionMatch.objects.create(
        event_id=conversion.event_id,
        site_id=conversion.site_id,
        session_id=conversion.session_id,
        sealed=match_seal(conversion.event_id, {"ga_client_id": CLIENT, "ga_session_id": SESSION}),
        stored_at=NOW,
    )


def test_it_is_received_counted_and_kept_without_its_secret(
    in_alder: Cast, goal: Goal, ga4: Destination, stand_in: GA4StandIn, committing: Committing
) -> None:
    one = convert(goal, in_alder.site)
    _keep_match(one)
    route(one)
    with committing():
        assert destination_send(ga4.id) is False
    delivery = only()
    assert (delivery.state, delivery.name, delivery.reason) == ("received", "demo", "204")
    assert delivery.match_keys == ["ga_client_id", "ga_session_id"]
    (seen,) = stand_in.seen
    assert seen["timestamp_micros"] == round(one.occurred_at.timestamp() * 1_000_000)
    assert (seen["event"]["params"]["value"], seen["event"]["params"]["currency"]) == (40.5, "EUR")
    assert list(stand_in.taken.values()) == [1] and not stand_in.dropped
    kept = DeliveryAttempt.objects.get().request
    assert "api_secret=••••" in kept and '"session_id": "••••"' in kept
    assert stand_in.stream.api_secret not in kept and CLIENT not in kept
    # Nothing waits for them any more.
    assert not ConversionMatch.objects.exists()


def test_without_the_tags_client_id_and_after_72_hours_nothing_is_sent(
    in_alder: Cast, goal: Goal, ga4: Destination, stand_in: GA4StandIn
) -> None:
    unknown = convert(goal, in_alder.site)
    old = convert(goal, in_alder.site, minutes=72 * 60 + 1)
    _keep_match(old)
    route(unknown)
    made = Delivery.objects.get()
    # Routed while it was young, and held up since.
    Delivery.objects.create(
        destination=ga4,
        site_id=ga4.site_id,
        event_id=old.event_id,
        goal_id=goal.id,
        session_id=old.session_id,
        occurred_at=old.occurred_at,
        name="demo",
        mapped=made.mapped,
        consent=made.consent,
        state="waiting",
        created_at=NOW,
        next_attempt_at=NOW,
    )
    destination_send(ga4.id)
    found = dict(Delivery.objects.values_list("event_id", "reason"))
    assert found == {unknown.event_id: "unmatchable", old.event_id: "too_old"}
    assert "Beacon makes none up" in Delivery.objects.get(event_id=unknown.event_id).words
    assert not stand_in.taken and not stand_in.dropped


@pytest.mark.parametrize(("name", "state"), [("demo", "uncertain"), ("purchase", "received")])
def test_a_worker_that_dies_leaves_all_but_purchases_uncertain(
    name: str,
    state: str,
    in_alder: Cast,
    goal: Goal,
    ga4: Destination,
    stand_in: GA4StandIn,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    class Killed(BaseException):
        pass

    def die(*_: object) -> None:
        raise Killed

    one = convert(goal, in_alder.site)
    _keep_match(one)
    Event.objects.filter(event_id=one.event_id).update(transaction_id="A-1", items=list(ITEMS))
    route(one)
    Delivery.objects.update(name=name)
    settle = delivering._settle
    monkeypatch.setattr(delivering, "_settle", die)
    with pytest.raises(Killed):
        destination_send(ga4.id)
    monkeypatch.setattr(delivering, "_settle", settle)
    later(monkeypatch, minutes=6)
    destination_send(ga4.id)
    delivery = only()
    assert delivery.state == state
    # Of the purchase that was sent again, Google counts one; of the other there was but one.
    assert list(stand_in.taken.values()) == [2 if name == "purchase" else 1]


def test_no_answer_is_left_to_a_person_and_a_503_is_tried_again(
    in_alder: Cast,
    goal: Goal,
    ga4: Destination,
    stand_in: GA4StandIn,
    faults: Faults,
    committing: Committing,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    one = convert(goal, in_alder.site)
    _keep_match(one)
    route(one)
    faults.refuse_ratio = 1.0
    destination_send(ga4.id)
    assert (only().state, only().reason) == ("waiting", "http_503")
    faults.refuse_ratio, faults.drop_ratio = 0.0, 1.0
    later(monkeypatch, minutes=2)
    destination_send(ga4.id)
    assert (only().state, only().reason) == ("uncertain", "broken_off")
    assert list(stand_in.taken.values()) == [1]
    # A person has looked and it isn't there: who it was of is still known, and forgotten once it is received.
    stand_in.taken.clear()
    faults.drop_ratio = 0.0
    assert deliveries_resend(site_id=one.site_id, delivery_ids=[only().id]) == 1
    later(monkeypatch, minutes=30)
    with committing():
        destination_send(ga4.id)
    assert only().state == "received" and list(stand_in.taken.values()) == [1]
    assert not ConversionMatch.objects.exists()
