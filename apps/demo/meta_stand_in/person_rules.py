"""What the Conversions API demands of `user_data`: forms, hashes, and enough to recognise somebody by."""

import ipaddress
import re
from collections.abc import Callable, Mapping
from typing import Any

from .errors import TOO_FEW_KEYS, wrong

HASHED = ("em", "ph", "fn", "ln", "ge", "db", "ct", "st", "zp", "country")
PLAIN = frozenset(
    {
        "external_id", "client_ip_address", "client_user_agent", "fbc", "fbp", "subscription_id", "fb_login_id",
        "lead_id", "anon_id", "madid", "page_id", "page_scoped_user_id", "ctwa_clid", "ig_account_id", "ig_sid",
    }
)  # fmt: skip
SHA256_HEX = re.compile(r"[0-9a-f]{64}")
FBC = re.compile(r"fb\.[0-2]\.[0-9]{13}\.[\w.-]+", re.ASCII)
FBP = re.compile(r"fb\.[0-2]\.[0-9]{13}\.[0-9]+(?:\.[\w-]+)?", re.ASCII)
TOO_WEAK = (
    frozenset({"ct", "country", "st", "zp", "ge", "client_user_agent"}),
    frozenset({"db", "client_user_agent"}),
    frozenset({"fn", "ge"}),
    frozenset({"ln", "ge"}),
)

PersonRule = Callable[[str, Mapping[str, Any], bool], None]


def known_keys(at: str, data: Mapping[str, Any], is_website: bool) -> None:
    """user_data, the table and "Not hashed": these keys."""
    if unknown := sorted(data.keys() - {*HASHED, *PLAIN}):
        raise wrong(f"{at}['{unknown[0]}']", "isn't customer information.")


def hashed(at: str, data: Mapping[str, Any], is_website: bool) -> None:
    """user_data: a text or a list of texts, each SHA-256 in hex, lower case."""
    for name in HASHED:
        if (given := data.get(name)) is None:
            continue
        values = given if isinstance(given, list) else [given]
        if not values or not all(isinstance(one, str) and SHA256_HEX.fullmatch(one) for one in values):
            raise wrong(f"{at}['{name}']", "is SHA-256 in hex, lower case.")


def plain(at: str, data: Mapping[str, Any], is_website: bool) -> None:
    """user_data, "Not hashed": texts; `external_id` may be a list of them. An address is one, and in clear."""
    for name in PLAIN & data.keys():
        given = data[name]
        values = given if name == "external_id" and isinstance(given, list) else [given]
        if not values or not all(isinstance(one, str) and one for one in values):
            raise wrong(f"{at}['{name}']", "is a text.")
    try:
        ipaddress.ip_address(data.get("client_ip_address", "192.0.2.1"))
    except ValueError:
        raise wrong(f"{at}['client_ip_address']", "is an IP address.") from None


def cookies(at: str, data: Mapping[str, Any], is_website: bool) -> None:
    """user_data, `fbc` and `fbp`: fb.{subdomainIndex}.{ms}.{fbclid or random}."""
    for name, form in (("fbc", FBC), ("fbp", FBP)):
        if name in data and not form.fullmatch(data[name]):
            raise wrong(f"{at}['{name}']", "has the form fb.1.1795199000000.AbC.")


def user_agent(at: str, data: Mapping[str, Any], is_website: bool) -> None:
    """Request body, `user_data`: `client_user_agent` required for website events."""
    if is_website and not data.get("client_user_agent"):
        raise wrong(f"{at}['client_user_agent']", "is required for website events.")


def enough(at: str, data: Mapping[str, Any], is_website: bool) -> None:
    """user_data: at least one parameter, and not only one of the sets that are too weak, or a part of one."""
    if any(data.keys() <= weak for weak in TOO_WEAK):
        title = "Not enough customer information parameter data"
        raise wrong(at, "has too little to recognise somebody by.", subcode=TOO_FEW_KEYS, title=title)


PERSON_RULES: tuple[PersonRule, ...] = (known_keys, hashed, plain, cookies, user_agent, enough)
