"""Sending what is due: attempts, retries, pauses, giving up, a worker's death, and what is kept of it all."""

from datetime import timedelta
from typing import Any

import pytest

from apps.core import clock
from apps.demo.standing_in.frame import Ask, Faults, Reply
from apps.demo.webhook_stand_in.receiver import SECRET, Receiver
from apps.destinations import delivering
from apps.destinations.conditions import Conditions
from apps.destinations.delivering import destination_send
from apps.destinations.keeping import deliveries_tidy
from apps.destinations.models import Delivery, DeliveryAttempt, Destination
from apps.destinations.recording import delivery_key
from apps.destinations.routing import events_route
from apps.destinations.services import (
    deliveries_resend,
    destination_archive,
    destination_change,
    destination_switch,
    exemption_record,
)
from apps.sites.models import Goal
from apps.tracking.match_keys import match_seal
from apps.tracking.models import ConversionMatch, Session
from tests.cast import Cast
from tests.factories_tracking import visit_make

from .conftest import NOW, Committing, convert, later, only, route, rule_make, webhook_make, withdraw
from .looking import company_put


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


@pytest.fixture
def waiting(in_alder: Cast, webhook: Destination, goal: Goal) -> Delivery:
    route(convert(goal, in_alder.site))
    return only()


def attempts() -> list[tuple[int, str, int | None]]:
    return list(DeliveryAttempt.objects.order_by("number").values_list("number", "outcome", "status"))


def test_it_is_sent_once_and_its_receipt_kept(receiver: Answers, webhook: Destination, waiting: Delivery) -> None:
    assert destination_send(webhook.id) is False
    waiting.refresh_from_db()
    assert (waiting.state, waiting.attempts, waiting.received_at) == ("received", 1, NOW)
    assert waiting.finished_at and waiting.next_attempt_at is None and waiting.leased_until is None
    assert attempts() == [(1, "received", 204)]
    destination_send(webhook.id)
    assert receiver.taken == {delivery_key(waiting): 1}
    (payload,) = receiver.seen
    data = payload["data"]
    assert isinstance(data, dict)
    assert (data["event"], data["value"], data["currency"], data["consent"]["state"]) == (
        "demo",
        40.5,
        "EUR",
        "granted",
    )
    kept = DeliveryAttempt.objects.get().request
    assert '"goal": "Demo request"' in kept
    assert "webhook-signature: ••••" in kept and SECRET not in kept


def test_match_keys_are_gone_after_the_last_delivery(
    in_alder: Cast, receiver_url: str, webhook: Destination, goal: Goal, committing: Committing
) -> None:
    other = webhook_make(in_alder.site, receiver_url, name="Other")
    rule_make(other, goal)
    one = convert(goal, in_alder.site, minutes=-1)
    ConversionMatch.objects.create(
        event_id=one.event_id,
        site_id=one.site_id,
        session_id=one.session_id,
        sealed=match_seal(one.event_id, {"fbp": "fb.1.1.2", "event_id": "order-1"}),
        stored_at=NOW,
    )
    route(one)
    with committing():
        destination_send(webhook.id)
    assert ConversionMatch.objects.exists()
    with committing():
        destination_send(other.id)
    assert set(Delivery.objects.values_list("state", flat=True)) == {"received"}
    assert not ConversionMatch.objects.exists()


