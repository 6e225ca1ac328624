"""What is stopped before it goes, or goes again: why, whether it may have arrived, and on whose word it went."""

from datetime import timedelta
from typing import Any

import pytest

from apps.demo.standing_in.frame import Faults, Reply
from apps.destinations.delivering import destination_send
from apps.destinations.models import ConsentExemption, Delivery, Destination
from apps.destinations.providers.base import Outcome, Verdict
from apps.destinations.services import deliveries_resend, exemption_end, exemption_record
from apps.sites.models import Goal
from apps.tracking.models import Event, Session
from tests.cast import Cast

from .conftest import convert, later, only, route, withdraw
from .test_sending import Answers

WITHDRAWN = "Marketing consent was withdrawn since this was tried, so it isn’t tried again."


@pytest.fixture
def receiver() -> Answers:
    return Answers()


@pytest.fixture
def waiting(in_alder: Cast, webhook: Destination, goal: Goal) -> Delivery:
    route(convert(goal, in_alder.site))
    return only()


def end(delivery: Delivery, how: str) -> None:
    if how == "withdrawn":
        withdraw(delivery.session_id)
    elif how == "set aside":
        Session.objects.filter(id=delivery.session_id).update(set_aside="excluded")
    else:
        Event.objects.filter(event_id=delivery.event_id).delete()


