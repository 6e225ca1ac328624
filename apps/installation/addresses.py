"""Which page a check opens: what somebody wrote, or the site's first domain."""

from urllib.parse import urlsplit

from apps.core.errors import Refused
from apps.sites.models import Site

from .written import is_clean

MOST = 2000
LOCAL = frozenset({"localhost", "127.0.0.1", "[::1]"})


def page_url(site: Site, written: str = "") -> str:
    """Return the address of the page to check. Raises Refused with a sentence for people."""
    text = "".join(written.split()) or _home(site)
    if not text:
        raise Refused("The site has no domain yet: add one to its settings, or write a page’s address.")
    if "://" not in text:
        host = text.partition("/")[0].partition(":")[0].lower()
        text = f"{'http' if host in LOCAL else 'https'}://{text}"
    try:
        parts = urlsplit(text)
        is_good = parts.scheme in ("http", "https") and bool(parts.hostname) and (parts.port is None or parts.port > 0)
    except ValueError:
        is_good = False
    if not is_good or len(text) > MOST or not is_clean(text):
        raise Refused("Write the address of a page, such as https://kestrel.example/prices.")
    if parts.username or parts.password:
        raise Refused("Write the address without user name and password.")
    return parts._replace(path=parts.path or "/", fragment="").geturl()


def _home(site: Site) -> str:
    return str(site.domains.values_list("host", flat=True).first() or "")
