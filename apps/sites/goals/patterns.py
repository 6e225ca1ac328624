"""Patterns of pages as people write them. Pure.

- `/thanks`: this page, with or without a slash at its end
- `/thanks*`, `/shop/*/done`: a star stands for anything, slashes too
- `thanks`: the address contains it
- `shop.example/thanks`, `https://shop.example/thanks*`: on this host alone; `www.` is the same as without
- with `?` or `#` in it, the pattern is held against the kept query or the hash route too

Capital and small letters (of ASCII) are the same. Letters beyond ASCII stand in addresses as browsers send them
(`%C3%A9`), and may be written either way, there and here.

Anybody's pattern is held against anybody's address, in places where others wait: so it takes time in proportion to
their lengths, whatever they are, and has few stars.
"""

import re
from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple
from urllib.parse import quote

MOST_LETTERS = 500
MOST_STARS = 10
SCHEME = re.compile(r"https?://", re.I)
HOST = re.compile(r"(?:[a-z0-9*](?:[a-z0-9*-]*[a-z0-9*])?\.)+[a-z0-9*-]+|localhost", re.I)
WWW = "www."


class Page(NamedTuple):
    """A page's address as it is stored; `query` and `fragment` without their `?` and `#`."""

    host: str
    path: str
    query: str = ""
    fragment: str = ""


class Pattern(NamedTuple):
    """A pattern taken apart. `text`: all of it, with stars at its ends where it may stand in the middle."""

    text: str
    has_host: bool
    has_query: bool
    has_fragment: bool
    regex: re.Pattern[str]

    def matches(self, page: Page) -> bool:
        subject = page.path
        if self.has_host:
            subject = page.host.removeprefix(WWW) + subject
        if self.has_query:
            subject += f"?{page.query}"
        if self.has_fragment:
            subject += f"#{page.fragment}"
        return self.regex.fullmatch(_as_sent(subject)) is not None


def pattern_written(text: str) -> str:
    """Return a pattern as it is kept. Raises ValueError, in words, for one that can't be meant."""
    text = text.strip()
    if not text.strip("*"):
        raise ValueError("Say which page: /thanks, /thanks*, or a part of the address")
    if len(text) > MOST_LETTERS:
        raise ValueError(f"A page pattern has {MOST_LETTERS} letters at most")
    if text.count("*") > MOST_STARS:
        raise ValueError(f"A page pattern has {MOST_STARS} stars at most")
    if any(letter.isspace() for letter in text):
        raise ValueError("An address has no spaces in it")
    if SCHEME.match(text) and not HOST.fullmatch(_host_and_rest(SCHEME.sub("", text))[0]):
        raise ValueError("After https:// comes a host, such as shop.example/thanks")
    return text


@lru_cache(maxsize=4096)
def pattern_read(written: str) -> Pattern:
    """Return a pattern ready to be held against pages. Any text is one; `pattern_written` says which make sense."""
    text = SCHEME.sub("", written)
    host, rest = _host_and_rest(text)
    has_host = text != written or bool(rest and HOST.fullmatch(host))
    if has_host:
        text = host.removeprefix(WWW) + (rest or "/")
    elif not text.startswith(("/", "*")):
        text = f"*{text}*"
    has_query, has_fragment = "?" in text, "#" in text
    pieces = [re.escape(_as_sent(piece)) for piece in text.split("*")]
    is_page = not (has_query or has_fragment) and not text.endswith("*") and not _is_root(text, has_host)
    if is_page:
        pieces[-1] = f"{pieces[-1].removesuffix('/')}/?"
    body = stars_expression(pieces)
    regex = re.compile(body, re.IGNORECASE | re.ASCII | re.DOTALL)
    return Pattern(text, has_host, has_query, has_fragment, regex)


def stars_expression(pieces: Sequence[str]) -> str:
    """Return a regular expression of the pieces between stars, for `fullmatch` with DOTALL.

    Each piece in the middle is taken where it comes first and never tried elsewhere, which finds the same as trying
    all places: what comes behind has the most room so. Trying them takes time by the power of the stars.
    """
    first, *others = pieces
    if not others:
        return first
    return first + "".join(f"(?>.*?{piece})" for piece in others[:-1] if piece) + ".*" + others[-1]


def page_matches(written: str, page: Page) -> bool:
    """Return whether a page meets a pattern; an empty one is met by all."""
    return not written or pattern_read(written).matches(page)


def like_of(written: str) -> str:
    """Return what `path ILIKE` has to hold of every page that meets the pattern: others may meet it, too.

    PostgreSQL gives up where what follows a % comes nowhere: 10,000 addresses of 500 letters that nearly fit take 12 ms
    with one star, and the same with ten.
    """
    pattern = pattern_read(written)
    text = re.split(r"[?#]", pattern.text, maxsplit=1)[0]
    if pattern.has_host:
        host, path = _host_and_rest(text)
        # A star in the host may reach into the path.
        text = f"*{path}" if "*" in host else path
    if text == "/":
        return text
    # Behind a star, what stands before a question mark may be of the query.
    is_cut = pattern.has_query or pattern.has_fragment
    text = text.partition("*")[0] if is_cut else text.removesuffix("/")
    loose = re.sub(r"%[0-9A-Fa-f]{2}", "*", _as_sent(text))
    return re.sub(r"([\\%_])", r"\\\1", loose).replace("*", "%") + "%"


def _host_and_rest(text: str) -> tuple[str, str]:
    """Return what comes before the first slash, question mark or hash, and the rest."""
    found = re.search(r"[/?#]", text)
    place = found.start() if found else len(text)
    return text[:place], text[place:]


def _is_root(text: str, has_host: bool) -> bool:
    return (_host_and_rest(text)[1] if has_host else text) == "/"


def _as_sent(text: str) -> str:
    """Return letters beyond ASCII as browsers send them; all others as they are."""
    return text if text.isascii() else "".join(one if one.isascii() else quote(one) for one in text)
