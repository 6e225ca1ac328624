"""Who a visitor is, without cookie or fingerprint: keyed hashes under a day's salt, different for every site. Pure."""

from functools import lru_cache

from apps.core.hashing import keyed_hash, signed_64

# A visitor sends some ten requests within minutes: nine of ten need no hashing. In memory only, and bounded.
SENDERS_KEPT = 16_384
# As many as a visitor id has: two addresses of one site's day won't share one, and each visit keeps it.
IP_HASH_BYTES = 8


@lru_cache(maxsize=SENDERS_KEPT)
def visitor_id(salt: bytes, *, site_key: str, address: str, user_agent: str) -> int:
    """Return the id of whoever visits a site from this address with this browser on the salt's day."""
    return signed_64(keyed_hash(salt, site_key, address, user_agent))


def given_visitor_id(salt: bytes, *, site_key: str, visitor: str) -> int:
    """Return the id of a visitor whom the client's own server names, on the salt's day."""
    return signed_64(keyed_hash(salt, site_key, "given-visitor", visitor))


@lru_cache(maxsize=SENDERS_KEPT)
def ip_hash(salt: bytes, *, site_key: str, address: str) -> bytes:
    """Return the 8 bytes that stand for an address in the database, for the salt's day and one site."""
    return keyed_hash(salt, site_key, "address", address)[:IP_HASH_BYTES]


def forget() -> None:
    """Drop what is kept of senders: with a destroyed salt it would still tell who they were."""
    visitor_id.cache_clear()
    ip_hash.cache_clear()


def user_id_hash(key: bytes, *, schema: str, user: str) -> bytes:
    """Return what stands for a user's id or e-mail address given by `identify`, within one agency."""
    return keyed_hash(key, schema, "user", user.strip().lower() if "@" in user else user)
