"""Take a page's address apart and keep what may be kept: host, path, the parameters of the allow-list, a hash route.
Pure.
"""

import re
from functools import lru_cache
from typing import NamedTuple

from .acquisition import CLICK_IDS

# Everything else in a query may hold anything (search words, names, tokens) and is left out before anything is stored.
UTM = ("utm_source", "utm_medium", "utm_campaign", "utm_term", "utm_content", "utm_id")
ALLOWED_PARAMETERS = frozenset((*UTM, *CLICK_IDS, "ref", "source"))

URL = re.compile(r"(https?)://([^/?#\\\s]+)(/[^?#]*)?(?:\?([^#]*))?(?:#(.*))?", re.I | re.S)
REFERRER = re.compile(r"(https?|android-app|ios-app)://([^/?#\\\s]+)(/[^?#]*)?", re.I | re.S)
HOST = re.compile(r"(?:[^\W_](?:[\w-]*\w)?\.)*[\w-]+\.?|\[[0-9a-f:.]+\]", re.I)
MAX_HOST = 253
MAX_QUERY = 1024
CACHED = 4096


class PageUrl(NamedTuple):
    """An address taken apart. `query` and `fragment` without their `?` and `#`."""

    host: str
    path: str
    query: str
    fragment: str


@lru_cache(maxsize=CACHED)
def page_url(url: str, *, has_hash_routes: bool = False) -> PageUrl | None:
    """Return the parts of an absolute http(s) address that are kept; None where it isn't one."""
    found = URL.fullmatch(url.strip())
    host = host_of(found[2]) if found else ""
    if not found or not host:
        return None
    return PageUrl(host, found[3] or "/", allowed_query(found[4] or ""), (found[5] or "") if has_hash_routes else "")


def host_of(authority: str) -> str:
    """Return the host of `user:password@host:port` in lower case; empty where it is none."""
    host = authority.rpartition("@")[2].lower()
    host = host.partition("]")[0] + "]" if host.startswith("[") else host.partition(":")[0]
    return host.rstrip(".") if len(host) <= MAX_HOST and HOST.fullmatch(host) else ""


def allowed_query(query: str) -> str:
    """Return the allowed parameters of a query, as they were written."""
    if not query:
        return ""
    pairs = (pair for pair in query.split("&") if pair.partition("=")[0].lower() in ALLOWED_PARAMETERS)
    return "&".join(pairs)[:MAX_QUERY]


@lru_cache(maxsize=CACHED)
def kept_referrer(referrer: str) -> str:
    """Return scheme, host and path of a referrer: sources are told by no more. Empty where it isn't an address."""
    found = REFERRER.match(referrer.strip())
    host = host_of(found[2]) if found else ""
    return f"{found[1].lower()}://{host}{found[3] or ''}" if found and host else ""
