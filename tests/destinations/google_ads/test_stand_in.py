"""The stand-in is as strict as the contract, also where the provider never errs."""

import copy
import json
from collections.abc import Callable
from typing import Any

import pytest

from apps.destinations.providers.base import Request
from tests.destinations.google_ads.conftest import There
from tests.destinations.google_ads.messages import EMAIL, ask

BODY: dict[str, Any] = {
    "destinations": [
        {
            "reference": "lead",
            "operatingAccount": {"accountType": "GOOGLE_ADS", "accountId": "1234567890"},
            "loginAccount": {"accountType": "GOOGLE_ADS", "accountId": "9876543210"},
            "productDestinationId": "555666777",
        }
    ],
    "events": [
        {
            "destinationReferences": ["lead"],
            "transactionId": "lead-42",
            "eventTimestamp": "2026-11-20T10:15:30Z",
            "eventSource": "WEB",
            "adIdentifiers": {"gclid": "Cj0K"},
            "conversionValue": 50,
            "currency": "EUR",
            "userData": {"userIdentifiers": [{"emailAddress": EMAIL}]},
            "consent": {"adUserData": "CONSENT_GRANTED", "adPersonalization": "CONSENT_DENIED"},
        }
    ],
    "encoding": "HEX",
    "validateOnly": False,
}
Change = Callable[[dict[str, Any]], Any]


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda body: body["events"][0].pop("eventTimestamp"), "REQUIRED_FIELD_MISSING"),
        (lambda body: body["events"][0].update(eventTimestamp="2026-11-20 10:15"), "INVALID_FORMAT"),
        (lambda body: body["events"][0].pop("eventSource"), "REQUIRED_FIELD_MISSING"),
        (lambda body: body["events"][0].update(eventSource="web"), "INVALID_ENUM_VALUE"),
        (lambda body: body["events"][0].update(conversionValue="50"), "INVALID_NUMBER_FORMAT"),
        (lambda body: body["events"][0]["consent"].update(adUserData="GRANTED"), "INVALID_ENUM_VALUE"),
        (lambda body: body["events"][0].update(gclid="Cj0K"), "INVALID_ARGUMENT"),
        (lambda body: body["events"][0].update(destinationReferences=["sale"]), "INVALID_DESTINATION"),
        (
            lambda body: body["events"][0]["userData"].update(userIdentifiers=[{"emailAddress": EMAIL}] * 11),
            "TOO_MANY_USER_IDENTIFIERS",
        ),
        (lambda body: body.pop("encoding"), "REQUIRED_FIELD_MISSING"),
        (lambda body: body.update(events=body["events"] * 2001), "TOO_MANY_EVENTS"),
        (lambda body: body.update(destinations=body["destinations"] * 11), "TOO_MANY_DESTINATIONS"),
        (lambda body: body["destinations"][0].pop("operatingAccount"), "REQUIRED_FIELD_MISSING"),
        (
            lambda body: body["destinations"][0]["loginAccount"].update(accountId="987-654-3210"),
            "INVALID_NUMBER_FORMAT",
        ),
    ],
)
def test_it_refuses_what_the_contract_does_not_allow(there: There, change: Change, reason: str) -> None:
    body = copy.deepcopy(BODY)
    change(body)
    status, error = _ingest(there, body)
    assert status == 400
    assert error["status"] == "INVALID_ARGUMENT"
    assert error["details"][0]["reason"] == reason
    assert there.stand_in.taken == {}


def test_it_takes_the_contracts_example_and_nothing_without_a_token(there: There) -> None:
    there.stand_in.account.has_enhanced_leads = False
    assert _ingest(there, BODY)[0] == 400
    there.stand_in.account.has_enhanced_leads = True
    assert _ingest(there, BODY)[0] == 200
    assert _ingest(there, BODY, token="ya29.guessed")[0] == 401


def _ingest(there: There, body: dict[str, Any], token: str = "") -> tuple[int, dict[str, Any]]:
    held = token or there.prepared().state["access_token"]
    headers = {"Authorization": f"Bearer {held}", "Content-Type": "application/json"}
    answer = ask(Request("POST", f"{there.target.base_url}/v1/events:ingest", headers, json.dumps(body).encode()))
    return answer.status, json.loads(answer.text).get("error", {})
