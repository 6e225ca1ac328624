"""A conversion's whole way to Meta: from its row by real requests to a server that enforces the contract, and back."""

import json
from datetime import timedelta

import httpx
import pytest

from apps.destinations.delivering import destination_send
from apps.destinations.models import Delivery, DeliveryAttempt, Destination
from apps.destinations.services import deliveries_resend, destination_change
from apps.sites.models import Goal
from apps.tracking.match_keys import match_seal
from apps.tracking.models import Conversion, ConversionMatch, Event
from tests.cast import Cast
from tests.destinations.conftest import NOW, Committing, convert, destination_at, later, match_put, route, rule_make
from tests.destinations.meta.conftest import There
from tests.destinations.meta.messages import AGENT, EMAIL, FBP


@pytest.fixture
def goal_there(in_alder: Cast, goal: Goal, there: There, monkeypatch: pytest.MonkeyPatch) -> Destination:
    """A destination that gets the goal, since an hour."""
    later(monkeypatch, hours=-1)
    made = destination_at(there.target, "meta", in_alder.site)
    rule_make(made, goal)
    later(monkeypatch)
    return made


def converted(goal: Goal, cast: Cast, count: int = 1, **keys: str) -> list[Conversion]:
    """Have visits convert, with what Meta recognises them by."""
    made = [convert(goal, cast.site, minutes=1 + number / 60) for number in range(count)]
    given = {"fbp": FBP, "user_agent": AGENT, **keys}
    for one in made:
        match_put(one, given)
    route(*made)
    return made


def states() -> dict[str, int]:
    found = list(Delivery.objects.values_list("state", flat=True))
    return {state: found.count(state) for state in set(found)}


def test_it_is_received_with_metas_trace_and_counted_once_with_the_pixels(
    in_alder: Cast, goal: Goal, goal_there: Destination, there: There, committing: Committing
) -> None:
    converted(goal, in_alder, email_sha256=EMAIL, event_id="lead-42")
    pixel = {"id": there.stand_in.dataset.dataset_id, "ev": "demo", "eid": "lead-42"}
    httpx.get(f"{there.target.base_url}/tr", params=pixel)
    with committing():
        destination_send(goal_there.id)
    one = Delivery.objects.get()
    assert (one.state, one.reason, one.received_at) == ("received", "accepted", NOW)
    assert one.receipt.startswith("A") and one.name == "demo"
    assert there.stand_in.taken == there.stand_in.counted == {"demo:lead-42": 1}
    kept = DeliveryAttempt.objects.get()
    assert '"event_id": "lead-42"' in kept.request and '"value": 40.5' in kept.request
    for hidden in (there.stand_in.token.text, EMAIL, FBP, AGENT):
        assert hidden not in kept.request
    assert not ConversionMatch.objects.exists()


def test_one_wrong_event_is_found_among_many_and_the_others_arrive_once(
    in_alder: Cast, goal: Goal, goal_there: Destination, there: There
) -> None:
    made = converted(goal, in_alder, 9)
    there.stand_in.dataset.domains = frozenset({"varnholt.example"})
    hosts = Event.objects.filter(event_id__in=[one.event_id for one in made])
    hosts.update(host="www.varnholt.example")
    hosts.filter(event_id=made[4].event_id).update(host="elsewhere.example")
    destination_send(goal_there.id)
    assert states() == {"received": 8, "rejected": 1}
    wrong = Delivery.objects.get(state="rejected")
    assert (wrong.event_id, wrong.reason) == (made[4].event_id, "100/2804019")
    assert "event_source_url" in wrong.words
    assert set(there.stand_in.taken.values()) == {1} and len(there.stand_in.taken) == 8


def test_a_revoked_token_asks_for_a_new_one_and_nothing_is_lost(
    in_alder: Cast, goal: Goal, goal_there: Destination, there: There
) -> None:
    converted(goal, in_alder, 2)
    httpx.post(f"{there.target.base_url}/revoke")
    destination_send(goal_there.id)
    goal_there.refresh_from_db()
    assert goal_there.problem == "190/460" and "password" in goal_there.problem_words
    assert states() == {"waiting": 2}
    # What Meta quotes of a request isn't kept.
    assert there.stand_in.token.text not in "".join(DeliveryAttempt.objects.values_list("answer", flat=True))
    there.stand_in.token.ended, there.stand_in.token.text = 0, "EAAaNewOne0123456789"
    destination_change(
        destination=goal_there,
        name="Meta",
        settings=goal_there.settings,
        secrets={"access_token": "EAAaNewOne0123456789"},
        is_test_mode=False,
    )
    destination_send(goal_there.id)
    destination_send(goal_there.id)
    assert states() == {"received": 2}


@pytest.mark.usefixtures("no_jitter")
def test_a_rate_limit_is_waited_out(
    in_alder: Cast, goal: Goal, goal_there: Destination, there: There, monkeypatch: pytest.MonkeyPatch
) -> None:
    there.stand_in.an_hour = 0
    converted(goal, in_alder)
    destination_send(goal_there.id)
    one = Delivery.objects.get()
    assert (one.state, one.reason) == ("waiting", "80004")
    assert one.next_attempt_at and one.next_attempt_at >= NOW + timedelta(hours=1)
    there.stand_in.an_hour = None
    destination_send(goal_there.id)  # isn't due
    assert there.stand_in.taken == {}
    later(monkeypatch, hours=1, minutes=1)
    destination_send(goal_there.id)
    assert states() == {"received": 1}


def test_whom_meta_could_not_recognise_is_withheld_and_says_why(
    in_alder: Cast, goal: Goal, goal_there: Destination, there: There
) -> None:
    route(convert(goal, in_alder.site))
    destination_send(goal_there.id)
    one = Delivery.objects.get()
    assert (one.state, one.reason) == ("withheld", "unmatchable")
    assert json.dumps(there.stand_in.taken) == "{}"


def test_what_is_sent_again_once_its_match_keys_are_erased_has_the_id_of_the_first_attempt(
    in_alder: Cast, goal: Goal, goal_there: Destination, there: There, committing: Committing
) -> None:
    (one,) = converted(goal, in_alder, event_id="lead-42")
    Event.objects.filter(event_id=one.event_id).update(transaction_id="A-1042")
    with committing():
        destination_send(goal_there.id)
    # Of the visitor something else is known by now, and of the event the order alone.
    ConversionMatch.objects.create(
        event_id=one.event_id,
        site_id=one.site_id,
        session_id=one.session_id,
        sealed=match_seal(one.event_id, {"fbp": FBP, "user_agent": AGENT}),
        stored_at=NOW,
    )
    Delivery.objects.update(state="uncertain")
    deliveries_resend(site_id=one.site_id, delivery_ids=list(Delivery.objects.values_list("id", flat=True)))
    destination_send(goal_there.id)
    assert there.stand_in.taken == {"demo:lead-42": 2} and there.stand_in.counted == {"demo:lead-42": 1}
