"""Sealing: AES-256-GCM for what must be readable again (addresses on their way, wrapped salts, secrets at rest).

Sealed is with the present server's key alone, opened with that or a former one (BEACON_SECRET_KEY_FALLBACKS).
"""

import os
from contextlib import suppress
from functools import lru_cache

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings

NONCE_BYTES = 12
KEY_BYTES = 32


class SealBroken(ValueError):
    """The sealed text was changed, belongs to another purpose, or its key is gone."""


def derived_key(purpose: str) -> bytes:
    """Return the 32-byte key for `purpose`, derived by HKDF-SHA-256 from BEACON_SECRET_KEY, which no database holds."""
    return _derived(settings.SECRET_KEY, purpose)


def derived_keys(purpose: str) -> list[bytes]:
    """Return the present key for `purpose`, then those that follow from the server's former keys, newest first."""
    return [_derived(secret, purpose) for secret in (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS)]


def seal(purpose: str, clear: bytes, context: bytes = b"") -> bytes:
    """Return nonce + AES-GCM ciphertext of `clear`. `context` must be given again to open it; it isn't stored."""
    nonce = os.urandom(NONCE_BYTES)
    return nonce + AESGCM(derived_key(purpose)).encrypt(nonce, clear, context)


def unseal(purpose: str, sealed: bytes | memoryview, context: bytes = b"") -> bytes:
    """Return the clear text. Raises SealBroken where purpose, context or text don't belong together, or to any key."""
    return _opened(purpose, bytes(sealed), context)[1]


def seal_anew(purpose: str, sealed: bytes | memoryview, context: bytes = b"") -> bytes | None:
    """Return sealed with the present key what a former one sealed; None where it is. Raises SealBroken."""
    key, clear = _opened(purpose, bytes(sealed), context)
    return None if key == derived_key(purpose) else seal(purpose, clear, context)


def _opened(purpose: str, sealed: bytes, context: bytes) -> tuple[bytes, bytes]:
    """Return the key that opens it, and the clear text."""
    for key in derived_keys(purpose):
        with suppress(InvalidTag, ValueError):
            return key, AESGCM(key).decrypt(sealed[:NONCE_BYTES], sealed[NONCE_BYTES:], context)
    raise SealBroken("can't be opened with the server's key or a former one")


@lru_cache(maxsize=128)
def _derived(secret: str, purpose: str) -> bytes:
    kdf = HKDF(algorithm=SHA256(), length=KEY_BYTES, salt=None, info=f"beacon:{purpose}".encode())
    return kdf.derive(secret.encode())
