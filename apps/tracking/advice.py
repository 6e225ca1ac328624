"""Why an event isn't counted, in words for whoever looks at a site: what it is called, and what to do about it."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import NamedTuple

from .adjustments import EXCLUDED, adjustment
from .drop_reasons import Refusal, SetAside

NO_RULES: Mapping[str, str] = MappingProxyType({})


class Advice(NamedTuple):
    label: str
    hint: str = ""


# In words that say what to do about it.
REFUSAL_TEXTS = {
    Refusal.INVALID: ("Not understood", "The message wasn't as the tracker sends it: look at the page's own calls."),
    Refusal.TOO_OLD: ("Too old", "Sent more than seven days after it happened."),
    Refusal.ORIGIN: ("From a domain that isn't listed", "Add the domain below if it is yours."),
    Refusal.SITE_PAUSED: ("Site paused", "Resume the site to count again."),
    Refusal.RATE: ("Too many at once", "More events in a second than a site may send."),
    Refusal.EXCLUDED: ("From your own addresses", "You asked not to count them."),
    Refusal.CONSENT: (
        "Without consent",
        "Their visitors said no, or haven't said yes where this site needs it. Nothing of them is stored.",
    ),
    Refusal.TOO_LARGE: ("Too large", "More than 64 KB in one message."),
    Refusal.ENCODING: ("Not readable text", "The message wasn't valid UTF-8."),
}
SET_ASIDE_TEXTS: dict[str, Advice] = {
    SetAside.BOT_DECLARED: Advice("A bot that says so", "Its user agent names a crawler or a program."),
    SetAside.BOT_HEADLESS: Advice(
        "A headless browser", "A program drives it, or it ran no script. Look with a browser of your own."
    ),
    SetAside.BOT_NETWORK: Advice("A bot by its network", "It comes from a data centre and behaves like a program."),
    "bot_contradiction": Advice(
        "A bot that contradicts itself", "What it says of itself doesn’t fit together: is another user agent set?"
    ),
    "bot_behaviour": Advice("A bot by its behaviour", "No person goes through pages like that."),
    SetAside.SPAM_REFERRER: Advice("Referrer spam", "It claims to come from a site that is known for it."),
    EXCLUDED: Advice("Excluded by a rule", "One of the site’s rules sets such visits aside."),
    SetAside.ORPHAN: Advice("Engagement without its page view", "The page view before it never came."),
    SetAside.UNTIED: Advice(
        "A word on consent without a visit", "Nothing is stored of whoever sent it, so nothing changed."
    ),
}


def set_aside_advice(reason: str) -> Advice:
    return SET_ASIDE_TEXTS.get(reason) or Advice(_words(reason))


def refusal_advice(reason: str) -> Advice:
    return Advice(*REFUSAL_TEXTS[Refusal(reason)]) if reason in REFUSAL_TEXTS else Advice(_words(reason))


def adjustment_words(reason: str, rules: Mapping[str, str] = NO_RULES) -> str:
    """Return what an adjusted line has done, in words: `rule:7` is "Rule 7 (Country is Germany): set aside later".

    `rules`: what the site's rules say, by their number; one that isn't there is named by its number alone.
    """
    what = adjustment(reason)
    who = set_aside_advice(what.who).label
    if what.who.isdigit():
        said = rules.get(what.who)
        who = f"Rule {what.who} ({said})" if said else f"Rule {what.who}"
    return f"{who}: undone, counted again" if what.is_undo else f"{who}: set aside later"


def _words(reason: str) -> str:
    return reason.replace("_", " ").capitalize()
