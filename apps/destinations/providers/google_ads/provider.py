"""Google Ads: what is asked of the Data Manager API, and when."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from urllib.parse import urlencode

from ...occurrences import Message
from ..base import Answer, Call, MatchQuality, Problem, Provider, Request, Target, Unanswered, Verdict
from .events import body_make, match_quality_of, problems_of, transaction_id, unmatchable_words
from .forms import GoogleAdsForm
from .oauth import token_forget, token_get
from .refusals import verdicts_of
from .statuses import verdict_of

HOST = "https://datamanager.googleapis.com"
TWIN_EXAMPLE = """\
const id = "{name}-" + Date.now() + "-" + Math.random().toString(36).slice(2);
gtag("event", "conversion", { send_to: "AW-…/…", transaction_id: id });
beacon("event", "{name}", { event_id: id });"""
# A look at many requests ends in time; those that weren't asked about are next time.
CHECK_SECONDS = 60.0
# An answer to the question, though it may be that Google knows nothing of it; any other leaves it open.
OF_THE_RECEIPT = frozenset({200, 400, 404})


@dataclass(frozen=True, slots=True)
class IngestRequest(Request):
    """With what its answer is read by. `token_name`: where the token is kept, to be forgotten when it is refused."""

    token_name: str = ""
    is_token_fresh: bool = False


class GoogleAds(Provider):
    key = "google_ads"
    label = "Google Ads"
    api = "Data Manager API"
    icon = "mouse-pointer-click"
    summary = "Conversions of people who clicked on an ad in Google, with Google’s own verdict within a day."
    form_class = GoogleAdsForm
    test_words = "Google looks at it and says what it would refuse; nothing is kept or counted."
    keeps_tests = False
    batch_size = 2_000
    # The longest window that a conversion action can have after a click, as far as is known: Google says only that
    # older ones are refused, hours later (EVENT_TOO_OLD), and not from which age.
    max_age = timedelta(days=90)
    # For as long as contact data is kept: a refresh token that has ended is often found after a weekend.
    give_up_after = timedelta(days=7)
    # Of 300 a minute, which a Google Cloud project's destinations and their tests share.
    pace_seconds = 0.25
    timeout_seconds = 20.0
    checks = True
    check_after = timedelta(minutes=30)
    check_until = timedelta(hours=24)
    masked = frozenset(
        {
            "access_token",
            "client_secret",
            "refresh_token",
            "emailaddress",
            "phonenumber",
            "gclid",
            "gbraid",
            "wbraid",
        }
    )
    has_browser_twin = True
    twin_ids = frozenset({"event_id", "transaction_id"})
    twin_example = TWIN_EXAMPLE
    # Data that is added to what the Google tag has measured: "within 24 hours of the conversion event"
    # (developers.google.com/google-ads/api/docs/conversions/enhance-conversions).
    late_after = timedelta(hours=24)

    def describe(self, settings: Mapping[str, str]) -> str:
        account = settings.get("operating_account", "")
        dashed = f"{account[:3]}-{account[3:6]}-{account[6:]}"
        return f"{dashed}, conversion action {settings.get('conversion_action_id', '')}"

    def counted_by(self, message: Message) -> str:
        return transaction_id(message)

    def repeats_safely(self, message: Message) -> bool:
        """Every event has a transaction id, by which Google counts it once."""
        return True

    def problems(self, target: Target, message: Message) -> list[Problem]:
        return problems_of(message)

    def unmatchable(self, message: Message) -> str:
        return unmatchable_words(message)

    def match_quality(self, message: Message) -> MatchQuality:
        return match_quality_of(message)

    def ids_told(self, message: Message) -> Sequence[str]:
        return [transaction_id(message)]

    def prepare(self, target: Target, call: Call) -> Target:
        token = token_get(target, call)
        state = {"access_token": token.text, "token_name": token.name, "is_fresh": "1" if token.is_fresh else ""}
        return replace(target, state=state)

    def request(self, target: Target, messages: Sequence[Message]) -> Request:
        return self._request(target, messages, is_check_only=target.is_test_mode)

    def test_request(self, target: Target, message: Message) -> Request:
        return self._request(target, [message], is_check_only=True)

    def verdicts(self, request: Request, answer: Answer) -> list[Verdict]:
        made = request if isinstance(request, IngestRequest) else None
        if made and answer.status == 401:
            token_forget(made.token_name)
        return verdicts_of(
            answer,
            events=len(request.messages),
            is_check_only=request.is_check,
            is_token_fresh=bool(made and made.is_token_fresh),
        )

    def check(self, target: Target, receipts: Sequence[str], call: Call) -> dict[str, Verdict]:
        """Ask about each request in turn; those that there was no time or no word of Google's own for are left out."""
        found: dict[str, Verdict] = {}
        until = time.monotonic() + CHECK_SECONDS
        for receipt in receipts:
            if time.monotonic() > until:
                break
            query = urlencode({"requestId": receipt})
            url = f"{_host(target)}/v1/requestStatus:retrieve?{query}"
            try:
                answer = call(Request("GET", url, _headers(target), None))
            except Unanswered:
                if not found:
                    raise
                break
            if answer.status == 401:
                token_forget(target.state.get("token_name", ""))
                break
            if answer.status == 429:
                break
            if answer.status in OF_THE_RECEIPT:
                found[receipt] = verdict_of(answer)
        return found

    def _request(self, target: Target, messages: Sequence[Message], *, is_check_only: bool) -> Request:
        return IngestRequest(
            "POST",
            f"{_host(target)}/v1/events:ingest",
            {**_headers(target), "Content-Type": "application/json"},
            body_make(target, messages, validate_only=is_check_only),
            messages,
            is_check=is_check_only,
            token_name=target.state.get("token_name", ""),
            is_token_fresh=bool(target.state.get("is_fresh")),
        )


def _host(target: Target) -> str:
    return target.base_url.rstrip("/") or HOST


def _headers(target: Target) -> dict[str, str]:
    return {"Authorization": f"Bearer {target.state.get('access_token', '')}", "Accept": "application/json"}
