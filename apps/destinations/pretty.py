"""Requests and answers as they are kept, made easy to read: JSON indented, with its names and what is masked marked."""

import json
import re
from contextlib import suppress
from dataclasses import dataclass

from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe

from .secrets import DOTS

# A name of JSON with its colon, or a text with what is masked in it. Quotes are escaped by then.
NAME = r"(?P<name>&quot;(?:[^&\n]|&(?!quot;))*&quot;)(?=: )"
MARKED = re.compile(rf"{NAME}|{DOTS}\S*?(?=&quot;|\s|$)", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class RequestText:
    """A kept request. `line`: method and address; `headers`: one a line."""

    method: str
    address: str
    headers: str
    body: SafeString


def request_read(kept: str) -> RequestText:
    """Return a kept request in its parts; see masking.request_masked for how it is kept."""
    head, _, body = kept.partition("\n\n")
    line, _, headers = head.partition("\n")
    method, _, address = line.partition(" ")
    return RequestText(method, address, headers, body_pretty(body))


def body_pretty(text: str) -> SafeString:
    """Return a body as safe HTML: JSON with two spaces a level; anything else, or what was cut, as it is."""
    with suppress(ValueError):
        text = json.dumps(json.loads(text), ensure_ascii=False, indent=2)
    return mark_safe(MARKED.sub(_marked, escape(text)))


def _marked(found: re.Match[str]) -> str:
    kind = "k" if found["name"] else "x"
    return f'<span class="{kind}">{found[0]}</span>'
