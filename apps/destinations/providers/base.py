"""What a provider is. A sixth one is a copy of the nearest folder here and a line in `registry`.

A provider is told what to send and puts it into requests; it never sends: `..delivering` does, which keeps rows,
leases, pauses and attempts for all of them alike. It is pure but for `prepare` and `check`, which are given a way to
ask.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from django import forms

from ..occurrences import Message

# The reason of SPLIT where the provider took some of the request's messages and doesn't say which: kept with attempts.
TAKEN_IN_PART = "fewer_received"
# The reason of RETRY where the provider said that it took a request, but nothing else that can be read: kept likewise.
TAKEN_UNREAD = "taken_unread"
# The reason of RETRY where the provider failed at a request and doesn't say whether it had taken it: kept likewise.
FAILED_UNREAD = "failed_unread"


class Outcome(StrEnum):
    """What an answer means for a message."""

    RECEIVED = "received"  # the provider has it; a verdict may follow (`Provider.checks`)
    CONFIRMED = "confirmed"  # the provider has said that it counts
    CHECKED = "checked"  # the provider has only looked at it: it would take it, and keeps and counts nothing
    REJECTED = "rejected"  # this message will never be taken as it is
    SPLIT = "split"  # one of the request's messages is wrong and nobody says which: each half anew
    RETRY = "retry"  # passing: again later
    REFUSED = "refused"  # credentials or settings are wrong: nothing will be taken until a person mends them
    GONE = "gone"  # the destination is no more (410): as REFUSED, and it is switched off
    PENDING = "pending"  # of a check: no verdict yet
    UNSURE = "unsure"  # no answer, and a second one would count twice


@dataclass(frozen=True, slots=True)
class Verdict:
    """`reason`: a short code of ours or the provider's, stable, for counting. `words`: a sentence for people that says
    what happened and how to mend it; never quotes personal data. `retry_after`: seconds asked for. `receipt`: the
    provider's own id of the request. `warnings`: what it says beside a success.
    """

    outcome: Outcome
    reason: str
    words: str
    retry_after: float | None = None
    receipt: str = ""
    warnings: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class SiteFacts:
    """A destination's site, for providers that tell people. `visits_url`: of the page with its visits; empty: none."""

    name: str = ""
    time_zone: str = "UTC"
    visits_url: str = ""


@dataclass(frozen=True, slots=True)
class Target:
    """A destination as a provider sees it. `settings`: what its form calls public; `secrets`: in clear, only here.

    `base_url`: a local stand-in to be asked in the provider's place, empty for the real one. `is_test_mode`: the
    provider's own test facility is used for everything. `state`: what `prepare` has added, such as an access token.
    """

    destination_id: int
    settings: Mapping[str, str]
    secrets: Mapping[str, str]
    base_url: str = ""
    is_test_mode: bool = False
    state: Mapping[str, str] = field(default_factory=dict)
    site: SiteFacts = SiteFacts()


@dataclass(frozen=True, slots=True)
class Request:
    """A request with the messages in it, in their order. `body` None: none (GET).

    `is_check`: it only asks whether they would be taken, and nothing of them is kept, whatever becomes of it.
    """

    method: str
    url: str
    headers: Mapping[str, str]
    body: bytes | None
    messages: Sequence[Message] = ()
    is_check: bool = False


@dataclass(frozen=True, slots=True)
class Answer:
    """`headers` by lower-case name. `text`: the body, as far as it is read."""

    status: int
    headers: Mapping[str, str]
    text: str
    duration_ms: int = 0


class Unanswered(Exception):
    """No answer. `may_have_arrived`: the request was on its way when it broke off or took too long.

    `reason`: unreachable, unknown_name, private_address, certificate; where it may have: timeout, broken_off.
    """

    def __init__(self, reason: str, words: str, *, may_have_arrived: bool) -> None:
        super().__init__(words)
        self.reason = reason
        self.words = words
        self.may_have_arrived = may_have_arrived


