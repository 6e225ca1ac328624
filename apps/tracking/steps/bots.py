"""Tell bots from people (IN5): declared ones by their user agent, headless browsers, and by what else speaks for it.

Pure. Patterns: `data/crawlers.tsv`, or the newer table that `networks_refresh` put among the local databases (its form
is described in `apps.networks.crawlers`). Which signals there are, and the rule for how many suffice: `steps.signals`.
"""

import re
from collections import defaultdict
from collections.abc import Iterable
from functools import cache, lru_cache
from pathlib import Path

import msgspec

from apps.networks import databases
from apps.networks.lookup import Network
from apps.tracking.drop_reasons import SetAside
from apps.tracking.envelope import Envelope

from .scrub import scrub
from .signals import CONTRADICTIONS, ENOUGH, STRONG, Signal, network_signals, points, tag_signals

SHIPPED = Path(__file__).resolve().parent.parent / "data" / "crawlers.tsv"
NO_USER_AGENT = "(no user agent)"
WEBDRIVER = "(automated browser)"
OWN_CHECK = "BeaconCheck"  # our own installation check, which is no sign that anybody else came
OWN_AGENT = "beaconcheck/"
DATA_CENTRE = "(script in a data centre)"
CONTRADICTING = "(contradicts itself)"
# What would be a name is personal data: a crawler's that gives its owner's mail address and nothing else.
WITHHELD = "(names a person)"
# The table's tag of what isn't a bot for sure.
LIBRARY_TAG = "system-library"
MAX_LENGTH = 1024
MAX_NAME = 64
CACHED_AGENTS = 8192
GRAM = 3  # letters looked up at once; the shortest literal of the table has as many

# Letter triples of ordinary browsers' user agents: rows filed under one of these would be tried for everybody.
COMMON = (
    "mozilla/5.0 (windows nt 10.0; win64; x64; rv:140.0) applewebkit/537.36 (khtml, like gecko) chrome/140.0.0.0 "
    "mobile safari/537.36 "
    "edg/140.0.0.0 (macintosh; intel mac os x 10_15_7) version/17.1 gecko/20100101 firefox/140.0 (linux; android 10; "
    "k) (x11; linux x86_64) "
    "ubuntu chromium (iphone; cpu iphone os 17_1 like mac os x) (ipad; cpu os opr/ build/ wow64 trident compatible; "
    "msie "
)
# Browsers without a screen or under a test driver, in lower case.
HEADLESS = (
    "headless", "phantomjs", "slimerjs", "puppeteer", "playwright", "cypress/", "selenium", "webdriver",
    "nightmare", "jsdom", "htmlunit", " splash ", "webkit2png",
    OWN_AGENT,
)  # fmt: skip
# What stands between the brackets of Android and Windows Phone: the maker's words for telephone and build, which may be
# any ("Discovery SE", "XBot_Senior", "Radar 4G"). A crawler that dresses up as a telephone says so further on, or
# between these brackets with its address.
HARDWARE = re.compile(
    r"(Linux;[^()]{0,24}?Android [^;()]*|Android [^;()]*|Windows Phone[^;()]*)((?:[^()]|\([^()]*\))*)"
)
NO_HARDWARE = re.compile(r"compatible|https?:|\+http|spider/|crawl|screenshot|-google/|@", re.I)
CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")
LETTER = re.compile(r"\w")

# What names a bot that only a general pattern found.
LEADING_NAME = re.compile(r"[\w.!&'-]+(?: [A-Za-z][\w.!&'-]*)*")
WHOLE = re.compile(r".+", re.S)
COMPATIBLE_NAME = re.compile(r"compatible; ?+((?!MSIE|Konqueror|Googlebot|[\w.]*https?:)[\w.!@ -]{2,})")
WORD = re.compile(r"[^\s;,()\[\]{}<>\"'|+]+")
SCRUBBED = re.compile(r"\[[a-z]+\]")
ADDRESS = re.compile(r"^https?://(?:www\.)?", re.I)


