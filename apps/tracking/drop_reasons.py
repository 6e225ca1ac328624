"""Every reason for which an event isn't counted. Nothing vanishes: the ledger counts each by site, day and reason.

Refused: the door said no, nothing was stored. Set aside: stored, flagged, in nobody's figures. The ledger's other
states (repeated, parked, erased) need no reason.
"""

from enum import StrEnum


class Refusal(StrEnum):
    """Why the door turned an event away."""

    INVALID = "invalid"
    TOO_OLD = "too_old"
    ORIGIN = "origin"
    SITE_PAUSED = "site_paused"
    RATE = "rate"
    EXCLUDED = "excluded"
    CONSENT = "consent"  # its visitor said no, or hasn't said yes where the site needs it
    TOO_LARGE = "too_large"
    ENCODING = "encoding"


class SetAside(StrEnum):
    """Why a stored event is in nobody's figures. The empty one means that it is counted."""

    NOT = ""
    BOT_DECLARED = "bot_declared"
    BOT_HEADLESS = "bot_headless"
    BOT_NETWORK = "bot_network"
    BOT_CONTRADICTION = "bot_contradiction"
    BOT_BEHAVIOUR = "bot_behaviour"  # a visit as no person makes it: apps.tracking.rules.behaviour
    SPAM_REFERRER = "spam_referrer"
    EXCLUDED = "excluded"  # by one of the site's rules
    ORPHAN = "orphan"  # engagement whose page view never came
    UNTIED = "untied"  # a word on consent by somebody of whom nothing is stored


# Set aside without a row: there is nothing to flag.
WITHOUT_ROWS = frozenset({SetAside.ORPHAN.value, SetAside.UNTIED.value})