@pytest.mark.parametrize(
    ("how", "said"), [("withdrawn", WITHDRAWN), ("set aside", "was set aside"), ("erased", "was erased since")]
)
def test_what_broke_off_on_its_way_is_never_called_withheld(
    how: str,
    said: str,
    faults: Faults,
    receiver: Answers,
    webhook: Destination,
    waiting: Delivery,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    later(monkeypatch, seconds=1)
    faults.drop_ratio = 1.0
    destination_send(webhook.id)
    assert (only().state, only().reason) == ("waiting", "broken_off")
    faults.drop_ratio = 0.0
    end(waiting, how)
    later(monkeypatch, hours=3)
    destination_send(webhook.id)
    delivery = only()
    assert (delivery.state, delivery.reason, delivery.attempts) == ("uncertain", "broken_off", 1)
    assert "The connection to it was lost while this was on its way." in delivery.words
    assert said in delivery.words and "Look at Webhook whether it came." in delivery.words
    assert delivery.consent["state"] == "granted"  # on that it was sent


def test_nor_is_one_that_a_person_has_sent_again_after_a_withdrawal(
    faults: Faults, receiver: Answers, webhook: Destination, waiting: Delivery, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("apps.destinations.providers.webhook.provider.Webhook.repeats_safely", lambda *_: False)
    later(monkeypatch, seconds=1)
    faults.drop_ratio = 1.0
    destination_send(webhook.id)
    assert only().state == "uncertain"
    faults.drop_ratio = 0.0
    withdraw(waiting.session_id)
    for minutes in (1, 2):
        later(monkeypatch, minutes=minutes)
        assert deliveries_resend(site_id=waiting.site_id, delivery_ids=[waiting.id]) == 1
        destination_send(webhook.id)
        assert (only().state, only().reason, only().attempts) == ("uncertain", "broken_off", 1)
        assert WITHDRAWN in only().words and only().consent["state"] == "granted"
    assert sum(receiver.taken.values()) == 1


def test_an_answer_that_left_it_open_does_so_still(
    receiver: Answers, webhook: Destination, waiting: Delivery, monkeypatch: pytest.MonkeyPatch
) -> None:
    unsure = Verdict(Outcome.UNSURE, "http_500", "It may count, or not.")
    with monkeypatch.context() as open_answer:
        open_answer.setattr(
            "apps.destinations.providers.webhook.provider.Webhook.verdicts", lambda *_: [unsure], raising=True
        )
        destination_send(webhook.id)
    assert (only().state, only().reason) == ("uncertain", "http_500")
    withdraw(waiting.session_id)
    deliveries_resend(site_id=waiting.site_id, delivery_ids=[waiting.id])
    destination_send(webhook.id)
    assert (only().state, only().reason) == ("uncertain", "http_500")
    assert only().words.startswith("Webhook answered, and left open whether it took this. Marketing consent was")


@pytest.mark.parametrize("rule", ["unmatchable", "too old"])
def test_nor_is_it_called_anything_else_where_the_provider_wouldnt_take_it_again(
    rule: str,
    faults: Faults,
    receiver: Answers,
    webhook: Destination,
    waiting: Delivery,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    later(monkeypatch, seconds=1)
    faults.drop_ratio = 1.0
    destination_send(webhook.id)
    faults.drop_ratio = 0.0
    kind = "apps.destinations.providers.webhook.provider.Webhook"
    if rule == "unmatchable":
        monkeypatch.setattr(f"{kind}.unmatchable", lambda *_: "Nobody is recognised by it.")
    else:
        monkeypatch.setattr(f"{kind}.max_age", timedelta(hours=1))
    later(monkeypatch, hours=3)
    destination_send(webhook.id)
    said = "Nobody is recognised by it." if rule == "unmatchable" else "takes nothing that is older than"
    assert (only().state, only().reason) == ("uncertain", "broken_off") and said in only().words


@pytest.mark.parametrize("answer", [503, 422])
def test_what_wasnt_taken_is_withheld_with_the_receipt_of_its_sending(
    answer: int, receiver: Answers, webhook: Destination, waiting: Delivery, monkeypatch: pytest.MonkeyPatch
) -> None:
    receiver.plan = [Reply(answer)]
    destination_send(webhook.id)
    withdraw(waiting.session_id)
    later(monkeypatch, hours=3)
    deliveries_resend(site_id=waiting.site_id, delivery_ids=[waiting.id])
    destination_send(webhook.id)
    delivery = only()
    assert (delivery.state, delivery.reason, delivery.words) == ("withheld", "withdrawn", WITHDRAWN)
    assert delivery.consent["state"] == "granted" and not receiver.taken


def test_what_goes_again_goes_on_what_holds_by_then(
    receiver: Answers, webhook: Destination, waiting: Delivery, monkeypatch: pytest.MonkeyPatch
) -> None:
    receiver.plan = [Reply(503)]
    destination_send(webhook.id)
    Session.objects.filter(id=waiting.session_id).update(consent_version="5")
    later(monkeypatch, hours=3)
    destination_send(webhook.id)
    assert (only().state, only().consent["text_version"]) == ("received", "5")


@pytest.mark.parametrize(
    ("now", "reason", "words"),
    [
        (
            {},
            "consent_unasked",
            "The exemption of the visitor’s country ended before this was sent. The visitor wasn’t",
        ),
        ({"gpc": True}, "consent_unasked", "The visitor wasn’t asked for marketing consent"),
        ({"consent_marketing": "denied"}, "consent_denied", "The visitor refused marketing."),
    ],
)
def test_what_was_exempt_isnt_said_to_be_withdrawn(
    now: dict[str, Any], reason: str, words: str, in_alder: Cast, goal: Goal, receiver: Answers, webhook: Destination
) -> None:
    exemption_record(site_id=in_alder.site.id, country="US", ground="No opt-in law", user_name="Ann")
    one = convert(goal, in_alder.site, country="US", consent_marketing="", consent_source="")
    route(one)
    assert (only().state, only().consent["state"]) == ("waiting", "exempt")
    if now:
        Session.objects.filter(id=one.session_id).update(**now)
    else:
        exemption = ConsentExemption.objects.get()
        assert exemption_end(site_id=in_alder.site.id, exemption_id=exemption.id, user_name="Ann")
    destination_send(webhook.id)
    assert (only().state, only().reason) == ("withheld", reason)
    assert only().words.startswith(words) and not receiver.taken
