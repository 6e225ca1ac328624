"""Requests and answers as they are kept: without secrets, without what recognises a person."""

import json
import re
from collections.abc import Collection
from contextlib import suppress
from typing import Any
from urllib.parse import parse_qsl, quote, unquote, urlencode, urlsplit, urlunsplit

import msgspec

from .providers.base import Request
from .secrets import DOTS

MOST_REQUEST = 16_384
MOST_ANSWER = 4_096
ALWAYS = frozenset({"authorization", "cookie", "set-cookie", "webhook-signature"})
# Hashes, tokens and addresses, wherever they turn up; each with what it can't be without: most texts have none of them,
# and looking at each letter of each request costs more than sending it.
TELLING = (
    ("", re.compile(r"\b[0-9a-f]{64}\b", re.IGNORECASE)),
    ("ya29.", re.compile(r"\bya29\.[\w.-]+", re.IGNORECASE)),
    # Bounded (RFC 5321: 64 before the @): else a long answer of letters would be looked at once for each of them, and
    # nothing else goes on in the process meanwhile.
    ("@", re.compile(r"[\w.+-]{1,64}@[\w-]{1,255}\.[\w.-]{1,255}")),
    ("eaa", re.compile(r"\bEAA\w{20,}", re.IGNORECASE)),
)
# A shorter part of an address could be part of anything.
LEAST_PART = 8
LEAST_VALUE = 4
CUT = "\n… (cut)"
TOO_DEEP = "(lists within lists, too deep to be shown)"


def request_masked(request: Request, names: Collection[str], secrets: Collection[str] = ()) -> str:
    """Return a request as text: its first line, headers that matter, its body. `names`: fields whose value is dropped.

    `secrets`: texts that are masked wherever they stand, the path included (a Slack address is a secret as a whole).
    """
    hidden = ALWAYS | {name.lower() for name in names}
    headers = [f"{name}: {DOTS if name.lower() in hidden else value}" for name, value in request.headers.items()]
    lines = [f"{request.method} {_url_masked(request.url, hidden)}", *headers]
    if request.body is not None:
        lines += ["", _text_masked(request.body.decode("utf-8", "replace"), hidden)]
    return _cut(_without("\n".join(lines), secrets), MOST_REQUEST)


def answer_masked(text: str, names: Collection[str], secrets: Collection[str] = ()) -> str:
    """Return an answer's body as it is kept. Providers quote what they were sent."""
    hidden = ALWAYS | {name.lower() for name in names}
    return _cut(_without(_text_masked(text, hidden), secrets), MOST_ANSWER)


def address_masked(url: str) -> str:
    """Return an address as whoever may not set up sees it: its host, and that there is more of it."""
    parts = urlsplit(url)
    host = parts.netloc.rpartition("@")[2]
    rest = f"/{DOTS}" if parts.path.strip("/") or parts.query else parts.path
    return urlunsplit((parts.scheme, host, rest, "", ""))


def without_address(text: str, url: str) -> str:
    """Return an answer's text without what `address_masked` leaves out of its address: receivers quote it."""
    parts = urlsplit(url)
    whole = [f"{parts.path}?{parts.query}" if parts.query else "", parts.path.rstrip("/"), parts.query]
    pieces = [piece for piece in parts.path.split("/") if len(piece) >= LEAST_PART]
    pieces += [value for _, value in parse_qsl(parts.query) if len(value) >= LEAST_VALUE]
    told = {one for part in (*whole, *pieces) for one in (part, unquote(part)) if one}
    for part in sorted(told, key=len, reverse=True):
        text = text.replace(part, DOTS)
    return text


def _text_masked(text: str, hidden: Collection[str]) -> str:
    try:
        plain = json.dumps(_masked(json.loads(text), hidden), ensure_ascii=False)
    except RecursionError:
        return TOO_DEEP
    except ValueError:
        pairs = parse_qsl(text, keep_blank_values=True)
        if pairs and "=" in text and "\n" not in text and " " not in text:
            return telling_masked(_pairs_masked(pairs, hidden))
        return telling_masked(text)
    # Half of a character, which JSON can have and nobody can keep.
    plain = plain.encode("utf-8", "replace").decode()
    # Python's own way to indent is many times slower. NaN, which isn't JSON, is left as it stands.
    with suppress(msgspec.DecodeError):
        plain = msgspec.json.format(plain, indent=1)
    return telling_masked(plain)


def telling_masked(text: str) -> str:
    """Return a text without what tells of a person or a secret."""
    small = text.lower()
    for needed, pattern in TELLING:
        if needed in small:
            text = pattern.sub(DOTS, text)
    return text


def _masked(value: Any, hidden: Collection[str]) -> Any:
    if isinstance(value, dict):
        return {name: _dots(one) if name.lower() in hidden else _masked(one, hidden) for name, one in value.items()}
    return [_masked(one, hidden) for one in value] if isinstance(value, list) else value


def _dots(value: Any) -> Any:
    return [DOTS] * len(value) if isinstance(value, list) else DOTS


def _url_masked(url: str, hidden: Collection[str]) -> str:
    parts = urlsplit(url)
    return urlunsplit(parts._replace(query=_pairs_masked(parse_qsl(parts.query, keep_blank_values=True), hidden)))


def _pairs_masked(pairs: list[tuple[str, str]], hidden: Collection[str]) -> str:
    masked = urlencode([(name, DOTS if name.lower() in hidden else value) for name, value in pairs], safe=":/")
    return masked.replace(quote(DOTS), DOTS)


def _without(text: str, secrets: Collection[str]) -> str:
    for secret in secrets:
        for part in _parts(secret):
            text = text.replace(part, DOTS)
    return text.replace("\x00", "")


def _parts(secret: str) -> list[str]:
    """Return what is masked of a secret, the longest first: of an address also its path, whichever host is asked."""
    parts = [secret] if secret else []
    if secret.startswith(("https://", "http://")):
        path = urlsplit(secret).path.strip("/")
        parts += [part for part in (path, path.rpartition("/")[2]) if len(part) >= LEAST_PART]
    return parts


def _cut(text: str, most: int) -> str:
    return text if len(text) <= most else text[: most - len(CUT)] + CUT