Call = Callable[[Request], Answer]  # blocks; raises Unanswered


class PrepareFailed(Exception):
    """`prepare` has come to nothing: the verdict holds for every message."""

    def __init__(self, verdict: Verdict) -> None:
        super().__init__(verdict.words)
        self.verdict = verdict


@dataclass(frozen=True, slots=True)
class Problem:
    """What the provider would refuse. `field`: the path in its own words; `rule`: its rule, with where it says so."""

    field: str
    rule: str


@dataclass(frozen=True, slots=True)
class MatchQuality:
    """How well a provider can recognise who did it: which of its keys went along, which might have."""

    present: Sequence[str]
    missing: Sequence[str]


class Provider:
    """What all have in common; each provider says the rest. One instance a kind, without state."""

    key: str  # in rows and addresses
    label: str  # as people call it
    api: str  # "Measurement Protocol"
    icon: str  # of static/icons
    summary: str  # one sentence of what it is for
    form_class: type["SettingsForm"]
    # Most messages in a request.
    batch_size: int = 1
    # An event that is older is never sent: the provider wouldn't take it.
    max_age: timedelta = timedelta(days=7)
    # For how long a passing failure is tried again.
    give_up_after: timedelta = timedelta(days=3)
    # The least pause between two requests of one destination, in seconds.
    pace_seconds: float = 0.0
    timeout_seconds: float = 10.0
    # Whether a verdict comes later, and is asked for by `check`.
    checks: bool = False
    check_after: timedelta = timedelta(minutes=30)
    check_until: timedelta = timedelta(hours=24)
    # Names of fields (JSON keys, query parameters, headers; lower case) whose values are never kept in clear.
    masked: frozenset[str] = frozenset()
    # Whether it takes part in deduplication with the browser, and so in its health.
    has_browser_twin: bool = False
    # Which of the site's own ids it pairs the two by: event_id (a rule's field of that name, too), transaction_id.
    twin_ids: frozenset[str] = frozenset({"event_id"})
    # The events, by its names, that it counts once; empty: all.
    twin_names: frozenset[str] = frozenset()
    # What a page says to both, as code. "{name}" is an event of the site.
    twin_example: str = ""
    # What is sent later than this after it happened may count for less, or twice.
    late_after: timedelta = timedelta(hours=1)
    # Names that it knows by itself, to be offered in the mapping.
    standard_names: Sequence[str] = ()
    # What becomes of tests and of what is sent in test mode, in a sentence: not every provider leaves them uncounted.
    test_words: str = ""
    # Whether what is sent in test mode is kept there at all; else it is CHECKED, and withheld until it can count.
    keeps_tests: bool = True
    # Whether a test that is taken proves that credentials and address are right.
    test_proves_access: bool = True
    # Settings that are addresses of the customer's own, in which secrets often stand: whole for those who set up alone.
    own_addresses: frozenset[str] = frozenset()
    # The secret that Beacon makes for the other side, where there is one: shown once, made anew by `secret_make`.
    made_secret: str = ""

    def has_twin(self, settings: Mapping[str, str]) -> bool:
        """Return whether the site's own tag tells the provider of the same events, as far as the settings say."""
        return self.has_browser_twin

    def default_name(self, *, goal_name: str, event_name: str) -> str:
        """Return what an event is called there unless a rule says otherwise."""
        return event_name or goal_name

    def describe(self, settings: Mapping[str, str]) -> str:
        """Return a short line that tells this destination from others: an id, a host; no secret."""
        raise NotImplementedError

    def changed(
        self, before: Target, settings: Mapping[str, str], secrets: Mapping[str, str], now: datetime
    ) -> tuple[Mapping[str, str], Mapping[str, str]]:
        """Return settings and secrets as they are kept when a person changes a destination; `before`: as it was.

        Both are whole: a secret that the person left as it was is among them. Here what is to outlive a rotation is
        carried over.
        """
        return settings, secrets

    def secret_make(self) -> str:
        """Return a new `made_secret`. Only where there is one."""
        raise NotImplementedError

    def retiring(self, secrets: Mapping[str, str], now: datetime) -> list[tuple[str, datetime]]:
        """Return secrets before a rotation that still hold, each with until when; the latest first."""
        return []

    def counted_by(self, message: Message) -> str:
        """Return the id by which the provider counts a message once, where it is of what is erased by and by.

        It is kept from the first try on, and every later one has it in `Message.counted_by`. Empty: by none such.
        """
        return ""

    def repeats_safely(self, message: Message) -> bool:
        """Return whether the provider itself drops a message that it is sent twice."""
        raise NotImplementedError

    def problems(self, target: Target, message: Message) -> list[Problem]:
        """Return why the provider would refuse a message: its documented rules, applied before anything is sent."""
        raise NotImplementedError

    def unmatchable(self, message: Message) -> str:
        """Return in a sentence why the provider could recognise nobody by a message; empty: it could.

        What is ordinary, such as a visitor who didn't come from an ad, is left out and counted: nobody has to mend it.
        """
        return ""

    def prepare(self, target: Target, call: Call) -> Target:
        """Return the target with what requests need besides (an access token). Raises PrepareFailed, Unanswered."""
        return target

    def request(self, target: Target, messages: Sequence[Message]) -> Request:
        """Return the request that tells these messages: at most `batch_size`, all without problems."""
        raise NotImplementedError

    def batches(self, messages: Sequence[Message]) -> list[list[Message]]:
        """Return messages in requests' sizes. Those that may not share a request are kept apart by the provider."""
        size = self.batch_size
        return [list(messages[start : start + size]) for start in range(0, len(messages), size)]

    def verdicts(self, request: Request, answer: Answer) -> list[Verdict]:
        """Return what an answer means for each of the request's messages, in their order."""
        raise NotImplementedError

    def check(self, target: Target, receipts: Sequence[str], call: Call) -> dict[str, Verdict]:
        """Return what the provider says by now of requests by their receipt. Only where `checks`. Raises Unanswered.

        RECEIVED: it has decided on the request's messages together; of each alone nothing is known, nor will be. Or it
        has them and counts none, as is ordinary: nobody has to mend it. RETRY: it has dropped them for what passes.
        PENDING: it was asked, and has none yet. Those that it couldn't be asked about are left out.
        """
        raise NotImplementedError

    def test_request(self, target: Target, message: Message) -> Request:
        """Return a request by which a person sees that the settings work: the provider's own test where it has one."""
        return self.request(target, [message])

    def not_before(self, target: Target, now: datetime) -> datetime | None:
        """Return until when nothing is to be sent (quiet hours); None: now is fine."""
        return None

    def match_quality(self, message: Message) -> MatchQuality:
        """Return which keys the provider recognises people by, and of these which go along with a message."""
        return MatchQuality((), ())

    def ids_told(self, message: Message) -> Sequence[str]:
        """Return the ids of the event that go along with a message, apart from what its rule adds."""
        return ()


class SettingsForm(forms.Form):
    """A provider's settings as a form. Fields named in `secret_fields` are kept sealed and never shown again.

    An empty secret in a form that changes a destination means: as it was. `help_urls`: where a field's value is found.
    """

    secret_fields: frozenset[str] = frozenset()
    help_urls: Mapping[str, str] = {}
    steps: Sequence[str] = ()  # how to set it up, in order, one sentence each

    def __init__(self, *args: Any, has_secrets: bool = False, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.has_secrets = has_secrets
        for name in self.secret_fields:
            field = self.fields[name]
            # Never written back into a page, also not where something else in the form is wrong.
            field.widget = forms.PasswordInput({**field.widget.attrs, "autocomplete": "off"}, render_value=False)
            if has_secrets:
                field.required = False
            field.widget.is_required = field.required
