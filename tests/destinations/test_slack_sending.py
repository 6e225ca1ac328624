"""Slack through the whole of sending, to a stand-in that refuses what Slack would."""

from collections.abc import Iterator
from datetime import timedelta

import pytest

from apps.core import clock
from apps.demo.slack_stand_in.server import ADDRESS, SlackStandIn
from apps.demo.standing_in.frame import Faults, serving
from apps.destinations import delivering
from apps.destinations.delivering import destination_send
from apps.destinations.exchange import calling
from apps.destinations.flights import flights
from apps.destinations.models import Delivery, DeliveryAttempt, Destination
from apps.destinations.providers.slack.provider import Slack
from apps.destinations.recording import delivery_key
from apps.destinations.services import destination_change, destination_switch
from apps.destinations.targets import target_of
from apps.sites.models import Goal
from tests.cast import Cast

from .conftest import NOW, convert, later, only, route, rule_make, webhook_make


@pytest.fixture
def slack_side() -> SlackStandIn:
    return SlackStandIn(now=lambda: clock.now().timestamp())


@pytest.fixture
def slack(
    in_alder: Cast, goal: Goal, slack_side: SlackStandIn, faults: Faults, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Destination]:
    """A channel that gets the goal, since an hour."""
    later(monkeypatch, hours=-1)
    with serving(slack_side, faults) as url:
        made = webhook_make(
            in_alder.site, url, provider="slack", name="Sales", settings={"channel": "#sales"},
            secrets={"webhook_url": ADDRESS},
        )  # fmt: skip
        rule_make(made, goal)
        later(monkeypatch)
        yield made


@pytest.fixture
def waiting(in_alder: Cast, slack: Destination, goal: Goal) -> Delivery:
    route(convert(goal, in_alder.site))
    return only()


def test_it_is_posted_once_with_a_link_and_its_address_is_kept_nowhere(
    in_alder: Cast, slack: Destination, slack_side: SlackStandIn, waiting: Delivery
) -> None:
    destination_send(slack.id)
    destination_send(slack.id)
    waiting.refresh_from_db()
    assert (waiting.state, waiting.reason, waiting.name) == ("received", "ok", "Demo request")
    assert slack_side.taken == {delivery_key(waiting): 1}
    (payload,) = slack_side.seen
    assert f"/s/{in_alder.site.slug}/visits/{waiting.session_id}|Open the visit" in str(payload)
    assert in_alder.site.name in str(payload)
    attempt = DeliveryAttempt.objects.get()
    assert (attempt.status, attempt.answer) == (200, "ok") and "Demo request" in attempt.request
    assert "STANDIN" not in attempt.request and ADDRESS.rpartition("/")[2] not in attempt.request
    assert slack.secrets_hints == {"webhook_url": f"••••{ADDRESS[-4:]}"}


def test_nothing_is_posted_without_marketing_consent(
    in_alder: Cast, goal: Goal, slack: Destination, slack_side: SlackStandIn
) -> None:
    route(convert(goal, in_alder.site, consent_marketing="denied"))
    destination_send(slack.id)
    assert (only().state, slack_side.taken) == ("withheld", {})


def test_in_quiet_hours_it_waits_for_the_morning_of_the_site(
    in_alder: Cast, slack: Destination, slack_side: SlackStandIn, waiting: Delivery, monkeypatch: pytest.MonkeyPatch
) -> None:
    in_alder.site.time_zone = "America/New_York"  # 06:00 there now
    in_alder.site.save()
    slack.settings = {"channel": "#sales", "quiet_from": "20:00", "quiet_until": "08:00"}
    slack.save()
    destination_send(slack.id)
    waiting.refresh_from_db()
    assert (waiting.state, waiting.reason, waiting.attempts) == ("waiting", "quiet", 0)
    assert waiting.next_attempt_at == NOW + timedelta(hours=2) and not slack_side.taken
    later(monkeypatch, hours=2)
    destination_send(slack.id)
    waiting.refresh_from_db()
    assert (waiting.state, waiting.reason) == ("received", "ok")


@pytest.mark.parametrize(("until", "state"), [("05:00", "received"), ("07:00", "waiting")])
def test_quiet_hours_that_were_changed_hold_as_they_are_now(
    until: str, state: str, in_alder: Cast, slack: Destination, waiting: Delivery
) -> None:
    in_alder.site.time_zone = "America/New_York"  # 06:00 there now
    in_alder.site.save()
    slack.settings = {"channel": "#sales", "quiet_from": "20:00", "quiet_until": "08:00"}
    slack.save()
    destination_send(slack.id)
    shorter = {"channel": "#sales", "quiet_from": "20:00", "quiet_until": until}
    destination_change(destination=slack, name="Sales", settings=shorter, secrets={}, is_test_mode=False)
    destination_send(slack.id)
    waiting.refresh_from_db()
    assert waiting.state == state
    if state == "waiting":
        assert (waiting.reason, waiting.next_attempt_at) == ("quiet", NOW + timedelta(hours=1))


