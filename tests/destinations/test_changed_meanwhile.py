"""A destination that a person changes while a turn sends to it: what hasn't left goes by the new settings."""

from collections.abc import Callable
from typing import Any

import pytest

from apps.core import clock
from apps.demo.standing_in.frame import Ask, Reply
from apps.demo.webhook_stand_in.receiver import Receiver
from apps.destinations import delivering
from apps.destinations.delivering import destination_send
from apps.destinations.models import Delivery, Destination
from apps.destinations.providers.base import Outcome, PrepareFailed, Verdict
from apps.destinations.providers.webhook.provider import Webhook
from apps.destinations.services import destination_change
from apps.sites.models import Goal
from tests.cast import Cast

from .conftest import convert, route


class Answers(Receiver):
    """A receiver that answers as a test says, in turn, and then takes all."""

    def __init__(self) -> None:
        super().__init__(now=lambda: clock.now().timestamp())
        self.plan: list[Reply] = []

    def answer(self, ask: Ask) -> Reply:
        return self.plan.pop(0) if self.plan else super().answer(ask)


@pytest.fixture
def receiver() -> Answers:
    return Answers()


def change(webhook: Destination, monkeypatch: pytest.MonkeyPatch, *, is_test_mode: bool = False) -> None:
    """Change it, a moment later by the clock."""
    now = clock.now()
    monkeypatch.setattr(clock, "now", lambda: now.replace(microsecond=now.microsecond + 1))
    mine = Destination.objects.get(id=webhook.id)
    destination_change(
        destination=mine, name="CRM", settings=mine.settings, secrets={"secret": ""}, is_test_mode=is_test_mode
    )


def before_the_first_answer(monkeypatch: pytest.MonkeyPatch, then: Callable[[], None]) -> None:
    """Have something happen while the first requests are on their way."""
    settle = delivering._settle
    waits = [then]

    def settled(turn: delivering.Turn, landed: Any) -> None:
        if landed and waits:
            waits.pop()()
        settle(turn, landed)

    monkeypatch.setattr(delivering, "_settle", settled)


def sent_as_tests(receiver: Receiver) -> list[bool]:
    return [bool(one["data"]["is_test"]) for one in receiver.seen]  # type: ignore[index]


def test_test_mode_holds_at_once_for_what_hasnt_left(
    in_alder: Cast, goal: Goal, webhook: Destination, receiver: Answers, monkeypatch: pytest.MonkeyPatch
) -> None:
    route(*(convert(goal, in_alder.site) for _ in range(40)))
    before_the_first_answer(monkeypatch, lambda: change(webhook, monkeypatch, is_test_mode=True))
    # There is more, to be sent at once.
    assert destination_send(webhook.id) is True
    left = len(receiver.seen)
    assert left <= delivering.CHUNK and not any(sent_as_tests(receiver))
    assert not Delivery.objects.exclude(leased_until=None).exists()
    assert destination_send(webhook.id) is False
    assert sent_as_tests(receiver) == [False] * left + [True] * (40 - left)
    assert set(receiver.taken.values()) == {1}


def test_a_late_refusal_of_what_was_entered_before_says_nothing_of_what_is_now(
    in_alder: Cast, goal: Goal, webhook: Destination, receiver: Answers, monkeypatch: pytest.MonkeyPatch
) -> None:
    route(convert(goal, in_alder.site))
    receiver.plan = [Reply(401)]
    before_the_first_answer(monkeypatch, lambda: change(webhook, monkeypatch))
    assert destination_send(webhook.id) is True
    webhook.refresh_from_db()
    assert (webhook.problem, webhook.open_until) == ("", None)
    destination_send(webhook.id)
    assert Delivery.objects.get().state == "received"


def test_nor_does_one_of_what_requests_are_prepared_with(
    in_alder: Cast, goal: Goal, webhook: Destination, monkeypatch: pytest.MonkeyPatch
) -> None:
    route(convert(goal, in_alder.site))

    def refused(*_: object) -> None:
        change(webhook, monkeypatch)
        raise PrepareFailed(Verdict(Outcome.REFUSED, "invalid_grant", "Google no longer accepts the refresh token."))

    with monkeypatch.context() as ended:
        ended.setattr(Webhook, "prepare", refused)
        destination_send(webhook.id)
    webhook.refresh_from_db()
    assert (webhook.problem, webhook.open_until) == ("", None)
    destination_send(webhook.id)
    assert Delivery.objects.get().state == "received"
