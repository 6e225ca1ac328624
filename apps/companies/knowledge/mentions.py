"""Who is meant by the names behind an @ in a note, and how a note is shown. Pure."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from django.utils.html import format_html, urlize
from django.utils.safestring import SafeString, mark_safe

from .people import Colleague


@dataclass(frozen=True, slots=True)
class Mention:
    """Letters `start` to `end` of a text, the @ included, and who they name."""

    start: int
    end: int
    people: tuple[Colleague, ...]


def mentions_in(text: str, people: Sequence[Colleague]) -> list[Mention]:
    """Return who a text names: by full name, by e-mail address, or by a first name that only one of them has.

    Capitals don't matter. Of several names that fit, the longest; who has the same name is meant along.
    """
    named = _names(people)
    if not named:
        return []
    longest_first = sorted(named, key=len, reverse=True)
    pattern = re.compile(rf"(?<![\w@.])@({'|'.join(map(re.escape, longest_first))})(?!\w)", re.IGNORECASE)
    return [
        Mention(found.start(), found.end(), named[found[1].casefold()])
        for found in pattern.finditer(text)
        if found[1].casefold() in named
    ]


def note_html(text: str, people: Sequence[Colleague]) -> SafeString:
    """Return a note as safe HTML: lines kept, addresses of pages as links, names of people marked."""
    parts, reached = [], 0
    for mention in mentions_in(text, people):
        parts.append(_plain(text[reached : mention.start]))
        parts.append(format_html('<b class="mention">{}</b>', text[mention.start : mention.end]))
        reached = mention.end
    parts.append(_plain(text[reached:]))
    # Each part is escaped where it is made.
    return mark_safe("".join(parts))


def _plain(text: str) -> str:
    return urlize(text, nofollow=True, autoescape=True).replace("\n", "<br>")


def _names(people: Sequence[Colleague]) -> dict[str, tuple[Colleague, ...]]:
    named: dict[str, tuple[Colleague, ...]] = {}
    for one in people:
        for name in {one.name.casefold(), one.email.casefold()}:
            named[name] = (*named.get(name, ()), one)
    firsts: dict[str, list[Colleague]] = {}
    for one in people:
        first, _, rest = one.name.casefold().partition(" ")
        if rest and "@" not in first:
            firsts.setdefault(first, []).append(one)
    for first, same in firsts.items():
        if len(same) == 1:
            named.setdefault(first, tuple(same))
    return named
