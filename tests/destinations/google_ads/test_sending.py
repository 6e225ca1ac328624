"""A conversion's way to Google Ads and back: taken by a running server that enforces the contract, confirmed later."""

import json
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from apps.destinations.occurrences import ConsentReceipt, MatchKeys, Message
from apps.destinations.providers.base import Answer, Outcome, Request, Verdict
from tests.destinations.google_ads.conftest import There
from tests.destinations.google_ads.messages import EMAIL, GOOGLE, PHONE, ask, message


def _send(there: There, *messages: Message) -> list[Verdict]:
    request = GOOGLE.request(there.prepared(), messages)
    return GOOGLE.verdicts(request, ask(request))


def _check(there: There, verdict: Verdict) -> Verdict:
    return GOOGLE.check(there.prepared(), [verdict.receipt], ask).get(verdict.receipt, Verdict(Outcome.PENDING, "", ""))


def test_a_batch_is_received_with_its_request_id_and_confirmed_once_it_is_processed(there: There) -> None:
    there.stand_in.status_after = 3600
    verdicts = _send(there, *(message(number) for number in range(1, 1001)))
    assert {verdict.outcome for verdict in verdicts} == {Outcome.RECEIVED}
    assert len(verdicts) == len(there.stand_in.taken) == 1000
    (receipt,) = {verdict.receipt for verdict in verdicts}
    assert receipt

    assert _check(there, verdicts[0]).outcome is Outcome.PENDING
    there.stand_in.status_after = 0
    assert _check(there, verdicts[0]).outcome is Outcome.CONFIRMED
    # A receipt that nobody knows has no verdict, and doesn't keep the others from theirs.
    told = GOOGLE.check(there.prepared(), ["unheard-of", receipt], ask)
    assert {one: verdict.outcome for one, verdict in told.items()} == {
        "unheard-of": Outcome.PENDING,
        receipt: Outcome.CONFIRMED,
    }


@pytest.mark.parametrize("status", [401, 403, 429, 500, 503])
def test_what_google_couldnt_be_asked_about_is_left_out(there: There, status: int) -> None:
    def answer(_: Request) -> Answer:
        return Answer(status, {}, "")

    assert GOOGLE.check(there.prepared(), ["one", "two"], answer) == {}


def test_what_is_sent_is_as_documented(there: There) -> None:
    told = message(
        click_ids={"gclid": "Cj0K", "gbraid": "0AAA"},
        occurred_at=datetime(2026, 11, 20, 10, 15, 30, tzinfo=UTC),
        transaction_id="lead-42",
        consent=ConsentReceipt("granted", gpc=True),
        match=MatchKeys(email_sha256="f" * 64, email_google_sha256=EMAIL, phone_google_sha256=PHONE),
    )
    told = replace(told, params={"plan": "pro", "seats": 5})
    request = GOOGLE.request(there.prepared(), [told])
    assert request.body is not None
    assert json.loads(request.body) == {
        "destinations": [
            {
                "reference": "conversion",
                "operatingAccount": {"accountType": "GOOGLE_ADS", "accountId": "1234567890"},
                "loginAccount": {"accountType": "GOOGLE_ADS", "accountId": "9876543210"},
                "productDestinationId": "555666777",
            }
        ],
        "events": [
            {
                "destinationReferences": ["conversion"],
                "transactionId": "lead-42",
                "eventTimestamp": "2026-11-20T10:15:30.000Z",
                "eventSource": "WEB",
                "adIdentifiers": {"gclid": "Cj0K"},
                "userData": {"userIdentifiers": [{"emailAddress": EMAIL}, {"phoneNumber": PHONE}]},
                "conversionValue": 49.9,
                "currency": "EUR",
                "consent": {"adUserData": "CONSENT_GRANTED", "adPersonalization": "CONSENT_DENIED"},
                "customVariables": [{"variable": "plan", "value": "pro"}, {"variable": "seats", "value": "5"}],
            }
        ],
        "encoding": "HEX",
        "validateOnly": False,
    }
    assert GOOGLE.verdicts(request, ask(request))[0].outcome is Outcome.RECEIVED
    quality = GOOGLE.match_quality(told)
    assert (quality.present, quality.missing) == (["gclid", "email", "phone"], [])
    # Where none is needed nobody was asked, and nobody says that it was granted.
    exempt = json.loads(GOOGLE.request(there.target, [message(consent=ConsentReceipt("exempt"))]).body or b"")
    assert "consent" not in exempt["events"][0]


def test_the_same_conversion_twice_counts_once_and_says_so(there: There) -> None:
    first, again = (_send(there, message(transaction_id="order-1"))[0] for _ in range(2))
    assert there.stand_in.taken == {"555666777:order-1": 2}
    assert _check(there, first).reason == "processed"
    assert (_check(there, again).outcome, _check(there, again).reason) == (Outcome.CONFIRMED, "duplicate")


def test_a_click_that_google_does_not_know_is_ordinary_alone_and_left_open_among_others(there: There) -> None:
    stranger = message(1, click_ids={"gclid": "unknown-1"})
    alone = _check(there, _send(there, stranger)[0])
    assert (alone.outcome, alone.reason) == (Outcome.RECEIVED, "unmatched")

    together = _send(there, message(2), message(3), message(4, click_ids={"gclid": "unknown-4"}))
    verdict = _check(there, together[0])
    # Which of the three it is, nobody says: none is called confirmed, none rejected.
    assert (verdict.outcome, verdict.reason) == (Outcome.RECEIVED, "partly_counted")
    assert "1 of the 3 events" in verdict.words and "no click" in verdict.words


def test_a_test_is_checked_by_google_and_not_kept(there: There) -> None:
    request = GOOGLE.test_request(there.prepared(), message())
    (verdict,) = GOOGLE.verdicts(request, ask(request))
    assert (verdict.outcome, verdict.reason, verdict.receipt) == (Outcome.CHECKED, "validated", "")
    in_test_mode = GOOGLE.request(replace(there.prepared(), is_test_mode=True), [message()])
    assert GOOGLE.verdicts(in_test_mode, ask(in_test_mode))[0].reason == "validated"
    assert there.stand_in.taken == {}
