"""Whether a provider can count once what the browser and we tell it both, and recognise who it was: figures, and what
to mend. Pure. docs/destinations.md explains each threshold.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum

from apps.core.formats import number

from .providers.base import Provider

# Of fewer conversions shares say nothing.
LEAST = 10
# Less than this share with an id that the browser says too: the rest may count twice.
TWIN_RATIO = 0.9
# More than this share sent too late.
LATE_RATIO = 0.05
# More than this share with nothing that recognises a person by itself.
NOBODY_RATIO = 0.2
# What recognises nobody alone: a user agent is many people's, a session id is one's only beside the client id.
WEAK = frozenset({"user_agent", "ga_session_id", "event_id", "transaction_id"})
CONTACT = frozenset({"email_sha256", "email_google_sha256", "phone_sha256", "phone_google_sha256"})
IDENTIFY = 'beacon("identify", { email: form.email.value, traits: { phone: form.phone.value } });'


@dataclass(frozen=True, slots=True)
class KeyAsked:
    """`least`: less than this share has it, and `mend` says what to do. `names`: our keys, any of which does."""

    names: frozenset[str]
    least: float
    words: str
    mend: str
    code: str = ""


ASKED = (
    KeyAsked(
        frozenset({"fbp"}),
        0.5,
        "Meta’s cookie _fbp",
        "The pixel sets it, once marketing is agreed to. Look whether the pixel is on the pages where conversions "
        "happen and starts with consent; Beacon’s tag reads the cookie by itself.",
    ),
    KeyAsked(
        frozenset({"ga_client_id"}),
        0.9,
        "Google’s cookie _ga",
        "Google’s tag sets it. Look whether the tag is on the pages where conversions happen and starts with consent; "
        "conversions that servers send have to bring match.ga_client_id.",
    ),
    KeyAsked(
        frozenset({"ga_session_id"}),
        0.9,
        "the session id of Google’s tag",
        "It stands in the cookie _ga_…; without it a conversion belongs to no session there. Look whether Google’s tag "
        "starts before the conversion happens.",
    ),
    KeyAsked(
        frozenset({"user_agent"}),
        0.9,
        "the browser’s user agent",
        "Conversions that servers send have none of a browser unless they say so: send user_agent beside the events.",
        '{ "site_key": "…", "user_agent": request.headers["User-Agent"], "events": [ … ] }',
    ),
    KeyAsked(
        CONTACT,
        0.3,
        "a hashed e-mail address or phone number",
        "It is what recognises most people. Where a form asks for either and analytics and marketing are agreed to, "
        "tell the tag with the conversion; both are hashed on arrival.",
        IDENTIFY,
    ),
)


@dataclass(frozen=True, slots=True)
class Tally:
    """How many deliveries of one destination are alike: with marketing consent, no tests. `name`: as it is told.

    `has_twin_id`: with an id of the event that the browser can say too. `sent`, `late`: without replays. `repeated`:
    which the provider says it had already.
    """

    name: str
    keys: frozenset[str]
    count: int
    has_twin_id: bool = False
    sent: int = 0
    late: int = 0
    repeated: int = 0
    uncertain: int = 0
    unmatchable: int = 0


@dataclass(frozen=True, slots=True)
class KeyShare:
    """How many of `total` went with a key. `words`: the provider's."""

    words: str
    count: int
    total: int

    @property
    def ratio(self) -> float:
        return self.count / self.total if self.total else 0.0


@dataclass(frozen=True, slots=True)
class Twins:
    """A destination over some days. `pairable`: those that the provider would count once, `paired`: that it can.

    `others`: names that it never counts once. `doubled`: more than one for the same order. `nobody`: sent with nothing
    that recognises a person by itself; `unmatchable`: not even sent, for that.
    """

    total: int
    pairable: int
    paired: int
    others: Sequence[str]
    keys: Sequence[KeyShare]
    by_key: Mapping[str, int]
    has_contact: int
    nobody: int
    sent: int
    late: int
    late_after: timedelta
    repeated: int
    doubled: int
    uncertain: int
    unmatchable: int

    @property
    def is_enough(self) -> bool:
        return self.total >= LEAST


class Level(StrEnum):
    WARN = "warn"
    INFO = "info"


@dataclass(frozen=True, slots=True)
class Advice:
    """What to mend: `title` says what is wrong in figures, `text` why it matters and what to do, `code` how."""

    key: str
    level: Level
    title: str
    text: str
    code: str = ""


def twins_of(
    tallies: Iterable[Tally], *, provider: Provider, recognised_by: Mapping[str, frozenset[str]], doubled: int = 0
) -> Twins:
    """Return what tallies of one destination come to. `recognised_by`: `twin_keys.keys_of` its provider."""
    rows = list(tallies)
    pairable = [one for one in rows if not provider.twin_names or one.name in provider.twin_names]
    strong = frozenset().union(*recognised_by.values()) - WEAK if recognised_by else frozenset()
    total = _sum(rows)
    unmatchable = sum(one.unmatchable for one in rows)
    asked = {name for key in ASKED for name in key.names}
    return Twins(
        total=total,
        pairable=_sum(pairable),
        paired=sum(one.count for one in pairable if _is_paired(one, provider)),
        others=sorted({one.name for one in rows} - {one.name for one in pairable}),
        keys=[KeyShare(words, _with(rows, names), total) for words, names in recognised_by.items()],
        by_key={name: _with(rows, {name}) for name in sorted(asked)},
        has_contact=_with(rows, CONTACT),
        nobody=max(0, total - _with(rows, strong) - unmatchable) if strong else 0,
        sent=sum(one.sent for one in rows),
        late=sum(one.late for one in rows),
        late_after=provider.late_after,
        repeated=sum(one.repeated for one in rows),
        doubled=doubled,
        uncertain=sum(one.uncertain for one in rows),
        unmatchable=unmatchable,
    )


