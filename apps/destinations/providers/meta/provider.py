"""Meta: what is asked of the Conversions API, and when."""

from collections.abc import Mapping, Sequence
from datetime import timedelta

from ...occurrences import Message
from ..base import Answer, MatchQuality, Problem, Provider, Request, Target, Verdict
from .events import ALONE, OLDEST, WEBSITE, action_source, body_make, event_id, problems_of, repeats_safely
from .forms import DEFAULT_VERSION, MetaForm
from .identity import match_quality_of, unmatchable_words
from .names import STANDARD, name_of
from .refusals import verdicts_of

HOST = "https://graph.facebook.com"
TWIN_EXAMPLE = """\
const id = "{name}-" + Date.now() + "-" + Math.random().toString(36).slice(2);
fbq("track", "Lead", {}, { eventID: id });
beacon("event", "{name}", { event_id: id });"""


class Meta(Provider):
    key = "meta"
    label = "Meta"
    api = "Conversions API"
    icon = "megaphone"
    summary = (
        "Conversions of people whom Facebook and Instagram recognise, counted once with those of the site’s pixel."
    )
    form_class = MetaForm
    test_words = "It stands under Test events at once; Meta counts it as a real one all the same."
    batch_size = 1_000
    max_age = OLDEST
    # For as long as contact data is kept: a token that has ended is often found after a weekend.
    give_up_after = timedelta(days=7)
    timeout_seconds = 15.0
    # Its errors' own words as well: they repeat what they were sent.
    masked = frozenset(
        {
            "access_token",
            "appsecret_proof",
            "em",
            "ph",
            "fbc",
            "fbp",
            "client_user_agent",
            "country",
            "message",
            "error_user_msg",
        }
    )
    has_browser_twin = True
    twin_ids = frozenset({"event_id", "transaction_id"})
    twin_example = TWIN_EXAMPLE
    # "Send within an hour of the event where possible" ("Using the API").
    late_after = timedelta(hours=1)
    standard_names = STANDARD

    def has_twin(self, settings: Mapping[str, str]) -> bool:
        return settings.get("pixel") != ALONE

    def default_name(self, *, goal_name: str, event_name: str) -> str:
        return name_of(goal_name=goal_name, event_name=event_name)

    def describe(self, settings: Mapping[str, str]) -> str:
        return f"dataset {settings.get('dataset_id', '')}"

    def counted_by(self, message: Message) -> str:
        return event_id(message)

    def repeats_safely(self, message: Message) -> bool:
        """Meta counts an event's name and id once, within 48 hours."""
        return repeats_safely(message)

    def problems(self, target: Target, message: Message) -> list[Problem]:
        return problems_of(target, message)

    def unmatchable(self, message: Message) -> str:
        return unmatchable_words(message, is_website=action_source(message) == WEBSITE)

    def match_quality(self, message: Message) -> MatchQuality:
        return match_quality_of(message)

    def ids_told(self, message: Message) -> Sequence[str]:
        return [event_id(message), message.occurrence.transaction_id]

    def batches(self, messages: Sequence[Message]) -> list[list[Message]]:
        """A test's code is said of the request: what is none never shares one with a test."""
        tests = [message for message in messages if message.is_test]
        others = [message for message in messages if not message.is_test]
        return [batch for some in (others, tests) for batch in super(Meta, self).batches(some)]

    def request(self, target: Target, messages: Sequence[Message]) -> Request:
        return _request(target, messages, is_test=target.is_test_mode or any(one.is_test for one in messages))

    def test_request(self, target: Target, message: Message) -> Request:
        return _request(target, [message], is_test=True)

    def verdicts(self, request: Request, answer: Answer) -> list[Verdict]:
        return verdicts_of(answer, repeatable=[repeats_safely(message) for message in request.messages])


def _request(target: Target, messages: Sequence[Message], *, is_test: bool) -> Request:
    host = target.base_url.rstrip("/") or HOST
    version = target.settings.get("api_version") or DEFAULT_VERSION
    return Request(
        "POST",
        f"{host}/{version}/{target.settings.get('dataset_id', '')}/events",
        {"Content-Type": "application/json", "Accept": "application/json"},
        body_make(target, messages, is_test=is_test),
        messages,
    )
