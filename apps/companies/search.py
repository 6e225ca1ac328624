"""Finding companies by what somebody types: part of a name or domain, without accents, forgiving typos; the best first.

"muller" finds Müller, "Varnhold" finds Varnholt. Letters are taken for what they are: no sign means more than itself.
"""

from dataclasses import dataclass

from .search_index import extensions_missing

LONGEST_SEARCH = 100
_TEXT = "company_folded(company.name || ' ' || company.domain)"
# How well a company fits. Whole beginnings first, then words' beginnings, then parts, then what is nearly so.
_CLOSENESS = f"""
(CASE WHEN company_folded(company.name) LIKE company_folded(%s) || '%%'
        OR company.domain LIKE company_folded(%s) || '%%' THEN 3
      WHEN {_TEXT} LIKE '%% ' || company_folded(%s) || '%%' THEN 2
      WHEN {_TEXT} LIKE '%%' || company_folded(%s) || '%%' THEN 1
      ELSE 0 END)
"""
_known_extensions = {"are_there": False}


@dataclass(frozen=True, slots=True)
class Search:
    """SQL about a table called `company`: what it has to meet, and how well it does (a number, the higher the better).

    Both with their parameters, in order.
    """

    condition: str
    condition_params: tuple[object, ...]
    closeness: str
    closeness_params: tuple[object, ...]


def search_clean(text: str) -> str:
    """Return what was typed as it is searched for; empty for nothing."""
    return " ".join(text.replace("\x00", "").split())[:LONGEST_SEARCH]


def company_search(text: str) -> Search:
    """Return what finds `text`, which isn't empty. No query but, until the extensions are seen, one for them."""
    like = _like(text)
    closeness_params: tuple[object, ...] = (like, like, like, like)
    if not _has_trigrams():
        return Search(f"{_TEXT} LIKE '%%' || company_folded(%s) || '%%'", (like,), _CLOSENESS, closeness_params)
    # `<%%` is an operator of pg_trgm: the text holds words that are like these, by its usual threshold of 0.6.
    condition = f"""company.id IN (
        SELECT company.id FROM company
        WHERE {_TEXT} LIKE '%%' || company_folded(%s) || '%%'
           OR company_folded(%s) OPERATOR(public.<%%) {_TEXT})"""
    closeness = f"({_CLOSENESS} + public.word_similarity(company_folded(%s), {_TEXT}))"
    return Search(condition, (like, text), closeness, (*closeness_params, text))


def _has_trigrams() -> bool:
    """Return whether typos can be forgiven. Extensions that are there stay; those that aren't may come any moment."""
    if not _known_extensions["are_there"]:
        _known_extensions["are_there"] = not extensions_missing()
    return _known_extensions["are_there"]


def _like(text: str) -> str:
    """Return a text in which LIKE finds nothing but itself."""
    return text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
