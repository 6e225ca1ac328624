"""What ad platforms recognise a visitor by, as a request tells it with marketing consent: taken, or left out. Pure.

Values are named as `apps.destinations.occurrences.MatchKeys` names them. Cookies' values must look like those cookies',
so that nothing else gets through in their place. Of e-mail address and telephone number only hashes are made, in the
forms that Meta's and Google's documents ask for: both lower-case hex SHA-256, the first of the trimmed address in
lower case, Google's without the dots of Gmail's addresses; of the number with its country code, Google's with the plus.
"""

import hashlib
import re

import msgspec

from apps.tracking.envelope import Consent
from apps.tracking.payload import EventWire, MatchWire, UserWire

from .consent import GRANTED
from .scrub import EMAIL, PHONE, scrub

Keys = dict[str, str]

# Of what can become a conversion.
KINDS = ("pageview", "event")
COOKIES = {
    "ga_client_id": re.compile(r"(?:GA\d\.[\d-]+\.)?(\d{1,20}\.\d{1,20})", re.ASCII),
    "ga_session_id": re.compile(r"(\d{1,20})", re.ASCII),
    # Meta knows 0 to 2 parts before the domain, and moments in milliseconds alone: of others it refuses the event.
    "fbp": re.compile(r"(fb\.[0-2]\.\d{13}\.\d{1,20}(?:\.[\w-]{1,16})?)", re.ASCII),
    "fbc": re.compile(r"(fb\.[0-2]\.\d{13}\.[\w.-]{1,480})", re.ASCII),
}
ADDRESS = re.compile(r"[^\s@\x00-\x1f\x7f]+@[^\s@\x00-\x1f\x7f]+")
GMAIL = ("gmail.com", "googlemail.com")
NUMBER = re.compile(r"\+[1-9]\d{6,14}", re.ASCII)
BETWEEN_DIGITS = re.compile(r"[ ().\-]")

pack = msgspec.msgpack.Encoder().encode
unpack = msgspec.msgpack.Decoder(Keys).decode


def may_match(consent: Consent) -> bool:
    """Return whether what a request tells for ad platforms may be taken at all."""
    return consent.marketing == GRANTED


def keys_in(wire: EventWire, stored_id: str) -> Keys:
    """Return what an event brings that can become a conversion. `stored_id`: the id it is stored under, as text."""
    if wire.kind not in KINDS:
        return {}
    keys = _cookies(wire.match) if wire.match is not None else {}
    # Where it is the stored one it is known anyway.
    told = wire.event_id or wire.id
    if told != stored_id and _names_nobody(told):
        keys["event_id"] = told
    return keys


def _names_nobody(event_id: str) -> bool:
    """Return whether an id is none that somebody made of their visitor. Long random ones look secret, and aren't."""
    scrubbed = scrub(event_id)
    return event_id.isprintable() and not any(found in scrubbed for found in (EMAIL, PHONE))


def _cookies(match: MatchWire) -> Keys:
    keys: Keys = {}
    for name, pattern in COOKIES.items():
        if (told := getattr(match, name)) and (found := pattern.fullmatch(told)):
            keys[name] = found[1]
    return keys


def contact_in(user: UserWire) -> Keys:
    """Return the hashes of what `identify` tells: the e-mail address, and the telephone number among its traits."""
    told = user.email or user.id or ""
    return email_hashes(told) | phone_hashes((user.traits or {}).get("phone"))


def email_hashes(told: str) -> Keys:
    """Return an address' hashes; none of what isn't one."""
    email = told.strip().lower()
    if not ADDRESS.fullmatch(email):
        return {}
    name, _, domain = email.partition("@")
    google = f"{name.replace('.', '')}@{domain}" if domain in GMAIL else email
    return {"email_sha256": _sha256(email), "email_google_sha256": _sha256(google)}


def phone_hashes(told: object) -> Keys:
    """Return a number's hashes; none of what isn't written with its country code (E.164)."""
    number = BETWEEN_DIGITS.sub("", told) if isinstance(told, str) else ""
    if not NUMBER.fullmatch(number):
        return {}
    return {"phone_sha256": _sha256(number[1:]), "phone_google_sha256": _sha256(number)}


def _sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