class Verdict(msgspec.Struct, frozen=True):
    """Why an event is set aside (`SetAside.NOT`: it isn't), the bot's name (empty for people), and all signals, also
    those that didn't suffice: sorted, with commas between."""

    reason: SetAside = SetAside.NOT
    bot_name: str = ""
    signals: str = ""


PERSON = Verdict()


class Declared(msgspec.Struct, frozen=True):
    """What an agent says of itself: the signal (None: a browser) and the name."""

    signal: Signal | None = None
    name: str = ""


class Row(msgspec.Struct, frozen=True):
    name: str
    tag: str
    letters: str
    literal: str
    pattern: str

    def finds(self, ua: str) -> re.Match[str] | None:
        return _compiled(self.pattern, self.letters).search(ua)


class Crawlers:
    """The table of patterns, filed by letter triples, so that an unseen agent costs a set's intersection and a few
    searches."""

    def __init__(self, rows: Iterable[Row]) -> None:
        self.always: list[Row] = []
        self.filed: defaultdict[str, list[Row]] = defaultdict(list)
        common = _grams(COMMON)
        for row in rows:
            grams = _grams(row.literal)
            if not grams:
                self.always.append(row)
                continue
            self.filed[min(grams, key=lambda gram: (gram in common, len(self.filed.get(gram, ())), gram))].append(row)

    def find(self, ua: str) -> tuple[str, str] | None:
        """Return the name of the bot that `ua` declares, and its tag.

        Names go before addresses, then the longest literal wins; a system's library is meant only where nothing else
        is found.
        """
        lowered = ua.lower()
        candidates = [
            row for gram in _grams(lowered) & self.filed.keys() for row in self.filed[gram] if row.literal in lowered
        ]
        candidates.sort(key=lambda row: (not row.name, "/" in row.name, -len(row.literal)))
        library = None
        for row in [*candidates, *self.always]:
            found = row.finds(ua)
            if found is None:
                continue
            if row.tag == LIBRARY_TAG:
                library = row.name, row.tag
            else:
                return row.name if row.name and "/" not in row.name else _word_around(ua, found), row.tag
        return library


def bot_name(ua: str) -> str | None:
    """Return the name of the declared bot, script or library behind an agent; None for what looks like a browser."""
    return declared(ua).name or None


def declared(ua: str) -> Declared:
    return _declared(ua[:MAX_LENGTH], databases.version(databases.CRAWLERS))


def is_declared(ua: str, *, is_server: bool = False) -> bool:
    """Return whether the agent alone says that no person sent the event."""
    found = declared(ua)
    return found.signal in STRONG and not (is_server and found.name == NO_USER_AGENT)


def verdict(envelope: Envelope, network: Network | None = None) -> Verdict:
    """Return whether an envelope's events are set aside as a bot's, as which, and by which signals.

    `network` None: not known (yet). Of a tag much is known that other doors can't say: a server needn't even pass its
    visitor's agent on.
    """
    agent = declared(envelope.user_agent)
    found = network_signals(network) if network is not None else []
    if envelope.origin == "tag":
        found += tag_signals(envelope)
    if envelope.context.webdriver:
        found.append(Signal.WEBDRIVER)
    if agent.signal is not None and not (envelope.origin == "server" and agent.name == NO_USER_AGENT):
        found.append(agent.signal)
    if not found:
        return PERSON
    signals = frozenset(found)
    is_library = Signal.LIBRARY in signals and envelope.origin in ("pixel", "import")
    reason = SetAside.BOT_DECLARED if is_library else _reason(signals)
    return Verdict(reason, _name(reason, agent.name, network), ",".join(sorted(signals)))


def _reason(signals: frozenset[Signal]) -> SetAside:
    if Signal.HEADLESS in signals:
        return SetAside.BOT_HEADLESS
    if Signal.DECLARED in signals:
        return SetAside.BOT_DECLARED
    if Signal.WEBDRIVER in signals:
        return SetAside.BOT_HEADLESS
    if points(signals) < ENOUGH:
        return SetAside.NOT
    if Signal.LIBRARY in signals:
        return SetAside.BOT_DECLARED
    return SetAside.BOT_NETWORK if signals.isdisjoint(CONTRADICTIONS) else SetAside.BOT_CONTRADICTION