def test_match_keys_wait_for_the_goal_of_an_event_that_went_by_its_name_before(
    in_alder: Cast,
    receiver_url: str,
    webhook: Destination,
    goal: Goal,
    committing: Committing,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    webhook.rules.all().delete()
    later(monkeypatch, hours=-1)
    rule_make(webhook, goal, conditions=Conditions(company_kinds=("business",)))
    other = webhook_make(in_alder.site, receiver_url, name="Other")
    rule_make(other, event_name="demo")
    later(monkeypatch)
    one = convert(goal, in_alder.site, matched_at=None)
    ConversionMatch.objects.create(
        event_id=one.event_id, site_id=one.site_id, session_id=one.session_id, sealed=b"", stored_at=NOW
    )
    assert events_route(site_id=one.site_id, session_ids=[one.session_id]) == {other.id}
    with committing():
        destination_send(other.id)
    assert only().state == "received" and ConversionMatch.objects.exists()
    company = company_put("Varnholt", in_alder.first)
    Session.objects.filter(id=one.session_id).update(company_id=company.id, matched_at=NOW)
    route(one)
    with committing():
        destination_send(webhook.id)
    assert not ConversionMatch.objects.exists()


@pytest.mark.usefixtures("no_jitter")
def test_a_passing_failure_is_tried_again_later_and_no_sooner_than_asked(
    receiver: Answers, webhook: Destination, waiting: Delivery, monkeypatch: pytest.MonkeyPatch
) -> None:
    receiver.plan = [Reply(503), Reply(429, "", {"Retry-After": "120"})]
    destination_send(webhook.id)
    waiting.refresh_from_db()
    assert (waiting.state, waiting.reason) == ("waiting", "503")
    assert waiting.next_attempt_at == NOW + timedelta(seconds=10)
    destination_send(webhook.id)  # isn't due
    later(monkeypatch, seconds=11)
    destination_send(webhook.id)
    waiting.refresh_from_db()
    assert waiting.next_attempt_at and waiting.next_attempt_at >= NOW + timedelta(seconds=131)
    webhook.refresh_from_db()
    assert webhook.open_until == NOW + timedelta(seconds=131)
    later(monkeypatch, seconds=200)
    destination_send(webhook.id)
    assert attempts() == [(1, "retry", 503), (2, "retry", 429), (3, "received", 204)]


@pytest.mark.parametrize("state", ["rejected", "dead"])
def test_what_the_receiver_never_takes_ends_and_may_be_sent_again_by_a_person(
    state: str, receiver: Answers, webhook: Destination, waiting: Delivery, monkeypatch: pytest.MonkeyPatch
) -> None:
    if state == "rejected":
        receiver.plan = [Reply(422, "no such field")]
    else:
        receiver.plan = [Reply(503)]
        destination_send(webhook.id)
        later(monkeypatch, days=3, minutes=1)
        deliveries_tidy()
    destination_send(webhook.id)
    waiting.refresh_from_db()
    assert (waiting.state, waiting.finished_at is not None) == (state, True)
    assert waiting.words
    assert deliveries_resend(site_id=waiting.site_id, delivery_ids=[waiting.id]) == 1
    assert deliveries_resend(site_id=waiting.site_id, delivery_ids=[waiting.id]) == 0
    destination_send(webhook.id)
    waiting.refresh_from_db()
    assert waiting.state == "received"


@pytest.mark.usefixtures("no_jitter")
def test_pauses_begin_anew_with_what_a_person_sends_again(
    receiver: Answers, webhook: Destination, waiting: Delivery, monkeypatch: pytest.MonkeyPatch
) -> None:
    receiver.plan = [Reply(503)] * 2
    destination_send(webhook.id)
    later(monkeypatch, seconds=11)
    destination_send(webhook.id)
    assert only().next_attempt_at == NOW + timedelta(seconds=31)
    Delivery.objects.update(state="dead", attempts=12)
    later(monkeypatch, hours=1)
    deliveries_resend(site_id=waiting.site_id, delivery_ids=[waiting.id])
    receiver.plan = [Reply(503)] * 2
    destination_send(webhook.id)
    assert (only().attempts, only().next_attempt_at) == (13, NOW + timedelta(hours=1, seconds=10))
    later(monkeypatch, hours=1, seconds=11)
    destination_send(webhook.id)
    assert (only().attempts, only().next_attempt_at) == (14, NOW + timedelta(hours=1, seconds=31))


def test_a_refused_destination_waits_for_a_person_and_loses_nothing(
    in_alder: Cast, goal: Goal, receiver: Answers, webhook: Destination, waiting: Delivery
) -> None:
    route(convert(goal, in_alder.site))
    receiver.plan = [Reply(401), Reply(401)]
    destination_send(webhook.id)
    webhook.refresh_from_db()
    assert (webhook.problem, webhook.problem_at) == ("401", NOW)
    assert set(Delivery.objects.values_list("state", flat=True)) == {"waiting"}
    receiver.plan = []
    destination_send(webhook.id)  # left alone
    assert not receiver.taken
    destination_change(
        destination=webhook, name="CRM", settings=webhook.settings, secrets={"secret": ""}, is_test_mode=False
    )
    destination_send(webhook.id)
    assert set(Delivery.objects.values_list("state", flat=True)) == {"received"}
    assert sum(receiver.taken.values()) == 2


def test_one_that_alone_is_refused_holds_up_the_others_no_longer_than_until_that_shows(
    in_alder: Cast,
    goal: Goal,
    receiver: Answers,
    webhook: Destination,
    waiting: Delivery,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    receiver.plan = [Reply(403)]
    destination_send(webhook.id)
    assert (Destination.objects.get().problem, only().state) == ("403", "waiting")
    route(convert(goal, in_alder.site))
    Delivery.objects.exclude(id=waiting.id).update(next_attempt_at=NOW - timedelta(minutes=1))
    later(monkeypatch, hours=2)
    receiver.plan = [Reply(204), Reply(403)]
    destination_send(webhook.id)
    waiting.refresh_from_db()
    assert (waiting.state, waiting.reason) == ("rejected", "403")
    assert Destination.objects.get().problem == ""
    assert Delivery.objects.exclude(id=waiting.id).get().state == "received"


def test_after_failures_in_a_row_one_is_tried_for_all(
    in_alder: Cast, goal: Goal, faults: Faults, receiver: Answers, webhook: Destination, monkeypatch: pytest.MonkeyPatch
) -> None:
    for _ in range(8):
        route(convert(goal, in_alder.site))
    faults.refuse_ratio = 1.0
    destination_send(webhook.id)
    webhook.refresh_from_db()
    assert webhook.failures == 5 and webhook.open_until and webhook.open_until > NOW
    later(monkeypatch, minutes=10)
    before = DeliveryAttempt.objects.count()
    destination_send(webhook.id)
    assert DeliveryAttempt.objects.count() == before + 1
    faults.refuse_ratio = 0.0
    later(monkeypatch, minutes=60)
    destination_send(webhook.id)
    assert Destination.objects.filter(id=webhook.id, failures=0, open_until=None).exists()
    assert set(receiver.taken.values()) == {1}
    assert set(Delivery.objects.values_list("state", flat=True)) == {"received"}


def test_withdrawn_consent_and_a_visit_set_aside_stop_what_is_queued(
    in_alder: Cast, goal: Goal, receiver: Answers, webhook: Destination, waiting: Delivery
) -> None:
    other = convert(goal, in_alder.site)
    route(other)
    withdraw(waiting.session_id)
    Session.objects.filter(id=other.session_id).update(set_aside="excluded")
    destination_send(webhook.id)
    assert not receiver.taken
    found = Delivery.objects.order_by("id").values_list("state", "reason", "consent__state")
    assert list(found) == [("withheld", "withdrawn", "denied"), ("withheld", "set_aside", "granted")]


@pytest.mark.parametrize(("hours", "state"), [(2, "withheld"), (1.5, "withheld"), (0.5, "received")])
def test_who_comes_back_and_refuses_takes_back_what_they_agreed_to_before(
    hours: float, state: str, in_alder: Cast, goal: Goal, webhook: Destination, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = convert(goal, in_alder.site, visitor=7, consent_at=NOW)
    route(first)
    # At one hour they agree in another visit; the next day's visitor id is linked to this one's.
    visit_make(in_alder.site, NOW, visitor=7, consent_marketing="granted", consent_at=NOW + timedelta(hours=1))
    visit_make(
        in_alder.site,
        NOW,
        visitor=8,
        linked_visitor_id=7,
        consent_marketing="denied",
        consent_source="api",
        consent_at=NOW + timedelta(hours=hours),
    )
    later(monkeypatch, hours=3)
    destination_send(webhook.id)
    assert (only().state, only().consent["state"]) == (state, "denied" if state == "withheld" else "granted")


def test_who_comes_back_and_refuses_all_isnt_exempt_any_more(
    in_alder: Cast, goal: Goal, receiver: Answers, webhook: Destination, monkeypatch: pytest.MonkeyPatch
) -> None:
    exemption_record(site_id=in_alder.site.id, country="US", ground="No opt-in law", user_name="Ann")
    route(convert(goal, in_alder.site, visitor=7, country="US", consent_marketing="", consent_source=""))
    assert (only().state, only().consent["state"]) == ("waiting", "exempt")
    said: dict[str, Any] = {"consent_analytics": "denied", "consent_source": "api", "consent_at": NOW}
    visit_make(in_alder.site, NOW, visitor=7, **said)
    later(monkeypatch, minutes=1)
    destination_send(webhook.id)
    assert (only().state, only().consent["state"], only().consent["analytics"]) == ("withheld", "denied", "denied")
    assert not receiver.taken


@pytest.mark.parametrize(("is_safe", "state"), [(True, "received"), (False, "uncertain")])
def test_a_worker_that_dies_while_sending_leaves_it_to_the_providers_own_deduplication(
    is_safe: bool,
    state: str,
    receiver: Answers,
    webhook: Destination,
    waiting: Delivery,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    class Killed(BaseException):
        pass

    def die(*_: object) -> None:
        raise Killed

    settle = delivering._settle
    monkeypatch.setattr(delivering, "_settle", die)
    with pytest.raises(Killed):
        destination_send(webhook.id)
    monkeypatch.setattr(delivering, "_settle", settle)
    waiting.refresh_from_db()
    assert waiting.state == "sending" and sum(receiver.taken.values()) == 1
    destination_send(webhook.id)  # its lease isn't over
    assert sum(receiver.taken.values()) == 1
    later(monkeypatch, minutes=6)
    monkeypatch.setattr("apps.destinations.providers.webhook.provider.Webhook.repeats_safely", lambda *_: is_safe)
    destination_send(webhook.id)
    waiting.refresh_from_db()
    assert waiting.state == state
    assert sum(receiver.taken.values()) == (2 if is_safe else 1)
    assert attempts()[0] == (1, "lost", None)


def test_one_that_was_lost_stays_in_doubt_wherever_the_next_worker_dies(
    receiver: Answers, webhook: Destination, waiting: Delivery, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as dying:
        dying.setattr(delivering, "_settle", lambda *_: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            destination_send(webhook.id)
    monkeypatch.setattr("apps.destinations.providers.webhook.provider.Webhook.repeats_safely", lambda *_: False)
    later(monkeypatch, minutes=6)
    with monkeypatch.context() as dying:
        dying.setattr(delivering, "finish", lambda *_: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            destination_send(webhook.id)
    later(monkeypatch, minutes=12)
    destination_send(webhook.id)
    waiting.refresh_from_db()
    assert (waiting.state, waiting.reason) == ("uncertain", "stopped")
    assert sum(receiver.taken.values()) == 1
    # What a person has decided isn't in doubt any more.
    later(monkeypatch, minutes=13)
    deliveries_resend(site_id=waiting.site_id, delivery_ids=[waiting.id])
    destination_send(webhook.id)
    waiting.refresh_from_db()
    assert waiting.state == "received"


def test_one_that_may_have_arrived_isnt_sent_again_once_the_provider_would_count_it_twice(
    faults: Faults, receiver: Answers, webhook: Destination, waiting: Delivery, monkeypatch: pytest.MonkeyPatch
) -> None:
    later(monkeypatch, seconds=1)
    faults.drop_ratio = 1.0
    destination_send(webhook.id)
    faults.drop_ratio = 0.0
    # As Meta's, which ends 48 hours after the event.
    monkeypatch.setattr("apps.destinations.providers.webhook.provider.Webhook.repeats_safely", lambda *_: False)
    later(monkeypatch, hours=3)
    destination_send(webhook.id)
    waiting.refresh_from_db()
    assert (waiting.state, waiting.reason, waiting.attempts) == ("uncertain", "broken_off", 1)


def test_no_answer_is_never_taken_for_a_no(
    faults: Faults, receiver: Answers, webhook: Destination, waiting: Delivery, monkeypatch: pytest.MonkeyPatch
) -> None:
    faults.drop_ratio = 1.0
    destination_send(webhook.id)
    waiting.refresh_from_db()
    assert (waiting.state, waiting.reason) == ("waiting", "broken_off")
    monkeypatch.setattr("apps.destinations.providers.webhook.provider.Webhook.repeats_safely", lambda *_: False)
    later(monkeypatch, minutes=1)
    destination_send(webhook.id)
    waiting.refresh_from_db()
    assert (waiting.state, waiting.reason) == ("uncertain", "broken_off")


@pytest.mark.parametrize("host", ["127.0.0.1", "169.254.169.254", "localhost", "10.1.2.3", "[::1]"])
def test_nothing_is_sent_into_a_private_network(
    host: str, in_alder: Cast, goal: Goal, receiver_url: str, webhook: Destination, waiting: Delivery
) -> None:
    webhook.stand_in_url = ""
    webhook.settings = {"url": receiver_url.replace("127.0.0.1", host)}
    webhook.save()
    destination_send(webhook.id)
    waiting.refresh_from_db()
    assert (waiting.state, waiting.reason) == ("waiting", "private_address")


def test_a_destination_that_is_removed_sends_nothing_and_forgets_its_secrets(
    receiver: Answers, webhook: Destination, waiting: Delivery
) -> None:
    destination_archive(destination=webhook)
    destination_send(webhook.id)
    waiting.refresh_from_db()
    webhook.refresh_from_db()
    assert (waiting.state, waiting.reason, webhook.secrets_hints) == ("dead", "removed", {})
    assert not receiver.taken


def test_what_is_on_its_way_when_its_destination_is_removed_doesnt_wait_again(
    receiver: Answers, webhook: Destination, waiting: Delivery, monkeypatch: pytest.MonkeyPatch
) -> None:
    receiver.plan = [Reply(503)]
    settle = delivering._settle

    def removed_first(*given: Any) -> None:
        destination_archive(destination=webhook)
        settle(*given)

    monkeypatch.setattr(delivering, "_settle", removed_first)
    destination_send(webhook.id)
    waiting.refresh_from_db()
    assert (waiting.state, waiting.reason, waiting.next_attempt_at) == ("dead", "removed", None)


@pytest.mark.parametrize(("died", "state"), [("_settle", "uncertain"), ("_depart", "dead")])
def test_what_a_worker_left_behind_ends_also_where_its_destination_is_off(
    died: str, state: str, webhook: Destination, waiting: Delivery, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(delivering, died, lambda *_: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        destination_send(webhook.id)
    destination_switch(destination=webhook, is_on=False)
    later(monkeypatch, days=2)
    deliveries_tidy()
    waiting.refresh_from_db()
    assert waiting.state == "sending"
    later(monkeypatch, days=4)
    deliveries_tidy()
    waiting.refresh_from_db()
    assert (waiting.state, waiting.leased_until, bool(waiting.words)) == (state, None, True)


def test_the_receipt_says_on_what_it_was_sent(webhook: Destination, waiting: Delivery) -> None:
    Session.objects.filter(id=waiting.session_id).update(gpc=True, consent_version="4")
    destination_send(webhook.id)
    assert (only().consent["gpc"], only().consent["text_version"]) == (True, "4")


def test_attempts_are_kept_for_thirty_days(
    webhook: Destination, waiting: Delivery, monkeypatch: pytest.MonkeyPatch
) -> None:
    destination_send(webhook.id)
    later(monkeypatch, days=29)
    deliveries_tidy()
    assert DeliveryAttempt.objects.exists()
    later(monkeypatch, days=31)
    deliveries_tidy()
    assert not DeliveryAttempt.objects.exists() and Delivery.objects.exists()


def test_another_agencys_destination_is_untouched(in_alder: Cast, waiting: Delivery, receiver: Answers) -> None:
    other = webhook_make(in_alder.other_site, "http://127.0.0.1:1")
    destination_send(other.id)
    assert not receiver.taken
    assert clock.now() == NOW


def test_a_visit_that_is_deleted_takes_its_deliveries_along(
    in_alder: Cast, receiver: Answers, webhook: Destination, waiting: Delivery
) -> None:
    destination_send(webhook.id)
    page = in_alder.browser(in_alder.manager)
    answer = page.post(f"/s/{in_alder.site.slug}/visits/{waiting.session_id}/delete", {"sure": "yes"})
    assert answer.status_code == 302
    assert not Delivery.objects.exists() and not DeliveryAttempt.objects.exists()
