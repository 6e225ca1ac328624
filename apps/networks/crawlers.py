"""Turn the published crawler lists into the one compact table that recognises declared bots.

Sources: crawler-user-agents (MIT: pattern, examples, tags) and isbot (Unlicense: general patterns). The table is
tab-separated text with `#` comments: `name, tag, letters, literal, pattern`. `literal` (lower case) stands in whatever
the pattern matches, so that a reader looks at the few patterns whose literal occurs instead of trying them all; empty:
always try. `letters` is `i` where case doesn't matter. Patterns are Python's.
"""

import json
import re
from collections.abc import Iterable, Iterator
from typing import NamedTuple

MIN_LITERAL = 3
# isbot's word patterns name no bot; the reader names what they find by the word around the match.
GENERAL = ""
# Published patterns that find real browsers, and hardly a bot that no other pattern finds: toolbars and add-ons of old
# browsers, names of telephones and televisions, an Android build, whatever is long or has a semicolon. Measured on the
# lists that docs/ingest.md names.
NOT_BOTS = {
    # crawler-user-agents
    "AP3A\\.240617\\.008", "Blackboard", "Fluid",
    # isbot
    "(?:^|[^g])news(?!sapphire)", ";\\s\\w+;$", "\\(\\)", "\\b\\w+/1\\.0;", "^[^ ]{50,}$", "^\\d+\\b", "^netsurf",
    "browsex", "catch", "chromeframe", "firephp", "optimize", "powermarks", "sogou", "torrent",
}  # fmt: skip
# Published patterns that say a little too much, and what we look for instead.
NARROWED = {
    # crawler-user-agents
    "008/": r"(?<![\d.])(?<!TS1)008/",
    "Butterfly": "Butterfly/",
    "Fever": "Fever/",
    "Sogou": "Sogou(?![A-Z])",
    "Sonic": r"(?<!View)(?<!\+ )Sonic",
    "Synapse": "Synapse(?!Workstation)",
    "Viber": "^Viber",
    "WhatsApp": "^WhatsApp",
    # isbot
    "(?<! channel/)(?<!google/)google(?!(?:wv|app|/google| pixel))": (
        r"(?<! channel/)(?<!google/)(?<!motorola/)(?<!com\.)(?<!docs\.)(?<!translate\.)(?<!goog/7 )"
        r"google(?!wv|app|/google|/1\.0\.0| pixel|_ios|_cube| ?tv| fiber|toolbar| earth| talk|weblight|play|plus|hyper"
        r"|chirp|podcast|mobile| wap)"
        r"(?!$)"
    ),
    "(?<!lib)http": r"(?<!lib)http(?!s?\)| pgdl|s?://(?:www\.)?(?:bsalsa|qtweb))",
    "@[a-z][\\w-]+\\.": r"@[a-z][\w-]+\.[a-z]{2}",
    "\\.com\\b": r"(?<!avantbrowser)(?<!bsalsa)(?<!\bant)(?<!google)(?<!amazon)(?<!\[air)\.com\b",
    "\\|": r" \| ",
    "^[<\\(;]": r"^(?:[<;]|\((?!null|windows|macintosh|x11|linux|iphone|ipad))",
    "^[\\w \\.\\-\\(?:\\):%]+(?:/v?\\d+(?:\\.\\d+)?(?:\\.\\d{1,10})*?)?(?:,|$)": (
        r"^(?!(?:opera|firefox|chrome|iceweasel|safari|nokia|sonyericsson|samsung|lg[-/]|mot[-/]|iphone|ipad)[-\w.]*(?:/|\d$)|dv\()"
        r"[\w .():%?-]+(?:/v?\d+(?:\.\d+)?(?:\.\d{1,10})*?)?(?:,|$)"
    ),
    "^[\\w\\-]+/[\\w]+$": r"^(?!sonyericsson|nokia|zte)[\w-]+/\w+$",
    "^\\w+/[\\w\\(\\)]*$": r"^(?!sonyericsson|nokia|zte)\w+/[\w()]*$",
    "^mozilla/\\d\\.\\d\\s\\((?:compatible;)?(?:\\s?[\\w\\d\\-.]+[\\s/]\\d+\\.\\d+)?\\)$": (
        r"^mozilla/\d\.\d\s\((?:compatible;)?(?:\s?(?!msie|dillo|konqueror)[\w.-]+[\s/]\d+\.\d+)?\)$"
    ),
    "24x7": r"(?<!\d)24x7",
    "advisor": "(?<!webmoney )advisor",
    "feed": r"(?<!buzz)feed(?!/\d)",
    "library": r"library(?!\d)",
    "synapse": "synapse(?!workstation)",
    "agent\\b": r"(?<!user-)(?<!user)agent\b",
    "download": "(?<!qq)(?<!ea )download(?!ed)",
    "java(?!;)": "java(?!;|platform|_runtime)",
    "proxy": r"(?<!speedmode; )(?<!auto)proxy",
    "server": r"(?<!alpha)(?<!\d-)server",
    "splash": "splash(?!top|access)",
    "tools": "(?<!hb)(?<!dev)(?<!process/)tools",
}
# Ours: what programs that fetch, test or picture pages call themselves and neither list looks for.
OWN_WORDS = (
    "screen-?shot", "webthumb", "wkhtmlto", "webscreenie", "phantom", r"zombie\.js", r"\bsiege/", "extractor",
    r"\bfetch(?:er|ing)?\b", r"web services client", r"(?:kube-|\b)probe\b", r"\bscout\b", "validat", "observatory/",
    r"\bpreload\b(?!=)", r"\bdot gmail\b|\bat gmail\b", "retrieval", r"link-?(?:exam|resol|valid)", "crwlr",
    "debugbear",
    r"\bseo\w*/", "assetnote", "claude-", "hunter", "harvest", "enricher", "indexer", "scann", r"webmon\b",
    r"\bwebsite\b", r"\bprospect", r"\bleads?\w*/", "research", "uptime", "pinger", r"\$\{", r"<\?",
)  # fmt: skip
# Ours: the systems' own fetching libraries, which apps and previews use; a page is hardly ever read with them.
# `steps.bots` takes them for weak where a script has run.
LIBRARIES = (
    ("CFNetwork", "system-library", "", "cfnetwork/", r"^(?!Mozilla/).*CFNetwork/"),
    ("Dalvik", "system-library", "", "dalvik/", r"^Dalvik/"),
)
CLASS_DASH = re.compile(r"(\\[dws])-(?=[^\]])")
LOOK_BEHIND = re.compile(r"\(\?<!([^()]*\|[^()]*)\)")
NOT_NAMES = re.compile(r"^[\W\d_]*$")


