"""Keyed hashes (HMAC-SHA-256): what identifies a person is only ever kept as one of these."""

import hashlib
import hmac

SEPARATOR = b"\x1f"


def keyed_hash(key: bytes, *parts: str | bytes) -> bytes:
    """Return the 32 bytes of HMAC-SHA-256 over `parts`, kept apart by a unit separator."""
    message = SEPARATOR.join([part.encode() if isinstance(part, str) else part for part in parts])
    return hmac.digest(key, message, hashlib.sha256)


def signed_64(digest: bytes) -> int:
    """Return the first 8 bytes as a signed integer, the form of a visitor id in a bigint column."""
    return int.from_bytes(digest[:8], "big", signed=True)
