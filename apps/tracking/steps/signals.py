"""The signals that speak for a bot, each recorded on the visit, and the small rule for how many suffice (IN5). Pure.

A strong signal suffices alone. Weak ones have points and suffice together: from ENOUGH on an event is set aside. VPN,
proxy and Tor have none, a data centre has too few, and all of those together suffice never: people work behind them.
What browsers freeze, round or hide for privacy (Brave, Tor, Firefox' resistFingerprinting, Safari) is no signal, and
whoever disguises their browser has given one signal, however many headers tell of it.
"""

import re
from collections.abc import Iterable
from enum import StrEnum
from functools import cache, lru_cache
from zoneinfo import available_timezones

from apps.networks.lookup import Network
from apps.tracking.envelope import Context, Envelope

ENOUGH = 4
MAX_HINT = 256
CACHED_HEADS = 8192


class Signal(StrEnum):
    """As stored in `session.signals`."""

    # Strong: each suffices alone.
    DECLARED = "declared"
    HEADLESS = "headless"
    WEBDRIVER = "webdriver"
    SPAM_REFERRER = "spam_referrer"
    # What a tag in a browser always sends, and its requests never say.
    FETCH = "fetch"
    NO_ORIGIN = "no_origin"
    NO_SCREEN = "no_screen"
    NO_LANGUAGE = "no_language"
    # Contradictions.
    HINTS = "hints"
    LANGUAGES = "languages"
    SCREEN = "screen"
    TIME_ZONE = "time_zone"
    TOUCH = "touch"
    # A system's own fetching library, as apps and link previews use it.
    LIBRARY = "library"
    # Networks.
    HOSTING = "hosting"
    VPN = "vpn"
    PROXY = "proxy"
    TOR = "tor"


STRONG = frozenset({Signal.DECLARED, Signal.HEADLESS, Signal.WEBDRIVER})
# Signals on one line have one cause and count once. The reasons for each number stand in docs/ingest.md.
POINTS: tuple[tuple[frozenset[Signal], int], ...] = (
    (frozenset({Signal.FETCH}), 4),
    (frozenset({Signal.NO_ORIGIN, Signal.NO_SCREEN}), 2),
    (frozenset({Signal.NO_LANGUAGE}), 1),
    (frozenset({Signal.HINTS}), 2),
    (frozenset({Signal.LANGUAGES}), 2),
    (frozenset({Signal.SCREEN}), 2),
    (frozenset({Signal.TIME_ZONE}), 2),
    (frozenset({Signal.TOUCH}), 2),
    (frozenset({Signal.LIBRARY}), 2),
    (frozenset({Signal.HOSTING}), 2),
)
CONTRADICTIONS = frozenset(
    {Signal.FETCH, Signal.HINTS, Signal.LANGUAGES, Signal.SCREEN, Signal.TIME_ZONE, Signal.TOUCH, Signal.NO_LANGUAGE}
)

# What a page's own navigation says of itself; a tag's requests are `empty`, `cors` or `no-cors`.
NAVIGATION_MODES = frozenset({"navigate", "nested-navigate", "websocket"})
NAVIGATION_TARGETS = frozenset({"document", "iframe", "frame"})
CHROMIUM = re.compile(r"Chrom(?:e|ium)/|CriOS/")
# A system as the hint names it -> words of which one stands in every agent of that system. Chrome's and Samsung's
# desktop view on Android says Linux in both or in one, so these two pass for each other.
SYSTEMS = {
    "Windows": ("Windows",),
    "macOS": ("Macintosh", "iPad", "iPhone"),
    "Android": ("Android", "Linux", "X11"),
    "Linux": ("Linux", "X11", "Android"),
    "Chrome OS": ("CrOS", "X11", "Linux"),
    "Chromium OS": ("CrOS", "X11", "Linux"),
}
DESKTOP = ("Windows NT", "Macintosh")
# Three 8K screens side by side; pages zoomed out to a quarter stay below.
MOST_WIDE = 24_000
# The system's own ways to write an offset, and what browsers say where they can't find the zone.
OFFSET = re.compile(r"(?:UTC|GMT|Etc/(?:GMT|Unknown))?(?:[+-]\d{1,2}(?::?\d{2})?)?|undefined|null", re.I)
FAMILIAR = re.compile(r"(?:Chrome|Firefox|Safari|Edg|OPR)/")
# Telephones whose browser always has a finger: iOS', and Chromium's where no television or console hides behind it.
TELEPHONE = re.compile(r"\(iPhone;|\(Linux;[^)]*Android [^)]*\).* Chrome/.* Mobile Safari/")
NO_TELEPHONE = re.compile(r"\bTV\b|GoogleTV|; AFT|Stick|BRAVIA|\bBox\b|Oculus|Quest|VR\b|Watch|Automotive|CrOS", re.I)


