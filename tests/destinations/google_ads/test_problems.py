"""What Google would refuse is found before anything is sent: each case is sent all the same, and refused."""

from decimal import Decimal

import pytest

from apps.destinations.occurrences import MatchKeys, Message
from apps.destinations.providers.base import Outcome
from tests.destinations.google_ads.conftest import There
from tests.destinations.google_ads.messages import EMAIL, GOOGLE, ask, message


@pytest.mark.parametrize(
    ("wrong", "field", "reason"),
    [
        (message(currency="EURO"), "currency", "INVALID_CURRENCY_CODE"),
        (message(currency="eur"), "currency", "INVALID_CURRENCY_CODE"),
        (
            message(match=MatchKeys(email_google_sha256="ada@example.org")),
            "userData.userIdentifiers[0].emailAddress",
            "INVALID_HEX_ENCODING",
        ),
        (
            message(match=MatchKeys(email_google_sha256=EMAIL, phone_google_sha256="ab12")),
            "userData.userIdentifiers[1].phoneNumber",
            "INVALID_SHA256_FORMAT",
        ),
    ],
)
def test_it_is_found_beforehand(there: There, wrong: Message, field: str, reason: str) -> None:
    (problem,) = GOOGLE.problems(there.target, wrong)
    assert problem.field == field
    request = GOOGLE.request(there.prepared(), [wrong])
    (verdict,) = GOOGLE.verdicts(request, ask(request))
    assert (verdict.outcome, verdict.reason) == (Outcome.REJECTED, reason)


def test_whom_google_could_not_recognise_is_left_out_beforehand(there: There) -> None:
    nobody = message(click_ids={"fbclid": "x"})
    assert GOOGLE.unmatchable(nobody).startswith("Google Ads needs a click id")
    assert GOOGLE.unmatchable(message()) == ""
    request = GOOGLE.request(there.prepared(), [nobody])
    (verdict,) = GOOGLE.verdicts(request, ask(request))
    assert (verdict.outcome, verdict.reason) == (Outcome.REJECTED, "NO_IDENTIFIERS_PROVIDED")


def test_personal_data_is_no_order_id(there: There) -> None:
    (problem,) = GOOGLE.problems(there.target, message(transaction_id="ada@example.org"))
    assert problem.field == "transactionId"


@pytest.mark.parametrize(
    "fine",
    [
        message(),
        message(value=None, currency=""),
        message(value=Decimal(0), currency=""),
        message(click_ids={"wbraid": "x"}),
        message(click_ids={}, match=MatchKeys(email_google_sha256=EMAIL)),
    ],
)
def test_what_is_fine_has_none_and_is_taken(there: There, fine: Message) -> None:
    assert GOOGLE.problems(there.target, fine) == []
    request = GOOGLE.request(there.prepared(), [fine])
    assert GOOGLE.verdicts(request, ask(request))[0].outcome is Outcome.RECEIVED