def _name(reason: SetAside, declared_name: str, network: Network | None) -> str:
    if reason is SetAside.NOT:
        return ""
    if declared_name:
        return declared_name
    if reason is SetAside.BOT_NETWORK and network is not None:
        return network.organisation or network.network_name or DATA_CENTRE
    return CONTRADICTING if reason is SetAside.BOT_CONTRADICTION else WEBDRIVER


@lru_cache(maxsize=CACHED_AGENTS)
def _declared(ua: str, version: str) -> Declared:
    """Judge the agent alone. The version is part of the key, so that a refreshed table isn't answered from the old
    one's findings."""
    if not ua.isprintable():
        ua = CONTROL.sub("", ua)
    # Logs write "-" where the header was missing.
    if LETTER.search(ua) is None:
        return Declared(Signal.DECLARED, NO_USER_AGENT)
    ua = HARDWARE.sub(_without_hardware, ua, count=1)
    found = _crawlers(version).find(ua)
    lowered = ua.lower()
    if any(word in lowered for word in HEADLESS):
        # Whatever the table of the day makes of it.
        name = OWN_CHECK if OWN_AGENT in lowered else found[0] if found else WEBDRIVER
        return Declared(Signal.HEADLESS, name)
    if found is None:
        return Declared()
    return Declared(Signal.LIBRARY if found[1] == LIBRARY_TAG else Signal.DECLARED, found[0])


def _without_hardware(found: re.Match[str]) -> str:
    return found[0] if NO_HARDWARE.search(found[2]) else found[1]


@lru_cache(maxsize=1)
def _crawlers(version: str) -> Crawlers:
    newer = databases.text(databases.CRAWLERS) if version else None
    return Crawlers(read_rows(newer or SHIPPED.read_text(encoding="utf-8")))


def read_rows(table: str) -> list[Row]:
    """Return the rows of a crawler table. Raises ValueError with the line's number where one isn't five columns."""
    rows = []
    for number, line in enumerate(table.splitlines(), 1):
        if not line or line.startswith("#"):
            continue
        columns = line.split("\t")
        if len(columns) != 5:
            raise ValueError(f"line {number} has {len(columns)} columns, not 5")
        rows.append(Row(*columns))
    return rows


@cache
def _compiled(pattern: str, letters: str) -> re.Pattern[str]:
    """Compile when first needed: the whole table at once takes a second, most of it never runs."""
    return re.compile(pattern, re.I if letters == "i" else 0)


def _grams(text: str) -> set[str]:
    return {text[at : at + GRAM] for at in range(len(text) - GRAM + 1)}


def _own_name(ua: str) -> str:
    """Return what an agent calls itself where it isn't in a browser's clothes, or says so; else an empty text."""
    if not ua.lower().startswith("mozilla/"):
        whole = LEADING_NAME.match(ua) or WHOLE.match(ua)
        return whole[0].strip()[:MAX_NAME] if whole else ""
    compatible = COMPATIBLE_NAME.search(ua)
    return compatible[1].strip()[:MAX_NAME] if compatible else ""


def _word_around(ua: str, found: re.Match[str]) -> str:
    """Name what a general pattern found: the agent's own first words, or in a browser's clothes the word that gave it
    away. Personal data is no name, nor a piece of it."""
    safe = scrub(ua)
    if safe != ua:
        ua = SCRUBBED.sub(" ", safe).strip()
        again = found.re.search(ua)
        if again is None:
            return _own_name(ua) or WITHHELD
        found = again
    name = _own_name(ua)
    if name:
        return name
    for word in WORD.finditer(ua):
        if word.end() > found.start() and len(word[0]) > 1:
            return (ADDRESS.sub("", word[0]).partition("/")[0] or word[0])[:MAX_NAME]
    return ua.strip()[:MAX_NAME]
