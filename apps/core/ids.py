"""Identifiers: time-ordered UUIDs and public keys."""

import os
import secrets
import time
import uuid

KEY_ALPHABET = "abcdefghjkmnpqrstuvwxyz23456789"


def uuid7(milliseconds: int | None = None, *, random_bytes: bytes | None = None) -> uuid.UUID:
    """Return a UUIDv7 (RFC 9562, 5.7) of `milliseconds` since 1970, by default now.

    Time-ordered, so that an index grows at its right edge instead of all over. `random_bytes` are its 10 random bytes
    where the same id must come out again.
    """
    at = time.time_ns() // 1_000_000 if milliseconds is None else milliseconds
    value = (at & 0xFFFFFFFFFFFF) << 80 | int.from_bytes(random_bytes or os.urandom(10))
    value = value & ~(0xF << 76) | 0x7 << 76
    value = value & ~(0x3 << 62) | 0x2 << 62
    return uuid.UUID(int=value)


def public_key(prefix: str = "", length: int = 16) -> str:
    """Return a random key without letters that are mistaken for each other (79 bits for 16 characters)."""
    return prefix + "".join(secrets.choice(KEY_ALPHABET) for _ in range(length))
