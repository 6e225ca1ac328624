"""Values that their name gives away: `email=jo`, `tel=0301234567`, `first_name=Jo`, `token=abc`. Pure.

A name is taken apart into its words (`userEmail`, `user_email` and `user[email]` are the same). Of a query parameter
everything in the table counts; a prop called `name` or `key` is as likely an article's, so there these two don't.
"""

import re
from collections.abc import Callable
from functools import lru_cache
from typing import NamedTuple

CACHED = 8192
LEAST_DIGITS = 5
WORD = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])")
# Cheap to fail: what the table finds must have one of these.
PERSONAL_WORD = re.compile(
    r"mail|phone|tel|mobil|cell|handy|fax|whatsapp|name|user|login|token|passw|pwd|passphrase|secret|key|session|sid"
    r"|sign|otp|auth|jwt|cvv|cvc|ssn|iban|dob|birth|geburt|ip",
    re.I,
)
DIGIT = re.compile(r"\d")
ADDRESS_LIKE = re.compile(r"[\da-fA-F]*[.:][\da-fA-F.:%\w]*")


class Hidden(NamedTuple):
    """What a value is replaced by, if it `fits`: `mobile=1` is no telephone number."""

    mark: str
    fits: Callable[[str], bool]


def is_there(value: str) -> bool:
    return bool(value.strip())


def has_digits(value: str) -> bool:
    return len(DIGIT.findall(value)) >= LEAST_DIGITS


def is_address_like(value: str) -> bool:
    return ADDRESS_LIKE.fullmatch(value.strip()) is not None


EMAIL = Hidden("[email]", is_there)
PHONE = Hidden("[phone]", has_digits)
NAME = Hidden("[name]", is_there)
SECRET = Hidden("[secret]", is_there)
NUMBER = Hidden("[number]", is_there)
ADDRESS = Hidden("[address]", is_address_like)

# By the last word, or the last two.
ENDS: dict[str, Hidden] = {
    **dict.fromkeys(("email", "mail", "emailaddress", "mailaddress", "emailadresse", "mailadresse"), EMAIL),
    **dict.fromkeys(("phone", "phonenumber", "phoneno", "tel", "telno", "telnumber", "telephone", "telefon"), PHONE),
    **dict.fromkeys(("telefonnummer", "mobile", "mobil", "mobilenumber", "cell", "cellphone", "handy", "fax"), PHONE),
    **dict.fromkeys(("whatsapp", "msisdn", "handynummer", "mobilnummer"), PHONE),
    **dict.fromkeys(("firstname", "lastname", "fullname", "givenname", "familyname", "surname", "username"), NAME),
    **dict.fromkeys(("fname", "lname", "vorname", "nachname", "nutzername", "benutzername"), NAME),
    **dict.fromkeys(("token", "password", "passwd", "passphrase", "passwort", "pwd", "secret", "otp", "jwt"), SECRET),
    **dict.fromkeys(("apikey", "accesskey", "secretkey", "privatekey", "authkey", "signature", "sig"), SECRET),
    **dict.fromkeys(("sessionid", "sessid", "jsessionid", "phpsessid", "sid", "authorization", "auth"), SECRET),
    **dict.fromkeys(("cvv", "cvc", "ssn", "dob", "birthdate", "dateofbirth", "ofbirth", "birthday"), NUMBER),
    **dict.fromkeys(("geburtsdatum", "iban"), NUMBER),
    **dict.fromkeys(("ip", "ipaddress", "ipaddr"), ADDRESS),
}
# Only as the whole name of a parameter.
WHOLE: dict[str, Hidden] = {"name": NAME, "user": NAME, "login": NAME, "key": SECRET, "session": SECRET, "pass": SECRET}


@lru_cache(maxsize=CACHED)
def hidden_by_name(name: str, *, is_parameter: bool) -> Hidden | None:
    """Return how a value of this name is hidden; None where its name says nothing."""
    if not PERSONAL_WORD.search(name):
        return None
    words = [word.lower() for word in WORD.findall(name)]
    if is_parameter and len(words) == 1 and words[0] in WHOLE:
        return WHOLE[words[0]]
    return ENDS.get("".join(words[-2:])) or ENDS.get("".join(words[-1:]))
