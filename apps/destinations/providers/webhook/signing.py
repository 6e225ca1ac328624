"""Signatures of Standard Webhooks. Source: its spec/standard-webhooks.md on GitHub, "Signature scheme"."""

import base64
import hashlib
import hmac
import os
from collections.abc import Sequence

PREFIX = "whsec_"
SECRET_BYTES = 32
LEAST_BYTES, MOST_BYTES = 24, 64


def secret_make() -> str:
    """Return a new secret, as it is shown."""
    return PREFIX + base64.b64encode(os.urandom(SECRET_BYTES)).decode()


def secret_read(secret: str) -> bytes:
    """Return a secret's key. Raises ValueError, in words, for what isn't one."""
    try:
        key = base64.b64decode(secret.strip().removeprefix(PREFIX), validate=True)
    except ValueError:
        raise ValueError("A signing secret is whsec_ and base64 after it") from None
    if not LEAST_BYTES <= len(key) <= MOST_BYTES:
        raise ValueError(f"A signing secret stands for {LEAST_BYTES} to {MOST_BYTES} bytes; this one for {len(key)}")
    return key


def signatures(secrets: Sequence[str], *, message_id: str, timestamp: int, body: bytes) -> str:
    """Return the value of `webhook-signature`: one for each secret, so that a receiver may hold either."""
    content = f"{message_id}.{timestamp}.".encode() + body
    found = [hmac.new(secret_read(secret), content, hashlib.sha256).digest() for secret in secrets]
    return " ".join(f"v1,{base64.b64encode(one).decode()}" for one in found)
