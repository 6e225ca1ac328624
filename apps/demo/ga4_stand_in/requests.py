"""What the Measurement Protocol demands of a body: one function a rule, each naming the contract's section."""

import re
from collections.abc import Callable, Iterator, Mapping
from datetime import timedelta
from typing import Any

from .events import event_check
from .violations import Found, Violation, invalid, is_number, name_check, required, text_check, too_many
from .world import PROPERTIES, PROPERTY_PREFIXES, Stream

MOST_BYTES = 130_000
MOST_EVENTS, MOST_PROPERTIES = 25, 25
LONGEST_USER_ID, LONGEST_PROPERTY_NAME, LONGEST_PROPERTY = 256, 24, 36
OLDEST = timedelta(hours=72)
BODY = frozenset(
    {
        "client_id", "user_id", "timestamp_micros", "user_properties", "user_data", "consent", "non_personalized_ads",
        "user_location", "ip_override", "device", "user_agent", "validation_behavior", "events",
    }
)  # fmt: skip
BEHAVIOURS = ("RELAXED", "ENFORCE_RECOMMENDATIONS")
# "two positive numbers joined by .", or the cookie's value as a whole.
CLIENT_ID = re.compile(r"(?:GA\d\.[\d-]+\.)?[1-9]\d*\.[1-9]\d*", re.ASCII)
SHA256 = re.compile(r"[0-9a-fA-F]{64}")
LOCATION = frozenset({"city", "region_id", "country_id", "subcontinent_id", "continent_id"})
COUNTRY, REGION = re.compile(r"[A-Z]{2}"), re.compile(r"[A-Z]{2}-[A-Z0-9]{1,3}")
DEVICE = frozenset(
    {
        "category", "language", "screen_resolution", "operating_system", "operating_system_version", "model", "brand",
        "browser", "browser_version",
    }
)  # fmt: skip
SCREEN = re.compile(r"\d+x\d+", re.ASCII)
USER_DATA = {"sha256_email_address": 3, "sha256_phone_number": 3, "address": 2}

Body = Mapping[str, Any]
Rule = Callable[[Body], Found]


def request_check(body: Any, stream: Stream, *, size: int, now: float) -> list[Violation]:
    """Return all that is wrong with a request. `now`: seconds since 1970. `size`: bytes of the body."""
    if not isinstance(body, dict):
        return [invalid("", "The body isn't a JSON object.")]
    found = [violation for rule in RULES for violation in rule(body)]
    found += [*body_size(size), *strictly(body, now)]
    listed = body.get("events")
    for index, event in enumerate(listed if isinstance(listed, list) else []):
        found += event_check(index, event, stream)
    return found


def known_fields(body: Body) -> Found:
    """Contract, "Body": the table. A name that isn't in it would be ignored in silence: here it is told."""
    for name in body.keys() - BODY:
        yield invalid(name, f"Cannot find field [{name}].")


def body_size(size: int) -> Found:
    """Contract, "Limits": a body is below 130 kB."""
    if size >= MOST_BYTES:
        yield Violation("", "VALUE_OUT_OF_BOUNDS", "The body has 130 kB or more.")


def client_id(body: Body) -> Found:
    """Contract, "Body", `client_id`: a text, required."""
    given = body.get("client_id")
    if given in (None, ""):
        yield required("client_id")
    elif not isinstance(given, str):
        yield invalid("client_id", "[client_id] is a text.")


def user_id(body: Body) -> Found:
    """Contract, "Body", `user_id`: up to 256 characters."""
    if "user_id" in body:
        yield from text_check("user_id", body["user_id"], LONGEST_USER_ID)


def timestamp(body: Body) -> Found:
    """Contract, "Body", `timestamp_micros`: a number."""
    if "timestamp_micros" in body and not is_number(body["timestamp_micros"]):
        yield invalid("timestamp_micros", "[timestamp_micros] is a number.")


def user_properties(body: Body) -> Found:
    """Contract, "Body", "Limits" and "Reserved names": 25 objects with a value each."""
    given = body.get("user_properties", {})
    if not isinstance(given, dict):
        yield invalid("user_properties", "[user_properties] is an object.")
        return
    if len(given) > MOST_PROPERTIES:
        yield too_many("user_properties", MOST_PROPERTIES)
    for name, one in given.items():
        path = f"user_properties.{name}"
        yield from name_check(path, name, most=LONGEST_PROPERTY_NAME, reserved=PROPERTIES, prefixes=PROPERTY_PREFIXES)
        if not isinstance(one, dict) or one.keys() - {"value", "timestamp_micros"} or "value" not in one:
            yield required(f"{path}.value")
        elif isinstance(one["value"], dict | list):
            yield invalid(f"{path}.value", "A text or a number.")
        else:
            yield from text_check(f"{path}.value", str(one["value"]), LONGEST_PROPERTY)


