"""Access tokens: asked for once, kept sealed, made anew when refused, and what is said when the grant is gone."""

from dataclasses import replace

import httpx
import pytest

from apps.destinations.providers.base import Answer, Outcome, PrepareFailed, Request, Verdict
from apps.destinations.providers.google_ads.oauth import token_get
from apps.tracking import valkey
from tests.destinations.google_ads.conftest import There
from tests.destinations.google_ads.messages import GOOGLE, ask, message


def _failure(there: There) -> Verdict:
    with pytest.raises(PrepareFailed) as failed:
        there.prepared()
    return failed.value.verdict


def _sent(there: There) -> Verdict:
    request = GOOGLE.request(there.prepared(), [message()])
    return GOOGLE.verdicts(request, ask(request))[0]


def test_one_is_kept_sealed_for_as_long_as_it_holds_and_for_these_credentials_alone(there: There) -> None:
    token = there.prepared().state["access_token"]
    assert there.prepared().state["access_token"] == token
    assert there.stand_in.tokens.given == 1
    (name,) = valkey.volatile().scan_iter("*:google-token:7:*")
    assert token.encode() not in (valkey.get_bytes(str(name, "ascii") if isinstance(name, bytes) else name) or b"")
    assert 3200 <= valkey.volatile().ttl(name) <= 3300

    there.stand_in.client.refresh_token = "1//another"
    there.target = replace(there.target, secrets={**there.target.secrets, "refresh_token": "1//another"})
    assert there.prepared().state["access_token"] != token


def test_a_refused_one_is_asked_for_anew_once_and_then_a_person_is(there: There) -> None:
    there.prepared()
    there.stand_in.tokens.end_all()
    first = _sent(there)
    assert (first.outcome, first.retry_after) == (Outcome.RETRY, 0.0)
    assert _sent(there).outcome is Outcome.RECEIVED

    for name in valkey.volatile().scan_iter("*:google-token:*"):
        valkey.volatile().delete(name)
    fresh = there.prepared()
    there.stand_in.tokens.end_all()
    request = GOOGLE.request(fresh, [message()])
    assert GOOGLE.verdicts(request, ask(request))[0].outcome is Outcome.REFUSED


def test_a_withdrawn_grant_asks_to_reconnect(there: There) -> None:
    assert _sent(there).outcome is Outcome.RECEIVED
    httpx.post(f"{there.target.base_url}/revoke", data={"token": there.stand_in.client.refresh_token})
    assert _sent(there).outcome is Outcome.RETRY
    verdict = _failure(there)
    assert (verdict.outcome, verdict.reason) == (Outcome.REFUSED, "invalid_grant")
    assert "new one" in verdict.words


def test_wrong_credentials_and_a_missing_scope_are_for_a_person_to_mend(there: There) -> None:
    there.stand_in.client.scope = "https://www.googleapis.com/auth/adwords"
    assert _failure(there).reason == "scope_missing"
    there.stand_in.client.client_secret = "another"
    assert (_failure(there).outcome, _failure(there).reason) == (Outcome.REFUSED, "invalid_client")


def test_a_token_service_that_is_down_is_asked_again(there: There) -> None:
    def down(request: Request) -> Answer:
        return Answer(503, {"retry-after": "30"}, "unavailable")

    with pytest.raises(PrepareFailed) as failed:
        token_get(there.target, down)
    assert (failed.value.verdict.outcome, failed.value.verdict.retry_after) == (Outcome.RETRY, 30.0)
