"""Would a block list keep the tag from visitors? Two sources, both said in the answer.

Patterns of our own: words in hosts and paths that measuring services are known by, and on which public lists have
general rules. The lists themselves aren't ours to bundle (EasyPrivacy: GPL 3 or CC BY-SA 3.0). An operator who wants
the real thing puts one beside the address databases (`databases/blocklist.txt`, the syntax of Adblock Plus); of its
rules those on addresses are read: `||host^`, `|start`, parts with `*` and `^`; rules with options but for kinds of
requests and third parties are left out.
"""

import re
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from publicsuffixlist import PublicSuffixList

from .written import parts_of

FILE = "blocklist.txt"
# First label of a host, or a folder of a path. Of one's own choice they say nothing; as names for measuring they do.
WORDS = (
    "analytics", "beacon", "beacons", "collect", "collector", "matomo", "metrics", "piwik", "pixel", "plausible",
    "stats", "statistics", "telemetry", "track", "tracker", "tracking", "umami", "webanalytics",
)  # fmt: skip
OWN = re.compile(rf"^(?:{'|'.join(WORDS)})$")
# Options that narrow a rule to kinds of requests which the tag makes.
KINDS = frozenset({"script", "xmlhttprequest", "ping", "other", "third-party", "3p", "1p", "~third-party", "important"})
MOST_BYTES = 16 * 2**20


@dataclass(frozen=True, slots=True)
class Rule:
    """`word`: a part that every address it hits contains, in lower case, so that most are passed over quickly."""

    text: str
    word: str
    pattern: re.Pattern[str]
    needs_third_party: bool
    needs_first_party: bool


def blocking_rule(urls: list[str], *, page_url: str, folder: Path | None = None) -> str:
    """Return the rule that keeps one of these addresses from loading, in words; empty where none does."""
    for url in urls:
        found = _own(url) or _listed(url, page_url, folder)
        if found:
            return found
    return ""


def _own(url: str) -> str:
    parts = parts_of(url)
    labels = (parts.hostname or "").lower().split(".")
    # The door's own api/track/ is the same on every first-party path; the lists' rules are on what stands before it.
    path = parts.path.lower().replace("/api/track/", "/")
    if len(labels) > 1 and OWN.match(labels[0]):
        return f"the host name “{labels[0]}.”"
    return next((f"the folder “/{part}/”" for part in path.split("/")[1:-1] if OWN.match(part)), "")


def _listed(url: str, page_url: str, folder: Path | None) -> str:
    path = folder / FILE if folder else None
    if path is None or not path.is_file():
        return ""
    stat = path.stat()
    is_third = _registrable(url) != _registrable(page_url)
    lowered = url.lower()
    blocking, excepting = rules_read(path, stat.st_mtime_ns)
    hit = next((rule for rule in blocking if _hits(rule, lowered, is_third)), None)
    if hit is None or any(_hits(rule, lowered, is_third) for rule in excepting):
        return ""
    return f"the rule “{hit.text}” of {FILE}"


def _hits(rule: Rule, url: str, is_third: bool) -> bool:
    if rule.word not in url or (rule.needs_third_party and not is_third) or (rule.needs_first_party and is_third):
        return False
    return rule.pattern.search(url) is not None


@lru_cache(maxsize=2)
def rules_read(path: Path, changed_ns: int) -> tuple[list[Rule], list[Rule]]:
    """Return a list's rules on addresses: those that block, and those that except from it."""
    blocking: list[Rule] = []
    excepting: list[Rule] = []
    for line in path.read_text(encoding="utf-8", errors="replace")[:MOST_BYTES].splitlines():
        is_exception = line.startswith("@@")
        rule = rule_read(line.removeprefix("@@").strip())
        if rule is not None:
            (excepting if is_exception else blocking).append(rule)
    return blocking, excepting


def rule_read(line: str) -> Rule | None:
    """Return a line's rule; None for comments, rules on elements, and those with options that aren't known."""
    if not line or line.startswith(("!", "[")) or "#" in line or (line.startswith("/") and line.endswith("/")):
        return None
    text, _, options = line.partition("$")
    given = {option.strip().lower() for option in options.split(",") if option.strip()}
    words = [word for word in re.split(r"[*^|]+", text.lower()) if word]
    if not words or not given <= KINDS:
        return None
    return Rule(
        text=line,
        word=max(words, key=len),
        pattern=re.compile(_expression(text.lower())),
        needs_third_party=bool(given & {"third-party", "3p"}),
        needs_first_party=bool(given & {"1p", "~third-party"}),
    )


def _expression(text: str) -> str:
    start = ""
    if text.startswith("||"):
        start, text = r"^[a-z]+://(?:[^/?#]*\.)?", text[2:]
    elif text.startswith("|"):
        start, text = "^", text[1:]
    end = "$" if text.endswith("|") else ""
    body = re.escape(text.rstrip("|")).replace(r"\*", ".*").replace(r"\^", r"(?:[^\w.%-]|$)")
    return start + body + end


@lru_cache(maxsize=1)
def _suffixes() -> PublicSuffixList:
    return PublicSuffixList()


def _registrable(url: str) -> str:
    """Return the part of an address' host that somebody has registered; the host itself where there is none."""
    host = parts_of(url).hostname or ""
    return str(_suffixes().privatesuffix(host) or host)