def consent(body: Body) -> Found:
    """Contract, "Body", `consent`: two fields, GRANTED or DENIED; and the boolean that went before."""
    given = body.get("consent", {})
    if not isinstance(given, dict) or given.keys() - {"ad_user_data", "ad_personalization"}:
        yield invalid("consent", "[consent] has ad_user_data and ad_personalization.")
        return
    for name, value in given.items():
        if value not in ("GRANTED", "DENIED"):
            yield invalid(f"consent.{name}", f"[{name}] is GRANTED or DENIED.")
    if not isinstance(body.get("non_personalized_ads", False), bool):
        yield invalid("non_personalized_ads", "A boolean.")


def location(body: Body) -> Found:
    """Contract, "Body", `user_location` and `ip_override`: codes of ISO 3166."""
    given = body.get("user_location", {})
    if not isinstance(given, dict) or given.keys() - LOCATION:
        yield invalid("user_location", "Unknown field.")
        return
    for name, pattern in (("country_id", COUNTRY), ("region_id", REGION)):
        if name in given and not (isinstance(given[name], str) and pattern.fullmatch(given[name])):
            yield invalid(f"user_location.{name}", f"[{name}] is a code of ISO 3166.")
    if not isinstance(body.get("ip_override", ""), str):
        yield invalid("ip_override", "A text.")


def device(body: Body) -> Found:
    """Contract, "Body", `device` and `user_agent`: a category at least, the screen as WxH."""
    given = body.get("device")
    if not isinstance(body.get("user_agent", ""), str):
        yield invalid("user_agent", "A text.")
    if given is None:
        return
    if not isinstance(given, dict) or given.keys() - DEVICE:
        yield invalid("device", "Unknown field.")
        return
    if not given.get("category"):
        yield required("device.category")
    screen = given.get("screen_resolution")
    if screen is not None and not (isinstance(screen, str) and SCREEN.fullmatch(screen)):
        yield invalid("device.screen_resolution", "[screen_resolution] is like 1440x900.")


def user_data(body: Body) -> Found:
    """Contract, "Body", `user_data`: SHA-256 in hex, up to 3 addresses and numbers each, 2 postal addresses."""
    given = body.get("user_data", {})
    if not isinstance(given, dict) or given.keys() - USER_DATA.keys():
        yield invalid("user_data", "Unknown field.")
        return
    for name, most in USER_DATA.items():
        found = given.get(name, [])
        path = f"user_data.{name}"
        if not isinstance(found, list):
            yield invalid(path, f"[{path}] is a list.")
            continue
        if len(found) > most:
            yield too_many(path, most)
        for one in found if name != "address" else _hashes(found):
            if not isinstance(one, str) or not SHA256.fullmatch(one):
                yield invalid(path, "SHA-256 in hex.")


def behaviour(body: Body) -> Found:
    """Contract, "Body", `validation_behavior`: one of two."""
    if body.get("validation_behavior", "RELAXED") not in BEHAVIOURS:
        yield invalid("validation_behavior", f"One of {', '.join(BEHAVIOURS)}.")


def events(body: Body) -> Found:
    """Contract, "Body" and "Limits": 1 to 25 events."""
    given = body.get("events")
    if not isinstance(given, list) or not given:
        yield required("events")
    elif len(given) > MOST_EVENTS:
        yield too_many("events", MOST_EVENTS)


def strictly(body: Body, now: float) -> Found:
    """Contract, "Sessions and timing" and "Body": what is recommended, and refused by ENFORCE_RECOMMENDATIONS alone.

    No older than 72 hours; a client id as the tag makes them; of a place country and region at least.
    """
    if body.get("validation_behavior") != "ENFORCE_RECOMMENDATIONS":
        return
    if is_clamped(body, now):
        yield Violation("timestamp_micros", "VALUE_OUT_OF_BOUNDS", "More than 72 hours ago.")
    given = body.get("client_id")
    if isinstance(given, str) and given and not CLIENT_ID.fullmatch(given):
        yield invalid("client_id", "[client_id] is two positive numbers joined by a dot.")
    place = body.get("user_location")
    if isinstance(place, dict) and not {"country_id", "region_id"} <= place.keys():
        yield required("user_location.region_id")


RULES: tuple[Rule, ...] = (
    known_fields, client_id, user_id, timestamp, user_properties, consent, location, device, user_data, behaviour,
    events,
)  # fmt: skip


def is_clamped(body: Body, now: float) -> bool:
    """Contract, "Sessions and timing": whether the moment is older than 72 hours, and is counted as of then."""
    at = body.get("timestamp_micros")
    return is_number(at) and at is not None and at / 1e6 < now - OLDEST.total_seconds()


def _hashes(addresses: list[Any]) -> Iterator[Any]:
    """Yield what is hashed of postal addresses: names and street."""
    for one in addresses:
        if not isinstance(one, dict):
            yield one
            continue
        yield from (value for name, value in one.items() if name.startswith("sha256_"))
