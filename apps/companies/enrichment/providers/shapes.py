"""IPinfo's answers as ours: the flat one of Lite, the nested one of Core, Plus and Max, and the legacy plans' one.

Told apart by what is in them, not by the plan: parts that a plan lacks are absent, empty, null or `{}`. Source: the
provider's documentation of responses (ipinfo.io/developers/responses, /lite-api, /core-api, /plus-api). Pure.
"""

import re
from datetime import datetime
from typing import cast

from apps.networks.countries import continent_of
from apps.networks.kinds import NetworkKind

from .base import NetworkAnswer, Source

Record = dict[str, object]

KINDS = {
    "isp": NetworkKind.CONSUMER,
    "business": NetworkKind.BUSINESS,
    "education": NetworkKind.EDUCATION,
    "government": NetworkKind.GOVERNMENT,
    "hosting": NetworkKind.HOSTING,
}
COUNTRY = re.compile(r"[A-Z]{2}")
NUMBER = re.compile(r"AS(\d{1,10})\b")
# What is longer isn't a name.
MOST_LETTERS = 200
LITE = {"as_name", "as_domain", "country_code"}
LEGACY = {"country", "city", "org", "loc", "asn", "company", "privacy", "carrier"}


def answer_of(value: object, at: datetime) -> NetworkAnswer | None:
    """Return an entry's answer; None where IPinfo knows nothing of the address, or says that something is wrong."""
    if not isinstance(value, dict) or value.get("bogon") is True or "error" in value or "status" in value:
        return None
    record = cast("Record", value)
    if _part(record, "geo") or _part(record, "as"):
        answer = _current(record, at)
    elif LITE & record.keys():
        answer = _lite(record, at)
    elif LEGACY & record.keys():
        answer = _legacy(record, at)
    else:
        return None
    return answer if answer.country or answer.asn is not None or answer.organisation else None


def _current(record: Record, at: datetime) -> NetworkAnswer:
    """Core, and what Plus and Max add to it."""
    geo, owner = _part(record, "geo"), _part(record, "as")
    anonymous, mobile = _part(record, "anonymous"), _part(record, "mobile")
    is_tor, is_vpn = _is(anonymous, "is_tor"), _is(anonymous, "is_vpn")
    # Core says only that it is an anonymous one; Plus says of what kind.
    is_other = _is(record, "is_anonymous") and not (is_tor or is_vpn)
    is_mobile = _is(record, "is_mobile") or bool(_text(mobile, "name"))
    return _answer(
        at,
        geo | {"country": _text(geo, "country_code")},
        owner,
        kind=KINDS.get(_text(owner, "type").lower(), NetworkKind.UNKNOWN),
        is_vpn=is_vpn,
        is_tor=is_tor,
        is_proxy=is_other or _is(anonymous, "is_proxy") or _is(anonymous, "is_relay") or _is(anonymous, "is_res_proxy"),
        is_hosting=_is(record, "is_hosting"),
        is_mobile=is_mobile,
        carrier=_text(mobile, "name"),
    )


def _lite(record: Record, at: datetime) -> NetworkAnswer:
    owner = {
        "asn": record.get("asn"),
        "name": record.get("as_name"),
        "domain": record.get("as_domain"),
    }
    place = {"country": _text(record, "country_code"), "continent_code": record.get("continent_code")}
    return _answer(at, place, owner, kind=NetworkKind.UNKNOWN)


def _legacy(record: Record, at: datetime) -> NetworkAnswer:
    number, _, name = _text(record, "org").partition(" ")
    network = _part(record, "asn") or {"asn": number, "name": name}
    company, privacy, carrier = _part(record, "company"), _part(record, "privacy"), _part(record, "carrier")
    latitude, longitude = _location(_text(record, "loc"))
    place = record | {"latitude": latitude, "longitude": longitude, "postal_code": record.get("postal")}
    owner = company if _text(company, "name") else network
    return _answer(
        at,
        place,
        network,
        owner=owner,
        kind=KINDS.get(_text(owner, "type").lower(), NetworkKind.UNKNOWN),
        is_vpn=_is(privacy, "vpn"),
        is_tor=_is(privacy, "tor"),
        is_proxy=_is(privacy, "proxy") or _is(privacy, "relay"),
        is_hosting=_is(privacy, "hosting"),
        is_mobile=bool(_text(carrier, "name")),
        carrier=_text(carrier, "name"),
    )


def _answer(
    at: datetime,
    place: Record,
    network: Record,
    *,
    kind: NetworkKind,
    owner: Record | None = None,
    is_vpn: bool = False,
    is_tor: bool = False,
    is_proxy: bool = False,
    is_hosting: bool = False,
    is_mobile: bool = False,
    carrier: str = "",
) -> NetworkAnswer:
    """`network`: the AS; `owner`: the organisation of the address' range, where that is another thing."""
    country = _text(place, "country").upper()
    country = country if COUNTRY.fullmatch(country) else ""
    named = network if owner is None else owner
    number = NUMBER.match(_text(network, "asn"))
    return NetworkAnswer(
        source=Source.IPINFO,
        resolved_at=at,
        continent=continent_of(country) or _text(place, "continent_code"),
        country=country,
        region=_text(place, "region"),
        city=_text(place, "city"),
        postal=_text(place, "postal_code"),
        latitude=_degrees(place, "latitude", 90),
        longitude=_degrees(place, "longitude", 180),
        asn=int(number[1]) if number else None,
        network_name=_text(network, "name"),
        organisation=_text(named, "name"),
        domain=_text(named, "domain").lower(),
        kind=_hidden_kind(is_tor=is_tor, is_vpn=is_vpn, is_proxy=is_proxy, is_hosting=is_hosting) or kind,
        ground="told by IPinfo",
        is_vpn=is_vpn,
        is_tor=is_tor,
        is_proxy=is_proxy,
        is_hosting=is_hosting or kind is NetworkKind.HOSTING,
        is_mobile=is_mobile,
        carries_people=is_vpn or is_tor or is_proxy,
        carrier=carrier,
        is_of_range=owner is not None and owner is not network,
    )


def _hidden_kind(*, is_tor: bool, is_vpn: bool, is_proxy: bool, is_hosting: bool) -> NetworkKind | None:
    if is_tor:
        return NetworkKind.TOR
    if is_vpn:
        return NetworkKind.VPN
    if is_proxy:
        return NetworkKind.PROXY
    return NetworkKind.HOSTING if is_hosting else None


def _part(record: Record, name: str) -> Record:
    part = record.get(name)
    return cast("Record", part) if isinstance(part, dict) else {}


def _text(record: Record, name: str) -> str:
    value = record.get(name)
    # PostgreSQL's texts hold no NUL.
    return value.replace("\x00", "").strip()[:MOST_LETTERS] if isinstance(value, str) else ""


def _is(record: Record, name: str) -> bool:
    return record.get(name) is True


def _degrees(record: Record, name: str, most: int) -> float | None:
    value = record.get(name)
    if isinstance(value, bool) or not isinstance(value, int | float) or not -most <= value <= most:
        return None
    return round(float(value), 4)


def _location(text: str) -> tuple[float | None, float | None]:
    """Return latitude and longitude of legacy's `52.52,13.4`."""
    latitude, _, longitude = text.partition(",")
    try:
        return float(latitude), float(longitude)
    except ValueError:
        return None, None
