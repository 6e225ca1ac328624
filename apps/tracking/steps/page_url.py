"""Take a page's address apart and keep what may be kept: host, path, the parameters of the allow-list, a hash route.
Pure.
"""

import re
from functools import lru_cache
from typing import NamedTuple
from urllib.parse import unquote

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
def page_url(url: str, *, has_hash_routes: bool = False, parameters: tuple[str, ...] = ()) -> PageUrl | None:
    """Return the parts of an absolute http(s) address that are kept; None where it isn't one.

    `parameters`: what the site keeps beside ALLOWED_PARAMETERS, in lower case.
    """
    found = URL.fullmatch(url.strip())
    host = host_of(found[2]) if found else ""
    if not found or not host:
        return None
    fragment = hash_route(found[5] or "", parameters) if has_hash_routes else ""
    return PageUrl(host, found[3] or "/", allowed_query(found[4] or "", parameters), fragment)


def host_of(authority: str) -> str:
    """Return the host of `user:password@host:port` in lower case; empty where it is none."""
    host = authority.rpartition("@")[2].lower()
    host = host.partition("]")[0] + "]" if host.startswith("[") else host.partition(":")[0]
    return host.rstrip(".") if len(host) <= MAX_HOST and HOST.fullmatch(host) else ""


def allowed_query(query: str, parameters: tuple[str, ...] = ()) -> str:
    """Return the allowed parameters of a query, as they were written; none that doesn't fit whole."""
    if not query:
        return ""
    kept: list[str] = []
    room = MAX_QUERY
    for pair in query.split("&"):
        name = pair.partition("=")[0].lower()
        if name not in ALLOWED_PARAMETERS and not (parameters and plain_name(name) in parameters):
            continue
        room -= len(pair) + 1
        if room < -1:  # half a value could be half an e-mail address, which nothing would find
            break
        kept.append(pair)
    return "&".join(kept)


def plain_name(name: str) -> str:
    """Return a parameter's name as people write it: `filter[color]` comes as `filter%5Bcolor%5D` too."""
    return unquote(name).lower() if "%" in name else name


def hash_route(fragment: str, parameters: tuple[str, ...] = ()) -> str:
    """Return what is kept of a hash route: its path, and of its query what would be kept of the page's own."""
    path, _, query = fragment.partition("?")
    kept = allowed_query(query, parameters)
    return f"{path}?{kept}" if kept else path


@lru_cache(maxsize=CACHED)
def kept_referrer(referrer: str) -> str:
    """Return scheme, host and path of a referrer: sources are told by no more. Empty where it isn't an address."""
    found = REFERRER.match(referrer.strip())
    host = host_of(found[2]) if found else ""
    return f"{found[1].lower()}://{host}{found[3] or ''}" if found and host else ""


def kept_link(href: str) -> str:
    """Return a link's target as a referrer is kept, where it leads to the web; mail and telephone as written."""
    return kept_referrer(href) or href