def points(signals: Iterable[Signal]) -> int:
    """Return what weak signals weigh together."""
    found = frozenset(signals)
    return sum(worth for family, worth in POINTS if not found.isdisjoint(family))


@lru_cache(maxsize=CACHED_HEADS)
def head_signals(
    user_agent: str, brands: str, mobile: str, platform: str, fetch: tuple[str, str, str]
) -> tuple[str, ...]:
    """Return what a tag's request says against itself; at the door, so that the headers needn't travel.

    `brands`, `mobile`, `platform`: the Sec-CH-UA headers, empty where a browser sends none (all but Chromium's, and
    those without https). `fetch`: Sec-Fetch-Site, -Mode, -Dest.
    """
    found = []
    site, mode, target = fetch
    if "headlesschrome" in brands.lower():
        found.append(Signal.HEADLESS.value)
    if site == "none" or mode in NAVIGATION_MODES or target in NAVIGATION_TARGETS:
        found.append(Signal.FETCH.value)
    if _hints_differ(user_agent, brands, mobile, platform.strip('" ')):
        found.append(Signal.HINTS.value)
    return tuple(found)


def _hints_differ(user_agent: str, brands: str, mobile: str, platform: str) -> bool:
    if not user_agent:
        return False
    if brands and CHROMIUM.search(user_agent) is None:
        return True
    words = SYSTEMS.get(platform)
    if words is not None and not any(word in user_agent for word in words):
        return True
    return mobile == "?1" and any(word in user_agent for word in DESKTOP)


def tag_signals(envelope: Envelope) -> list[Signal]:
    """Return what a tag's envelope lacks or contradicts. Of the other doors nothing of it can be known."""
    context = envelope.context
    found = [Signal(name) for name in envelope.head_signals]
    if not envelope.has_origin:
        found.append(Signal.NO_ORIGIN)
    if context.screen is None:
        found.append(Signal.NO_SCREEN)
    if not envelope.accept_language and not context.languages and FAMILIAR.search(envelope.user_agent):
        found.append(Signal.NO_LANGUAGE)
    if (
        envelope.accept_language
        and context.languages
        and _languages_differ(envelope.accept_language, tuple(context.languages))
    ):
        found.append(Signal.LANGUAGES)
    if _no_such_screen(context):
        found.append(Signal.SCREEN)
    if context.time_zone and not _is_time_zone(context.time_zone):
        found.append(Signal.TIME_ZONE)
    if context.touch is False and _is_telephone(envelope.user_agent):
        found.append(Signal.TOUCH)
    return found


def network_signals(network: Network) -> list[Signal]:
    """Return what an address' network says. Where it carries people as a rule, the data centre is left out."""
    given = (
        (Signal.HOSTING, network.is_hosting and not network.carries_people),
        (Signal.VPN, network.is_vpn),
        (Signal.PROXY, network.is_proxy),
        (Signal.TOR, network.is_tor),
    )
    return [signal for signal, holds in given if holds]


@lru_cache(maxsize=CACHED_HEADS)
def _languages_differ(header: str, languages: tuple[str, ...]) -> bool:
    """Return whether header and script name no common language; regions may differ, and `*` is any."""
    accepted = {part.partition(";")[0].strip().partition("-")[0].lower() for part in header.split(",")} - {""}
    spoken = {language.strip().partition("-")[0].lower() for language in languages} - {""}
    return bool(accepted and spoken) and "*" not in accepted and accepted.isdisjoint(spoken)


def _no_such_screen(context: Context) -> bool:
    """A screen without any extent, or a window wider than all screens. A window of no extent is a page in the
    background."""
    if context.screen is not None and max(context.screen) == 0:
        return True
    return context.viewport is not None and context.viewport[0] > MOST_WIDE


@cache
def _time_zones() -> frozenset[str]:
    return frozenset(name.lower() for name in available_timezones())


@lru_cache(maxsize=1024)
def _is_time_zone(name: str) -> bool:
    """Return whether there is such a zone. Without the system's list every name is taken; a list that is older than a
    new zone (one or two in a decade) costs its few visitors two points."""
    zones = _time_zones()
    return not zones or name.lower() in zones or OFFSET.fullmatch(name) is not None


@lru_cache(maxsize=CACHED_HEADS)
def _is_telephone(user_agent: str) -> bool:
    return TELEPHONE.search(user_agent) is not None and NO_TELEPHONE.search(user_agent) is None
