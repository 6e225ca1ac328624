"""Page addresses without click ids: whose click it was is told in a field of its own, to the one who sold it. Pure."""

from urllib.parse import unquote_plus, urlsplit, urlunsplit

from apps.tracking.steps.acquisition import CLICK_IDS


def url_without_click_ids(url: str) -> str:
    parts = urlsplit(url)
    return urlunsplit(parts._replace(query=query_without_click_ids(parts.query)))


def query_without_click_ids(query: str) -> str:
    """Return a query without click ids, however their names are written; the rest as it stands."""
    return "&".join(pair for pair in query.split("&") if _name(pair) not in CLICK_IDS)


def _name(pair: str) -> str:
    return unquote_plus(pair.partition("=")[0]).strip().lower()
