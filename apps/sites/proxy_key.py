"""The key by which a client's reverse proxy shows that it may name the visitor's address, for one site and no other.

Nothing is stored: the key is the site's own with a keyed hash under BEACON_SECRET_KEY. Whoever gets hold of it can make
up visitors' addresses on that site, which with many addresses of their own they could as well.
"""

import hmac
from base64 import urlsafe_b64encode
from functools import lru_cache

from apps.core.crypto import derived_key, derived_keys
from apps.core.hashing import keyed_hash

PROXY_HEADER, ADDRESS_HEADER = "Beacon-Proxy-Key", "Beacon-Client-Address"
PURPOSE = "first-party-proxy"
MAC_BYTES = 18
MAX_LENGTH = 64


def proxy_key(site_key: str) -> str:
    return _proxy_key(derived_key(PURPOSE), site_key)


def site_of_proxy(key: str) -> str:
    """Return the site key that a proxy's key is good for, by the server's key or a former one; empty: none of ours."""
    return _site_of(key) if len(key) <= MAX_LENGTH else ""


@lru_cache(maxsize=4096)
def _site_of(key: str) -> str:
    site_key = key.rpartition(".")[0]
    ours = [_proxy_key(derived, site_key).encode() for derived in derived_keys(PURPOSE)]
    return site_key if any(hmac.compare_digest(key.encode(), one) for one in ours) else ""


def _proxy_key(key: bytes, site_key: str) -> str:
    return f"{site_key}.{urlsafe_b64encode(keyed_hash(key, site_key)[:MAC_BYTES]).decode()}"
