"""Changing the server's key, as an operator does."""

from typing import Any

PRESENT = "the-present-key-of-the-server-after-it-was-changed"


def key_change(settings: Any) -> str:
    """Give the server another key, with the one that it had as a former one, which is returned."""
    former = str(settings.SECRET_KEY)
    settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = PRESENT, [former]
    return former


def former_key_drop(settings: Any) -> None:
    settings.SECRET_KEY_FALLBACKS = []
