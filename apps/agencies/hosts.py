"""Hosts and addresses: which host is the public one, which are agencies', and links from one to the other."""

from urllib.parse import urlencode

from django.conf import settings
from django.utils.http import url_has_allowed_host_and_scheme

# Names that no agency may take: they are or will be ours.
RESERVED_SLUGS = frozenset(
    {
        "account", "admin", "api", "app", "assets", "beacon", "blog", "cdn", "docs", "help", "ingest", "login", "mail",
        "ns", "public", "signup", "smtp", "static", "status", "support", "test", "track", "www",
    }
)  # fmt: skip
LOOPBACK_HOSTS = frozenset({"127.0.0.1", "::1"})


def host_without_port(host: str) -> str:
    """Return the lower-case host of a Host header: `[::1]:8000` -> `::1`."""
    if host.startswith("["):
        return host[1:].partition("]")[0].lower()
    return host.partition(":")[0].lower().rstrip(".")


def is_public_host(host: str) -> bool:
    """Return whether `host` (without port) shows the public pages. Scripts come by address."""
    return host in {settings.BEACON_PUBLIC_HOST, f"www.{settings.BEACON_PUBLIC_HOST}"} or host in LOOPBACK_HOSTS


def agency_host(slug: str) -> str:
    return f"{slug}.{settings.BEACON_PUBLIC_HOST}"


def public_url(path: str = "/", **query: str) -> str:
    return _url(settings.BEACON_PUBLIC_HOST, path, query)


def agency_url(slug: str, path: str = "/", **query: str) -> str:
    return _url(agency_host(slug), path, query)


def safe_path(path: str) -> str:
    """Return `path` where it leads to a page of the same host, else `/`: nobody is sent elsewhere by a link of ours."""
    is_safe = path.startswith("/") and url_has_allowed_host_and_scheme(path, allowed_hosts=None)
    return path if is_safe else "/"


def _url(host: str, path: str, query: dict[str, str]) -> str:
    scheme = settings.BEACON_SCHEME
    is_default = {"http": 80, "https": 443}[scheme] == settings.BEACON_URL_PORT
    port = "" if is_default else f":{settings.BEACON_URL_PORT}"
    return f"{scheme}://{host}{port}{path}" + (f"?{urlencode(query)}" if query else "")