class CrawlerRow(NamedTuple):
    name: str
    tag: str
    letters: str
    literal: str
    pattern: str


def crawler_table(crawlers: str, isbot: str, *, head: Iterable[str]) -> str:
    """Return the table's text from crawler-user-agents' JSON and isbot's module (`index.mjs`).

    Raises ValueError where either isn't what it should be: a pattern that Python can't read, no patterns at all.
    """
    rows = [*_named_rows(crawlers), *(CrawlerRow(*row) for row in LIBRARIES), *_general_rows(isbot)]
    lines = [f"# {line}".rstrip() for line in head] + ["\t".join(row) for row in rows]
    return "\n".join(lines) + "\n"


def _named_rows(crawlers: str) -> Iterator[CrawlerRow]:
    entries = json.loads(crawlers)
    if not isinstance(entries, list) or not entries:
        raise ValueError("crawler-user-agents holds no list of patterns")
    for entry in entries:
        if entry["pattern"] in NOT_BOTS:
            continue
        pattern = _readable(entry["pattern"])
        examples = entry.get("instances", [])
        tags = entry.get("tags") or [""]
        pattern = NARROWED.get(pattern, pattern)
        literal = required_literal(pattern)
        if any(re.search(pattern, example) and literal not in example.lower() for example in examples):
            literal = ""
        yield CrawlerRow(_name(pattern, examples), tags[0], "", literal, pattern)


