"""Hourly keys under which addresses and match keys travel from the door to the writer, addresses on to enrichment.

They live in process memory and in "volatile" for 25 hours, never in a file and never beside what they seal: afterwards
nobody can open what the streams' file may still hold. Losing one costs place, network and match keys of some events,
nothing else.
All processes of an installation share an hour's key; the first to need it makes it (SET NX).
"""

import logging
import os
import threading
import time

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from redis.exceptions import RedisError

from apps.core import clock
from apps.core.crypto import KEY_BYTES, NONCE_BYTES
from apps.core.hashing import keyed_hash

from . import valkey
from .loading import NotLoaded

logger = logging.getLogger(__name__)

KEPT_HOURS = 25
HOUR_MS = 3_600_000
# How long "there is no such key" is believed: it may have been made by a process that couldn't share it yet.
ABSENT_SECONDS = 30.0
# So many of an hour's sealed addresses stay at hand: a visitor's requests come within minutes of each other.
SEALED_KEPT = 16_384
# What is sealed for one purpose can't be passed off as the other.
ADDRESS, MATCH = None, b"match keys"


class HourKey:
    """An hour's key. `is_shared`: the other processes have it too, as far as is known."""

    def __init__(self, secret: bytes, *, is_shared: bool) -> None:
        self.secret = secret
        self.is_shared = is_shared
        self.cipher = AESGCM(secret)
        self._sealed: dict[bytes, bytes] = {}

    def seal(self, clear: bytes, context: bytes | None) -> bytes:
        nonce = os.urandom(NONCE_BYTES)
        return nonce + self.cipher.encrypt(nonce, clear, context)

    def seal_beside(self, address: str, digest: bytes) -> bytes:
        """Return the address sealed; for a while in the same bytes beside the same `digest`, which tells as much."""
        sealed = self._sealed.get(digest)
        if sealed is None:
            if len(self._sealed) >= SEALED_KEPT:
                self._sealed = {}
            sealed = self._sealed[digest] = self.seal(address.encode(), ADDRESS)
        return sealed


_keys: dict[int, HourKey] = {}
_absent: dict[int, float] = {}
_lock = threading.Lock()


def hour_of(milliseconds: int) -> int:
    return milliseconds // HOUR_MS


def seal_address(address: str, hour: int) -> bytes:
    """Return the address, sealed under the hour's key. Raises NotLoaded."""
    return _key(hour).seal(address.encode(), ADDRESS)


def seal_beside(address: str, digest: bytes, hour: int) -> bytes:
    """Return the address, sealed under the hour's key, as it travels beside its hash `digest`. Raises NotLoaded."""
    return _key(hour).seal_beside(address, digest)


def open_address(sealed: bytes, hour: int) -> str:
    """Return the address in clear; empty where its key is gone or can't be had now. May ask "volatile"."""
    try:
        return _open(sealed, hour, ADDRESS).decode()
    except ValueError:
        return ""


def seal_match(clear: bytes, hour: int) -> bytes:
    """Return an event's match keys, sealed under the hour's key. Raises NotLoaded."""
    return _key(hour).seal(clear, MATCH)


def open_match(sealed: bytes, hour: int) -> bytes:
    """Return an event's match keys in clear; empty where their key is gone or can't be had. May ask "volatile"."""
    return _open(sealed, hour, MATCH)


def passing_key(purpose: str, hour: int) -> bytes:
    """Return a key for a passing purpose (salt of a day that has none any more, names of limits), gone with the hour's.

    The same in all processes. Raises NotLoaded.
    """
    return keyed_hash(_key(hour).secret, "passing", purpose)


def load(hour: int) -> None:
    """Have the hour's key at hand: the shared one, or one of our own until "volatile" is back."""
    own = _keys.get(hour)
    secret = own.secret if own else os.urandom(KEY_BYTES)
    try:
        shared = _share(hour, secret)
    except RedisError as error:
        logger.warning("The sealing key of hour %s isn't shared yet: %s", hour, type(error).__name__)
        shared = None
    with _lock:
        _keys[hour] = HourKey(shared or secret, is_shared=shared is not None)
    _absent.pop(hour, None)


def keep(now_ms: int | None = None) -> None:
    """Forget old keys, share what isn't shared, and have the next hour's key before it is needed."""
    now_ms = clock.now_ms() if now_ms is None else now_ms
    hour = hour_of(now_ms)
    forget_old(now_ms)
    wanted = [known for known, key in list(_keys.items()) if not key.is_shared]
    if hour not in _keys:
        wanted.append(hour)
    if hour_of(now_ms + 5 * 60_000) not in _keys:
        wanted.append(hour + 1)
    for missing in dict.fromkeys(wanted):
        load(missing)


def forget_old(now_ms: int | None = None) -> None:
    """Drop the keys from this process' memory that "volatile" doesn't keep any more either."""
    hour = hour_of(clock.now_ms() if now_ms is None else now_ms)
    with _lock:
        for old in [known for known in _keys if known < hour - KEPT_HOURS]:
            del _keys[old]


def forget_all() -> None:
    """Drop all keys from this process' memory."""
    with _lock:
        _keys.clear()
    _absent.clear()


def _open(sealed: bytes, hour: int, context: bytes | None) -> bytes:
    key = _keys.get(hour) or _fetch(hour)
    if key is None or not sealed:
        return b""
    try:
        return key.cipher.decrypt(sealed[:NONCE_BYTES], sealed[NONCE_BYTES:], context)
    except (InvalidTag, ValueError):
        return b""


def _key(hour: int) -> HourKey:
    key = _keys.get(hour)
    if key is None:
        raise NotLoaded(lambda: load(hour))
    return key


def _share(hour: int, secret: bytes) -> bytes:
    """Offer our key to the others and return the one that holds."""
    name = f"beacon:seal:{hour}"
    if valkey.volatile().set(name, secret, nx=True, ex=KEPT_HOURS * 3600):
        return secret
    return valkey.get_bytes(name) or secret


def _fetch(hour: int) -> HourKey | None:
    if time.monotonic() < _absent.get(hour, 0.0):
        return None
    try:
        held = valkey.get_bytes(f"beacon:seal:{hour}")
    except RedisError as error:
        logger.warning("The sealing key of hour %s can't be had: %s", hour, type(error).__name__)
        held = None
    if not held:
        _absent.clear()
        _absent[hour] = time.monotonic() + ABSENT_SECONDS
        return None
    with _lock:
        return _keys.setdefault(hour, HourKey(held, is_shared=True))
