"""Google Analytics 4: what is sent to the Measurement Protocol, and where."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from urllib.parse import urlencode

from apps.core import clock

from ...occurrences import Message
from ..base import Answer, MatchQuality, Problem, Provider, Request, Target, Verdict
from .answers import verdicts_of
from .events import batches_of, body_make, is_counted_once, match_quality_of, name_make
from .forms import ANALYTICS_360, EU, GA4Form
from .limits import MOST_EVENTS, NEEDED
from .problems import problems_of, unmatchable_words

HOST, HOST_EU = "https://www.google-analytics.com", "https://region1.google-analytics.com"
COLLECT, VALIDATE = "/mp/collect", "/debug/mp/collect"
# Shaped as one; goes to the validation alone, which keeps nothing.
TEST_CLIENT_ID = "1234567890.1700000000"
TWIN_EXAMPLE = """\
gtag("event", "purchase", { transaction_id: order.id, value: order.total, currency: "EUR", items });
beacon("purchase", { transaction_id: order.id, value: order.total, currency: "EUR" });"""


class GA4(Provider):
    key = "ga4"
    label = "GA4"
    api = "Measurement Protocol"
    icon = "activity"
    summary = "Conversions in Google Analytics 4, added to the visits that Google’s own tag has measured."
    form_class = GA4Form
    test_words = "Google’s validation looks at it and says what it would object to; nothing is kept or counted."
    keeps_tests = False
    # Validation looks at neither the measurement ID nor the API secret.
    test_proves_access = False
    batch_size = MOST_EVENTS
    # An older one Google counts as if it had happened 72 hours ago.
    max_age = timedelta(hours=72)
    give_up_after = timedelta(hours=72)
    # The API secret is part of the address.
    masked = frozenset({"api_secret", "client_id", "session_id"})
    has_browser_twin = True
    # Nothing else is counted once there ("Measurement Protocol", "Event reference").
    twin_ids = frozenset({"transaction_id"})
    twin_names = frozenset({"purchase"})
    twin_example = TWIN_EXAMPLE
    # Within 24 hours of the visit's start it takes over the visit's source ("Use cases").
    late_after = timedelta(hours=24)
    standard_names: Sequence[str] = tuple(NEEDED)

    def default_name(self, *, goal_name: str, event_name: str) -> str:
        return name_make(event_name or goal_name)

    def describe(self, settings: Mapping[str, str]) -> str:
        region = ", EU" if settings.get("endpoint") == EU else ""
        return f"{settings.get('measurement_id', '')}{region}"

    def repeats_safely(self, message: Message) -> bool:
        return is_counted_once(message)

    def problems(self, target: Target, message: Message) -> list[Problem]:
        return problems_of(message, is_360=target.settings.get("property_kind") == ANALYTICS_360)

    def unmatchable(self, message: Message) -> str:
        return unmatchable_words(message)

    def match_quality(self, message: Message) -> MatchQuality:
        return match_quality_of(message)

    def ids_told(self, message: Message) -> Sequence[str]:
        return [message.occurrence.transaction_id]

    def batches(self, messages: Sequence[Message]) -> list[list[Message]]:
        return batches_of(messages)

    def request(self, target: Target, messages: Sequence[Message]) -> Request:
        return _request(target, messages, is_check=target.is_test_mode)

    def test_request(self, target: Target, message: Message) -> Request:
        return _request(target, [_testable(message)], is_check=True)

    def verdicts(self, request: Request, answer: Answer) -> list[Verdict]:
        return verdicts_of(answer, request.messages, is_check=request.is_check)


def _request(target: Target, messages: Sequence[Message], *, is_check: bool) -> Request:
    host = target.base_url.rstrip("/") or (HOST_EU if target.settings.get("endpoint") == EU else HOST)
    query = urlencode(
        {
            "measurement_id": target.settings.get("measurement_id", ""),
            "api_secret": target.secrets.get("api_secret", ""),
        }
    )
    return Request(
        "POST",
        f"{host}{VALIDATE if is_check else COLLECT}?{query}",
        {"Content-Type": "application/json"},
        body_make(messages, is_check=is_check),
        messages,
        is_check=is_check,
    )


def _testable(message: Message) -> Message:
    """Return a message as a test can be made of it: of a conversion long past, whose client id is erased, too."""
    happened = message.occurrence
    match = replace(happened.match, ga_client_id=happened.match.ga_client_id or TEST_CLIENT_ID)
    now = clock.now()
    is_old = happened.occurred_at < now - GA4.max_age
    return replace(
        message, occurrence=replace(happened, match=match, occurred_at=now if is_old else happened.occurred_at)
    )