def _general_rows(isbot: str) -> Iterator[CrawlerRow]:
    found = re.search(r"patterns_default\s*=\s*(\[.*?\n\])", isbot, re.S)
    if found is None:
        raise ValueError("isbot's list of patterns isn't where it was")
    for written in json.loads(found[1]):
        pattern = _readable(written)
        if written not in NOT_BOTS and pattern not in NOT_BOTS:
            yield _general_row(NARROWED.get(pattern, pattern))
    for pattern in OWN_WORDS:
        yield _general_row(pattern)


def _general_row(pattern: str) -> CrawlerRow:
    return CrawlerRow(GENERAL, "", "i", required_literal(pattern), pattern)


def _readable(pattern: str) -> str:
    r"""Return a JavaScript pattern as Python reads it: slashes plain, the dash of `[\d-.]` escaped, `(?<!a|bc)` of one
    width."""
    pattern = pattern.replace("\\/", "/")
    pattern = CLASS_DASH.sub(r"\1\\-", pattern)
    pattern = LOOK_BEHIND.sub(lambda found: "".join(f"(?<!{part})" for part in found[1].split("|")), pattern)
    if "\t" in pattern or "\n" in pattern:
        raise ValueError(f"a pattern with tabs can't be written: {pattern!r}")
    try:
        re.compile(pattern)
    except re.error as error:
        raise ValueError(f"not a pattern for Python: {pattern!r} ({error})") from error
    return pattern


def _name(pattern: str, examples: list[str]) -> str:
    """Return what the pattern finds in its first example, which reads better than the pattern."""
    for example in examples:
        found = re.search(pattern, example)
        if found:
            name = found[0].strip(" /;:()[]+-,\t")
            if not NOT_NAMES.match(name) and len(name) >= MIN_LITERAL:
                return name[:64]
    return re.sub(r"\\(.)", r"\1", re.sub(r"[\^$?*+()\[\]|]", "", pattern)).strip(" /")[:64]


def required_literal(pattern: str) -> str:
    """Return the longest run of letters that every match must contain, in lower case; empty if there is none of 3.

    Reads the pattern's top level only: groups, classes and whatever may be left out end a run.
    """
    runs, run, position = [], "", 0
    while position < len(pattern):
        char = pattern[position]
        if char == "|":
            return ""
        literal, end = _literal_at(pattern, position)
        follower = pattern[end : end + 1]
        optional = follower in {"?", "*", "{"}
        if literal and not optional:
            run += literal
        if not literal or optional or follower == "+":
            runs.append(run)
            run = ""
        position = end
    longest = max([*runs, run], key=len).lower()
    return longest if len(longest) >= MIN_LITERAL else ""


def _literal_at(pattern: str, position: int) -> tuple[str, int]:
    """Return the plain character at `position` (empty: none there) and where what stands there ends."""
    char = pattern[position]
    if char == "\\":
        escaped = pattern[position + 1]
        return ("" if escaped.isalnum() else escaped), position + 2
    if char == "[":
        return "", pattern.index("]", position + 2) + 1
    if char == "(":
        return "", _group_end(pattern, position)
    if char == "{":
        return "", pattern.index("}", position) + 1
    return ("" if char in "^$.?*+" else char), position + 1


def _group_end(pattern: str, position: int) -> int:
    depth = 0
    while True:
        char = pattern[position]
        if char == "\\":
            position += 1
        elif char == "[":
            position = pattern.index("]", position + 2)
        elif char == "(":
            depth += 1
        elif char == ")":
            depth -= 1
            if depth == 0:
                return position + 1
        position += 1
