"""API keys as text: how one looks, and the keyed hash that alone is kept of it."""

from apps.core.crypto import derived_keys
from apps.core.hashing import keyed_hash
from apps.core.ids import public_key

PREFIX = "bk_"
LENGTH = 32
SHOWN = 8
INGEST = "ingest"
CHECKS = "checks"  # of sites' installations
SCOPES = (INGEST, CHECKS)


def new_key() -> str:
    """Return a new key. It is shown once; `shown_prefix` and `key_hash` are what may be stored."""
    return public_key(PREFIX, LENGTH)


def shown_prefix(key: str) -> str:
    return key[: len(PREFIX) + SHOWN]


def key_hash(key: str) -> bytes:
    return key_hashes(key)[0]


def key_hashes(key: str) -> list[bytes]:
    """Return the hash under the present server's key, then those under former ones: a key is known by any of them."""
    return [keyed_hash(derived, key) for derived in derived_keys("api-key")]
