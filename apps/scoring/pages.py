"""Which rules' page patterns an address fits, remembered. Pure.

Companies of a site read the same pages: one matcher for a set of rules, kept by `matcher_of`, asks each address once.
"""

import re
from collections.abc import Hashable, Sequence
from functools import lru_cache

from apps.sites.goals.patterns import Page, Pattern, pattern_read

from .rules import Rule

# Addresses that one matcher remembers before it starts anew.
MOST_REMEMBERED = 10_000


class PageMatcher:
    """Says of a page which rules have a pattern that it fits, by their place among the rules."""

    def __init__(self, rules: Sequence[Rule]) -> None:
        patterns = [(index, pattern_read(text)) for index, rule in enumerate(rules) for text in rule.match.pages]
        self._patterns = [(index, _sure_part(pattern), pattern) for index, pattern in patterns]
        self._asks_host = any(one.has_host for _, one in patterns)
        self._asks_more = any(one.has_query or one.has_fragment for _, one in patterns)
        self._remembered: dict[Hashable, tuple[int, ...]] = {}

    def rules_of(self, page: Page) -> tuple[int, ...]:
        key: Hashable = page if self._asks_more else page[:2] if self._asks_host else page.path
        found = self._remembered.get(key)
        if found is None:
            if len(self._remembered) >= MOST_REMEMBERED:
                self._remembered.clear()
            found = self._remembered[key] = self._asked(page)
        return found

    def _asked(self, page: Page) -> tuple[int, ...]:
        # What stands between a pattern's stars has to be in the address: far cheaper to ask than the pattern itself.
        text = f"{page.host}{page.path}?{page.query}#{page.fragment}".lower()
        is_plain = text.isascii()
        found: list[int] = []
        for index, part, pattern in self._patterns:
            if (not found or found[-1] != index) and (part in text or not is_plain) and pattern.matches(page):
                found.append(index)
        return tuple(found)


@lru_cache(maxsize=16)
def matcher_of(rules: tuple[Rule, ...]) -> PageMatcher:
    """Return the matcher of these rules; the same for all that have the same."""
    return PageMatcher(rules)


def _sure_part(pattern: Pattern) -> str:
    """Return the longest piece without a star, which any page that fits has in its address; "" where none is sure.

    Of an address with letters beyond ASCII that doesn't hold: they may be written in two ways.
    """
    # The query may stand between the two parts of a pattern that has a fragment alone.
    pieces = [piece.strip("/") for piece in re.split(r"[*?#]", pattern.text.lower())]
    return max((piece for piece in pieces if piece.isascii()), key=len, default="")
