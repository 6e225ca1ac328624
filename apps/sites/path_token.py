"""A site's own path: one neutral word under which tracker, events and extras are all served.

Lists of blockers know the usual addresses; a word that each site has for itself is on none. Nothing is stored: the word
is a keyed hash of the site key, followed by a check of itself, so that a door knows it for one of ours without asking.
"""

import hmac
import re
from base64 import b32encode
from functools import lru_cache

from apps.core.crypto import derived_key, derived_keys
from apps.core.hashing import keyed_hash

PURPOSE = "path-token"
# Each half: 5 bytes, which are 8 letters.
HALF_BYTES = 5
SHAPE = re.compile(r"[a-z2-7]{16}")
LENGTH = 16


@lru_cache(maxsize=4096)
def path_token(site_key: str) -> str:
    """Return the 16 letters and digits of a site's path."""
    key = derived_key(PURPOSE)
    name = _word(key, "name", site_key)
    return name + _word(key, "check", name)


def is_path_token(text: str) -> bool:
    """Return whether `text` is some site's path, by the server's key or a former one."""
    return len(text) == LENGTH and SHAPE.fullmatch(text) is not None and _is_ours(text)


@lru_cache(maxsize=4096)
def _is_ours(text: str) -> bool:
    name, check = text[: LENGTH // 2], text[LENGTH // 2 :]
    return any(hmac.compare_digest(check, _word(key, "check", name)) for key in derived_keys(PURPOSE))


def _word(key: bytes, what: str, text: str) -> str:
    return b32encode(keyed_hash(key, what, text)[:HALF_BYTES]).decode().lower()
