"""What pages write, made fit to be worked with: addresses that are none, letters that no table takes. Pure."""

import re
from typing import Any
from urllib.parse import SplitResult, urljoin, urlsplit

MOST_ADDRESS = 8000
# Control characters, and halves of surrogate pairs, which are no text: PostgreSQL takes neither NUL nor those.
UNFIT = re.compile("[\x00-\x08\x0b-\x1f\x7f\ud800-\udfff]")
NOWHERE = SplitResult("", "", "", "", "")


def joined(base: str, address: str) -> str:
    """Return an address as it is meant on a page at `base`; empty where it is none, or longer than any is."""
    if len(address) > MOST_ADDRESS or len(base) > MOST_ADDRESS:
        return ""
    try:
        whole = urljoin(base, address)
        _ = urlsplit(whole).port
    except ValueError:
        return ""
    return whole


def parts_of(url: str) -> SplitResult:
    """Return an address' parts; empty ones where it is none, its port among them."""
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError:
        return NOWHERE
    return parts


def is_clean(text: str) -> bool:
    """Return whether a text can be stored as it is."""
    return UNFIT.search(text) is None


def clean(value: Any) -> Any:
    """Return a text, or what is made of texts (lists, tuples, dicts), with U+FFFD for whatever can't be stored."""
    if isinstance(value, str):
        return UNFIT.sub("\ufffd", value)
    if isinstance(value, dict):
        return {clean(key): clean(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [clean(inner) for inner in value]
    return value