def advice_of(
    twins: Twins,
    *,
    provider: Provider,
    recognised_by: Mapping[str, frozenset[str]],
    has_twin: bool = True,
    event_name: str = "signup",
) -> list[Advice]:
    """Return what is to be mended, the gravest first; nothing where there are fewer than LEAST.

    `has_twin`: as `Provider.has_twin`. `event_name`: one of the site's, for the examples.
    """
    if not twins.is_enough:
        return []
    found = [
        _twin(twins, provider, event_name) if has_twin else None,
        _doubled(twins, provider),
        _late(twins, provider),
        *(_key(twins, key, recognised_by) for key in ASKED),
        _nobody(twins, provider),
        _others(twins, provider) if has_twin else None,
        _uncertain(twins, provider),
    ]
    return sorted((one for one in found if one), key=lambda one: one.level is Level.INFO)


def late_words(after: timedelta) -> str:
    hours = round(after.total_seconds() / 3600)
    return "an hour" if hours == 1 else f"{hours} hours"


def _twin(twins: Twins, provider: Provider, event_name: str) -> Advice | None:
    missing = twins.pairable - twins.paired
    if twins.pairable < LEAST or twins.paired >= TWIN_RATIO * twins.pairable:
        return None
    what = "transaction id" if provider.twin_ids == {"transaction_id"} else "event id"
    title = f"{number(missing)} of {number(twins.pairable)} conversions have no {what}"
    text = (
        f"Where the site’s own {provider.label} tag tells of the same conversion, {provider.label} can’t know that "
        f"it is one, and counts two. Say the same id to both; where there is no such tag on the site, all is well."
    )
    return Advice("twin", Level.WARN, title, text, provider.twin_example.replace("{name}", event_name))


def _doubled(twins: Twins, provider: Provider) -> Advice | None:
    if not twins.doubled:
        return None
    which = "delivery tells" if twins.doubled == 1 else "deliveries tell"
    counts = (
        f"{provider.label} counts one of each."
        if "transaction_id" in provider.twin_ids
        else f"{provider.label} counts each of them."
    )
    text = (
        f"{counts} The page sends the event more than once for an order, as when its thank-you page is loaded again. "
        "Send it when the order is made, not whenever its page is shown."
    )
    title = f"{number(twins.doubled)} {which} of an order that was told before"
    return Advice("doubled", Level.WARN, title, text)


def _late(twins: Twins, provider: Provider) -> Advice | None:
    if not twins.sent or twins.late <= LATE_RATIO * twins.sent:
        return None
    title = f"{number(twins.late)} of {number(twins.sent)} were sent later than {late_words(twins.late_after)}"
    text = (
        f"{provider.label} may count what comes late for less, or beside the browser’s. Look at this destination’s "
        "log for pauses and tries; where servers send events, have them send at once."
    )
    return Advice("late", Level.WARN, title, text)


def _key(twins: Twins, key: KeyAsked, recognised_by: Mapping[str, frozenset[str]]) -> Advice | None:
    if not any(key.names & names for names in recognised_by.values()):
        return None
    count = twins.has_contact if key.names == CONTACT else max(twins.by_key.get(name, 0) for name in key.names)
    if count >= key.least * twins.total:
        return None
    title = f"{number(twins.total - count)} of {number(twins.total)} went without {key.words}"
    return Advice(f"key_{min(key.names)}", Level.INFO, title, key.mend, key.code)


def _nobody(twins: Twins, provider: Provider) -> Advice | None:
    if twins.nobody <= NOBODY_RATIO * twins.total:
        return None
    title = f"{number(twins.nobody)} of {number(twins.total)} have nothing that recognises a person by itself"
    text = (
        f"{provider.label} can hardly count them for an ad. It could guess some by the visitor’s address and browser "
        "together; Beacon never passes the address on. This is what that costs here at most: contact data, given with "
        "consent, makes up for it."
    )
    return Advice("nobody", Level.WARN, title, text, IDENTIFY)


def _others(twins: Twins, provider: Provider) -> Advice | None:
    if not twins.others:
        return None
    known = ", ".join(sorted(provider.twin_names))
    names = ", ".join(twins.others[:5]) + (" and others" if len(twins.others) > 5 else "")
    title = f"{provider.label} counts only {known} once"
    text = (
        f"What is sent as {names} counts again where the site’s own tag tells of it too: take it out of one of them, "
        "or have the rule send it by another name."
    )
    return Advice("others", Level.INFO, title, text)


def _uncertain(twins: Twins, provider: Provider) -> Advice | None:
    if not twins.uncertain:
        return None
    title = f"{number(twins.uncertain)} may have arrived, or not"
    text = (
        f"No answer came, and {provider.label} would count a second one: look there, then send them again or leave "
        "them, in the log."
    )
    return Advice("uncertain", Level.INFO, title, text)


def _is_paired(one: Tally, provider: Provider) -> bool:
    by_event = "event_id" in provider.twin_ids and one.has_twin_id
    return by_event or ("transaction_id" in provider.twin_ids and "transaction_id" in one.keys)


def _sum(rows: Iterable[Tally]) -> int:
    return sum(one.count for one in rows)


def _with(rows: Iterable[Tally], names: Collection[str]) -> int:
    wanted = frozenset(names)
    return sum(one.count for one in rows if wanted & one.keys)
