"""Tell bots from people (IN5): declared ones by their user agent, headless browsers, scripts in data centres.

Pure. Patterns: `data/crawlers.tsv`, or the newer table that `networks_refresh` put among the local databases (its form
is described in `apps.networks.crawlers`). A weak signal alone sets nothing aside: data centres carry people too (cloud
desktops, company gateways), so a data centre counts as a bot only together with the absence of what a tag in a browser
always sends.
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

SHIPPED = Path(__file__).resolve().parent.parent / "data" / "crawlers.tsv"
NO_USER_AGENT = "(no user agent)"
WEBDRIVER = "(automated browser)"
DATA_CENTRE = "(script in a data centre)"
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
    "nightmare", "jsdom", "htmlunit", "splash", "webkit2png",
)  # fmt: skip
CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")
LETTER = re.compile(r"\w")

# What names a bot that only a general pattern found.
LEADING_NAME = re.compile(r"[\w.!&'-]+(?: [A-Za-z][\w.!&'-]*)*")
WHOLE = re.compile(r".+", re.S)
COMPATIBLE_NAME = re.compile(r"compatible; ?+((?!MSIE|Konqueror|Googlebot|[\w.]*https?:)[\w.!@ -]{2,})")
WORD = re.compile(r"[^\s;,()\[\]{}<>\"'|+]+")
ADDRESS = re.compile(r"^https?://(?:www\.)?", re.I)


class Verdict(msgspec.Struct, frozen=True):
    """Why an event is set aside (`SetAside.NOT`: it isn't) and the bot's name, empty for people."""

    reason: SetAside = SetAside.NOT
    bot_name: str = ""


class Row(msgspec.Struct, frozen=True):
    name: str
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

    def name(self, ua: str) -> str | None:
        """Return the name of the bot that `ua` declares; names go before addresses, then the longest literal wins."""
        lowered = ua.lower()
        candidates = [
            row for gram in _grams(lowered) & self.filed.keys() for row in self.filed[gram] if row.literal in lowered
        ]
        candidates.sort(key=lambda row: (not row.name, "/" in row.name, -len(row.literal)))
        for row in [*candidates, *self.always]:
            found = row.finds(ua)
            if found:
                return row.name if row.name and "/" not in row.name else _word_around(ua, found)
        return None


def bot_name(ua: str) -> str | None:
    """Return the name of the declared bot, script or library behind an agent; None for what looks like a browser."""
    return _declared(ua).bot_name or None


def _declared(ua: str) -> Verdict:
    return _verdict_of_agent(ua[:MAX_LENGTH], databases.version(databases.CRAWLERS))


def verdict(
    ua: str,
    *,
    network: Network | None = None,
    has_webdriver: bool = False,
    ran_script: bool | None = None,
    is_server: bool = False,
) -> Verdict:
    """Return whether an event is set aside as a bot's, and as which.

    `network` None: not known (yet). `has_webdriver`: the tag's `context.webdriver`. `ran_script`: a tag ran in a
    browser (Origin header and a context with a screen came along); None: this door can't know, as with the server API.
    `is_server`: the event was sent by the client's own server, which needn't pass a user agent on.
    """
    declared = _declared(ua)
    if declared.reason and not (is_server and declared.bot_name == NO_USER_AGENT):
        return declared
    if has_webdriver:
        return Verdict(SetAside.BOT_HEADLESS, WEBDRIVER)
    if network is not None and ran_script is False and network.is_hosting and not network.carries_people:
        return Verdict(SetAside.BOT_NETWORK, network.organisation or network.network_name or DATA_CENTRE)
    return Verdict()


@lru_cache(maxsize=CACHED_AGENTS)
def _verdict_of_agent(ua: str, version: str) -> Verdict:
    """Judge the agent alone. The version is part of the key, so that a refreshed table isn't answered from the old
    one's findings."""
    if not ua.isprintable():
        ua = CONTROL.sub("", ua)
    # Logs write "-" where the header was missing.
    if LETTER.search(ua) is None:
        return Verdict(SetAside.BOT_DECLARED, NO_USER_AGENT)
    name = _crawlers(version).name(ua)
    lowered = ua.lower()
    if any(word in lowered for word in HEADLESS):
        return Verdict(SetAside.BOT_HEADLESS, name or WEBDRIVER)
    return Verdict() if name is None else Verdict(SetAside.BOT_DECLARED, name)


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
        rows.append(Row(columns[0], columns[2], columns[3], columns[4]))
    return rows


@cache
def _compiled(pattern: str, letters: str) -> re.Pattern[str]:
    """Compile when first needed: the whole table at once takes a second, most of it never runs."""
    return re.compile(pattern, re.I if letters == "i" else 0)


def _grams(text: str) -> set[str]:
    return {text[at : at + GRAM] for at in range(len(text) - GRAM + 1)}


def _word_around(ua: str, found: re.Match[str]) -> str:
    """Name what a general pattern found: the agent's own first words, or in a browser's clothes the word that gave it
    away."""
    if not ua.lower().startswith("mozilla/"):
        return (LEADING_NAME.match(ua) or WHOLE.match(ua) or found)[0].strip()[:MAX_NAME]
    compatible = COMPATIBLE_NAME.search(ua)
    if compatible:
        return compatible[1].strip()[:MAX_NAME]
    for word in WORD.finditer(ua):
        if word.end() > found.start() and len(word[0]) > 1:
            return (ADDRESS.sub("", word[0]).partition("/")[0] or word[0])[:MAX_NAME]
    return ua.strip()[:MAX_NAME]
