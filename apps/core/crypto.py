"""Sealing: AES-256-GCM for what must be readable again (addresses on their way, wrapped salts, secrets at rest)."""

import os
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


@lru_cache(maxsize=32)
def derived_key(purpose: str) -> bytes:
    """Return the 32-byte key for `purpose`, derived by HKDF-SHA-256 from BEACON_SECRET_KEY, which no database holds."""
    kdf = HKDF(algorithm=SHA256(), length=KEY_BYTES, salt=None, info=f"beacon:{purpose}".encode())
    return kdf.derive(settings.SECRET_KEY.encode())


def seal(key: bytes, clear: bytes, context: bytes = b"") -> bytes:
    """Return nonce + AES-GCM ciphertext of `clear`. `context` must be given again to open it; it isn't stored."""
    nonce = os.urandom(NONCE_BYTES)
    return nonce + AESGCM(key).encrypt(nonce, clear, context)


def unseal(key: bytes, sealed: bytes, context: bytes = b"") -> bytes:
    """Return the clear text. Raises SealBroken where key, context or text don't belong together."""
    try:
        return AESGCM(key).decrypt(sealed[:NONCE_BYTES], sealed[NONCE_BYTES:], context)
    except (InvalidTag, ValueError) as error:
        raise SealBroken("can't be opened with this key") from error
