"""Signing secrets across a rotation: for a day the ones before sign along, and a receiver changes over when it likes.

They lie beside the new one among the sealed secrets, each by the moment until which it signs. Pure.
Source: Standard Webhooks, "Webhook headers" (zero downtime secret rotation).
"""

from collections.abc import Mapping
from datetime import datetime, timedelta

OVERLAP = timedelta(hours=24)
SECRET = "secret"
BEFORE = "secret_until "  # and the moment, in ISO 8601
# Nobody changes it more often in a day, and each adds 48 bytes to a header.
MOST_BEFORE = 10


def rotated(before: Mapping[str, str], after: Mapping[str, str], now: datetime) -> dict[str, str]:
    """Return all secrets after a change: of `before` the one that was replaced, which signs for a day more."""
    kept = dict(retiring(before, now))
    held, new = before.get(SECRET, ""), after.get(SECRET, "")
    if held and held != new:
        kept[held] = now + OVERLAP
    kept.pop(new, None)
    latest = sorted(kept.items(), key=lambda one: one[1], reverse=True)[:MOST_BEFORE]
    found = {name: secret for name, secret in after.items() if not name.startswith(BEFORE)}
    for number, (secret, until) in enumerate(latest):
        # The number keeps apart what was changed in the same moment.
        found[f"{BEFORE}{until.isoformat()} {number}"] = secret
    return found


def retiring(secrets: Mapping[str, str], now: datetime) -> list[tuple[str, datetime]]:
    """Return secrets before the present one that still sign, each with until when; the latest first."""
    moments = {
        secret: datetime.fromisoformat(name.removeprefix(BEFORE).partition(" ")[0])
        for name, secret in secrets.items()
        if name.startswith(BEFORE)
    }
    return sorted(
        ((secret, until) for secret, until in moments.items() if now < until), key=lambda one: one[1], reverse=True
    )


def in_force(secrets: Mapping[str, str], now: datetime) -> list[str]:
    """Return the secrets to sign with, the present one first."""
    return [secrets[SECRET], *(secret for secret, _ in retiring(secrets, now))]
