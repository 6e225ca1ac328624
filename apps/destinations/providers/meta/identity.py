"""Whom Meta may recognise: `user_data`, its form, and what is too little of it. Pure.

Sources: developers.facebook.com/documentation/ads-commerce/conversions-api, "Customer information parameters", "fbp and
fbc", "Best practices" (which sets are too weak).
"""

import hashlib
import re
from typing import Any

from ...occurrences import Message, Occurrence
from ..base import MatchQuality, Problem

SHA256_HEX = re.compile(r"[0-9a-f]{64}")
# `fb.{subdomainIndex}.{ms}.`: 0 to 2, and milliseconds. Meta's builder library appends a short suffix to both.
FBP = re.compile(r"fb\.[0-2]\.[0-9]{13}\.[0-9]{1,20}(?:\.[\w-]{1,16})?", re.ASCII)
FBC = re.compile(r"fb\.[0-2]\.(?P<ms>[0-9]{13})\.(?P<click>[\w.-]{1,500})", re.ASCII)
CLICK = re.compile(r"[\w.-]{1,500}", re.ASCII)
COUNTRY = re.compile(r"[A-Za-z]{2}")
# "example.com", as a value made on a server without a cookie has it; 2 would be "www.example.com".
SUBDOMAIN_INDEX = 1
# What an event is refused with where nothing else goes along.
WEAK = frozenset({"country", "client_user_agent"})
# Meta's names of what Beacon may know, with what people call it.
KEYS = {
    "em": "email",
    "ph": "phone",
    "fbc": "fbc",
    "fbp": "fbp",
    "client_user_agent": "user_agent",
    "country": "country",
}
# Never sent, though Meta would match by it: the visitor's address stays here.
NEVER_SENT = "ip_address"


def user_data_of(message: Message) -> dict[str, Any]:
    happened = message.occurrence
    match = happened.match
    found: dict[str, Any] = {
        "em": [match.email_sha256] if match.email_sha256 else None,
        "ph": [match.phone_sha256] if match.phone_sha256 else None,
        "fbc": fbc_of(happened),
        "fbp": match.fbp if FBP.fullmatch(match.fbp) else "",
        "client_user_agent": match.user_agent,
        "country": [hashed] if (hashed := country_hashed(happened.country)) else None,
    }
    return {name: value for name, value in found.items() if value}


def fbc_of(happened: Occurrence) -> str:
    """Return the click as Meta's cookie has it, or as it would: `fb.1.{ms}.{fbclid}`; empty: no click is known.

    `ms`: when the click id was first seen, which is when its visit began. A cookie from before the visit holds an older
    click than the visit's: Meta has it replaced once another click id arrives, which a blocked pixel can't.
    """
    cookie = FBC.fullmatch(happened.match.fbc)
    click = happened.click_ids.get("fbclid", "")
    seen_ms = int(happened.session_started_at.timestamp() * 1000)
    if cookie and (not _is_whole(click) or cookie["click"].startswith(click) or int(cookie["ms"]) >= seen_ms):
        return happened.match.fbc
    return f"fb.{SUBDOMAIN_INDEX}.{seen_ms}.{click}" if _is_whole(click) else ""


def country_hashed(country: str) -> str:
    """Return an ISO 3166-1 alpha-2 code as Meta takes it: in lower case, hashed. Empty for what isn't one."""
    return hashlib.sha256(country.lower().encode()).hexdigest() if COUNTRY.fullmatch(country) else ""


def unmatchable_words(message: Message, *, is_website: bool) -> str:
    """Return why Meta could recognise nobody, and so refuses the event; empty: it could."""
    given = user_data_of(message)
    if given.keys() <= WEAK:
        return (
            "Meta needs its cookie (fbp), a click on an ad of yours (fbc) or a hashed e-mail address or phone number; "
            "country and browser alone are too little. This visit has none of them, or they weren’t kept: they are "
            "for conversions of a goal only, with marketing consent, and for 7 days."
        )
    if is_website and "client_user_agent" not in given:
        return (
            "Meta takes what happens on a website only with the browser’s user agent, and it wasn’t kept: it is for "
            "conversions of a goal only, with marketing consent, and for 7 days."
        )
    return ""


def hash_problems(message: Message) -> list[Problem]:
    match = message.occurrence.match
    rule = "Meta takes contact data as SHA-256 in 64 hexadecimal digits in lower case only."
    given = {"em": match.email_sha256, "ph": match.phone_sha256}
    return [
        Problem(f"user_data.{name}", rule) for name, value in given.items() if value and not SHA256_HEX.fullmatch(value)
    ]


def match_quality_of(message: Message) -> MatchQuality:
    given = user_data_of(message)
    present = [words for name, words in KEYS.items() if name in given]
    return MatchQuality(present, [*(words for name, words in KEYS.items() if name not in given), NEVER_SENT])


def _is_whole(click: str) -> bool:
    """Return whether a click id is one as Meta gave it: case and length are part of it, and a cut one is another's."""
    return bool(CLICK.fullmatch(click))