def test_one_leaves_a_second_and_a_place_that_nobody_waits_for_stays_free(
    in_alder: Cast,
    goal: Goal,
    slack: Destination,
    slack_side: SlackStandIn,
    waiting: Delivery,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    route(convert(goal, in_alder.site))
    slept: list[float] = []
    monkeypatch.setattr("apps.destinations.delivering.time.sleep", slept.append)
    # The first now; the clock stands still, so the second waits for its place, and the third's is too far off.
    destination_send(slack.id)
    slack.refresh_from_db()
    assert (slept, slack.next_request_at) == ([1.0], NOW + timedelta(seconds=2))
    assert list(slack_side.taken.values()) == [1, 1]
    with calling(timeout=1.0) as call, flights(call, at_once=1) as flying:
        turn = delivering.Turn(slack, Slack(), target_of(slack), call, flying)
        assert delivering._waits(turn) == 2.0
    slack.refresh_from_db()
    assert slack.next_request_at == NOW + timedelta(seconds=2)


@pytest.mark.parametrize(
    ("word", "is_on", "state"),
    [
        ("channel_is_archived", False, "waiting"),
        ("no_service", False, "waiting"),
        ("action_prohibited", True, "waiting"),
        ("invalid_payload", True, "rejected"),
        ("rollup_error", True, "waiting"),
    ],
)
def test_slacks_errors_are_told_apart(
    word: str, is_on: bool, state: str, slack: Destination, slack_side: SlackStandIn, waiting: Delivery
) -> None:
    slack_side.state = word
    destination_send(slack.id)
    waiting.refresh_from_db()
    slack.refresh_from_db()
    assert (slack.is_on, waiting.state, waiting.reason) == (is_on, state, word)


def test_a_new_address_gets_what_the_old_one_did_not_take(
    slack: Destination, slack_side: SlackStandIn, waiting: Delivery, monkeypatch: pytest.MonkeyPatch
) -> None:
    slack_side.hook = "/services/T0STANDIN/B0STANDIN/another000another000anoth"
    destination_send(slack.id)
    slack.refresh_from_db()
    assert (slack.is_on, slack.problem) == (False, "invalid_token")
    destination_change(
        destination=slack,
        name="Sales",
        settings=slack.settings,
        secrets={"webhook_url": f"https://hooks.slack.com{slack_side.hook}"},
        is_test_mode=False,
    )
    destination_switch(destination=slack, is_on=True)
    later(monkeypatch, seconds=2)
    destination_send(slack.id)
    waiting.refresh_from_db()
    assert waiting.state == "received" and slack_side.taken == {delivery_key(waiting): 1}


def test_slacks_own_pause_is_kept_to(
    slack: Destination, slack_side: SlackStandIn, waiting: Delivery, monkeypatch: pytest.MonkeyPatch
) -> None:
    slack_side._allowed = 0.0
    destination_send(slack.id)
    waiting.refresh_from_db()
    slack.refresh_from_db()
    assert (waiting.state, waiting.reason) == ("waiting", "rate_limited")
    assert slack.open_until == NOW + timedelta(seconds=1)
    later(monkeypatch, minutes=1)
    destination_send(slack.id)
    waiting.refresh_from_db()
    assert (waiting.state, waiting.attempts) == ("received", 2)


def test_an_answer_that_never_came_is_left_to_a_person(
    slack: Destination, slack_side: SlackStandIn, faults: Faults, waiting: Delivery
) -> None:
    faults.drop_ratio = 1.0
    destination_send(slack.id)
    waiting.refresh_from_db()
    assert (waiting.state, waiting.reason) == ("uncertain", "broken_off")
    assert "Slack would count a second one" in waiting.words and sum(slack_side.taken.values()) == 1


def test_what_never_left_is_sent_again_by_itself(
    slack: Destination, slack_side: SlackStandIn, waiting: Delivery, monkeypatch: pytest.MonkeyPatch
) -> None:
    there = slack.stand_in_url
    Destination.objects.filter(id=slack.id).update(stand_in_url="http://127.0.0.1:1")
    destination_send(slack.id)
    waiting.refresh_from_db()
    assert (waiting.state, waiting.reason) == ("waiting", "unreachable")
    Destination.objects.filter(id=slack.id).update(stand_in_url=there)
    later(monkeypatch, minutes=1)
    destination_send(slack.id)
    waiting.refresh_from_db()
    assert waiting.state == "received"
