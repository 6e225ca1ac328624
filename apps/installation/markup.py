"""Reading HTML for a few elements only: in one pass, without a tree, in time linear in its length.

A tree costs what somebody's page makes it cost: elements nested deep enough take a parser minutes. What the check asks
of a page stands in start tags and in the text of scripts, so the tokens are enough (HTML Living Standard, 13.2.5);
where a token is in the tree doesn't matter, but for `template`, whose content nobody runs.

All patterns are possessive: they never go back, so that none takes longer than its text.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from html import unescape

SPACE = r"[ \t\n\f\r]"
# What opens something: a comment, a tag, or a bogus comment (`<!doctype`, `<?`, `</1`).
OPENING = re.compile(r"<(?:!--|/?[a-zA-Z]|[!?/])")
NAME = re.compile(r"[^ \t\n\f\r/>]++")
VALUE = rf"""{SPACE}*+={SPACE}*+(?:"[^"]*+"|'[^']*+'|(?!["'])[^ \t\n\f\r>]*+)"""
ATTRIBUTES = re.compile(rf"(?:[ \t\n\f\r/]*+[^ \t\n\f\r/>][^ \t\n\f\r/>=]*+(?:{VALUE})?+)*+[ \t\n\f\r/]*+")
ATTRIBUTE = re.compile(rf"[ \t\n\f\r/]*+([^ \t\n\f\r/>][^ \t\n\f\r/>=]*+)({VALUE})?")
COMMENT_END = re.compile(r"--!?>")
# Elements whose content is text to a browser with scripting, and what ends each.
RAW = {
    name: re.compile(rf"</{name}(?=[ \t\n\f\r/>])", re.I | re.A)
    for name in ("script", "style", "textarea", "title", "xmp", "iframe", "noembed", "noframes", "noscript")
}
# Everything behind it is text.
NEVER_ENDS = "plaintext"


@dataclass(frozen=True, slots=True)
class Element:
    """A start tag. `name` and the names of `attributes` are in lower case; `text`: of an element of RAW its content."""

    name: str
    attributes: dict[str, str]
    text: str = ""


def elements(html: str, names: frozenset[str]) -> Iterator[Element]:
    """Yield the elements of these names that a browser with scripting would see, in their order.

    Those in comments, in text (`noscript` and `textarea` are) and in `template` are none. One that the page ends in the
    middle of is none either: no browser runs it.
    """
    at = templates = 0
    while opening := OPENING.search(html, at):
        kind = opening.group()
        if not kind[-1].isalpha():
            at = _comment_end(html, opening)
            continue
        tag = _tag(html, opening.end() - 1)
        if tag is None:
            return
        name, said, at = tag
        if kind.startswith("</"):
            templates -= name == "template" and templates > 0
            continue
        templates += name == "template"
        text = ""
        if name in RAW:
            closing = RAW[name].search(html, at)
            if closing is None:
                return
            text, at = html[at : closing.start()], closing.start()
        elif name == NEVER_ENDS:
            return
        if name in names and not templates:
            yield Element(name, _attributes(said), text)


def _comment_end(html: str, opening: re.Match[str]) -> int:
    if opening.group() == "<!--":
        # `<!-->` is a whole one.
        closing = COMMENT_END.search(html, opening.start() + 2)
        return closing.end() if closing else len(html)
    end = html.find(">", opening.end() - 1)
    return end + 1 if end >= 0 else len(html)


def _tag(html: str, start: int) -> tuple[str, str, int] | None:
    """Return a tag's name, what stands in it behind that, and where the text goes on; None where the page ends."""
    name = NAME.match(html, start)
    inside = ATTRIBUTES.match(html, name.end()) if name else None
    if name is None or inside is None or html[inside.end() : inside.end() + 1] != ">":
        return None
    return name.group().lower(), inside.group(), inside.end() + 1


def _attributes(said: str) -> dict[str, str]:
    """Return a tag's attributes; of two of one name the first counts."""
    found: dict[str, str] = {}
    for one in ATTRIBUTE.finditer(said):
        name, value = one.group(1).lower(), (one.group(2) or "").partition("=")[2].strip(" \t\n\f\r")
        if value[:1] in ("'", '"'):
            value = value[1:-1]
        found.setdefault(name, unescape(value))
    return found
