"""A destination's secrets: sealed where they are kept, in clear only for as long as a request is made, else masked."""

import json
from collections.abc import Mapping

from apps.core.crypto import seal, unseal

PURPOSE = "destination secrets"
DOTS = "••••"
SHOWN = 4
# Of a short one four letters would be too much of it.
SHORT = 12


def secrets_seal(secrets: Mapping[str, str]) -> bytes:
    return seal(PURPOSE, json.dumps(dict(secrets)).encode(), PURPOSE.encode())


def secrets_open(sealed: bytes | memoryview) -> dict[str, str]:
    """Return secrets in clear. Raises SealBroken where the operator's key is another one by now."""
    return {str(k): str(v) for k, v in json.loads(unseal(PURPOSE, sealed, PURPOSE.encode())).items()}


def secret_hint(secret: str) -> str:
    """Return what may be shown of a secret: its last letters, by which a person tells two apart."""
    return DOTS + secret[-SHOWN:] if len(secret) >= SHORT else DOTS
