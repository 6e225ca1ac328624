"""Rules on page views: which pages, no others beside, how deep scrolled, how long read."""

from collections.abc import Iterator

from apps.core import formats

from ..ordered import Ordered
from ..rules import Match, Rule
from .base import GoalNames, Hit, Kind, on_pages_words, pages_words


def _page_words(match: Match, _: GoalNames) -> str:
    return f"a view of {pages_words(match)}"


def _page_hits(_: Rule, index: int, ordered: Ordered) -> Iterator[Hit]:
    for view in ordered.views_fitting.get(index, ()):
        yield Hit(view.at, view.visit_id, view)


def _only_words(match: Match, _: GoalNames) -> str:
    return f"a visit to {pages_words(match)} and no other page"


def _only_hits(_: Rule, index: int, ordered: Ordered) -> Iterator[Hit]:
    """Find visits as they ended: the hit is the last page view, evidence too."""
    fitting = {view.id for view in ordered.views_fitting.get(index, ())}
    if not fitting:
        return
    hits = []
    for visit_id, views in ordered.views_in.items():
        if all(view.id in fitting for view in views):
            hits.append(Hit(views[-1].at, visit_id, views[-1]))
    yield from sorted(hits, key=lambda hit: (hit.at, hit.visit_id))


def _scroll_words(match: Match, _: GoalNames) -> str:
    return f"{match.percent}% or more of {pages_words(match) or 'a page'} scrolled"


def _scroll_hits(rule: Rule, index: int, ordered: Ordered) -> Iterator[Hit]:
    views = ordered.views_fitting.get(index, ()) if rule.match.pages else ordered.views
    for view in views:
        if view.scroll_percent >= rule.match.percent:
            yield Hit(view.at, view.visit_id, view)


def _engaged_words(match: Match, _: GoalNames) -> str:
    return f"{formats.duration(match.seconds)} or more engaged with a page{on_pages_words(match)}"


def _engaged_hits(rule: Rule, index: int, ordered: Ordered) -> Iterator[Hit]:
    views = ordered.views_fitting.get(index, ()) if rule.match.pages else ordered.views
    for view in views:
        if view.engaged_ms >= rule.match.seconds * 1000:
            yield Hit(view.at, view.visit_id, view)


PAGE = Kind("Page viewed", "Each view of a page whose address fits.", ("pages",), ("pages",), _page_words, _page_hits)
ONLY_PAGES = Kind(
    "Only these pages seen",
    "Each visit that saw pages whose addresses fit, and no other. For visits that are about something else, with"
    " negative points: careers, support, the press.",
    ("pages",),
    ("pages",),
    _only_words,
    _only_hits,
)
SCROLL = Kind(
    "Scrolled down",
    "Each page view scrolled at least so deep.",
    ("percent", "pages"),
    ("percent",),
    _scroll_words,
    _scroll_hits,
)
ENGAGED = Kind(
    "Time engaged",
    "Each page view with at least so many seconds in which the page was visible and its visitor active.",
    ("seconds", "pages"),
    ("seconds",),
    _engaged_words,
    _engaged_hits,
)
