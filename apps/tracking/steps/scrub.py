"""Take personal data out of texts before anything is stored (IN6), the stream's file included. Pure.

Taken out: e-mail addresses, card numbers (Luhn), bank accounts (IBAN), telephone numbers in international form, US
social security numbers, and what opens doors: tokens, passwords, keys. Also control characters, which PostgreSQL can't
hold or which would forge lines. A number that only looks like one of these stays: a page's address must not lose its
meaning. What a value's name alone gives away is `scrub_names`' part.
"""

import re
from collections.abc import Callable
from functools import lru_cache
from urllib.parse import quote, unquote

from .acquisition import CLICK_IDS
from .scrub_names import hidden_by_name

EMAIL = "[email]"
CARD = "[card]"
IBAN = "[account]"
PHONE = "[phone]"
SOCIAL = "[number]"
SECRET = "[secret]"
CACHED = 8192
LONGEST_CARD = 19
LONG_FROM = 32
MIXED_FROM = 20

# Cheap to fail: nearly every text ends here. What the patterns below find must have one of these. Four patterns, since
# each by itself can leap to the next letter that it may begin with, which one of alternatives can't.
SIGN = re.compile(r"[@%\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")
FIGURES = re.compile(r"\d(?:[\d .()/-]{7}|\d(?:[ +-]?[A-Za-z0-9]){11})")
LONG = re.compile(r"[\w-]{32}")
KNOWN_KEYS = ("AKIA", "ASIA", "glpat-", "eyJ")
SECRET_WORDS = (
    "token",
    "pass",
    "pwd",
    "secret",
    "key",
    "session",
    "sid",
    "sessid",
    "signature",
    "otp",
    "authorization",
)
# Long and mixed by nature, and no visitor's: whose click it was only the network that sold it can tell.
CLICK_ID = re.compile(r"(?=[\d.-]*[A-Za-z_])[\w.-]+", re.ASCII)
CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]+")
# Narrower than RFC 5322 before the @: what separates parts of an address of the web isn't swallowed. `logo@2x.png` is
# a picture.
AT = re.compile(r"[\w.+'~-]{1,64}(?:@|%40)(?!\dx\.)(?:[^\W_](?:[\w-]{0,62})\.){1,8}[^\W\d_][\w-]{1,23}", re.I)
CARD_LIKE = re.compile(r"(?<![\d.])[2-6](?:[ -]?\d|%20\d|\+\d){12,18}(?![\d])")
IBAN_LIKE = re.compile(r"(?<![A-Za-z0-9])[A-Z]{2}\d\d(?:(?:[ +-]|%20)?[A-Z0-9]){11,30}(?![A-Za-z0-9])", re.I)
# With 00 two digits more: numbers filled up with zeros are shorter.
PHONE_LIKE = re.compile(
    r"(?<![\w+])(?:(?:\+|%2B)[1-9](?:[ .()/-]{0,2}\d){7,13}|00[1-9](?:[ .()/-]{0,2}\d){8,13})(?!\d)", re.I
)
TEL_LINK = re.compile(r"(?<=tel:)[\d+ ().-]{5,24}", re.I)
SOCIAL_LIKE = re.compile(r"(?<![\d-])(?!000|666|9)\d{3}-(?!00)\d\d-(?!0000)\d{4}(?![\d-])")
JWT = re.compile(r"eyJ[\w-]{8,}\.[\w-]{8,}(?:\.[\w-]*)?")
KNOWN_KEY = re.compile(r"(?<![A-Za-z0-9])(?:(?:AKIA|ASIA)[A-Z0-9]{16}|glpat-[\w-]{20,})")
# name=value, name: value and "name": "value", whatever the value looks like.
NAMED_SECRET = re.compile(
    r"((?:token|passw(?:or)?d|passphrase|secret|sessi?on_?id|jsessionid|phpsessid|authorization"
    r"|(?<![a-z])(?:api_?|access_?|secret_?|private_?|session_?|client_?)?(?:key|pwd|sid|session|signature|otp))"
    r"(?:_?id)?[\"']?(?:=|%3D|:\s?)[\"']?(?:(?:bearer|basic)\s+)?)[^\s&#;,/\"']+",
    re.I,
)
# What follows these in a path lets its bearer in: `/reset/x7Kp9q2Lm4`.
PATH_SECRET = re.compile(
    r"(/(?:password|reset|verif|confirm|activat|invit|magic|unsubscribe|token)[\w-]*/)([\w-]{10,})", re.I
)
LONG_WORD = re.compile(r"(?<![\w%-])[\w-]{32,}(?![\w-])")
UUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.I)
ENCODED = re.compile(r"(%[0-9a-f]{2})", re.I)
ENCODED_CONTROL = re.compile(r"%(?:[01][0-9a-f]|7f)", re.I)
PARTS = re.compile(r"[-_]")
DIGIT, LETTER = re.compile(r"\d"), re.compile(r"[a-zA-Z]")


@lru_cache(maxsize=CACHED)
def scrub(text: str) -> str:
    """Return `text` without personal data; parts may be percent-encoded and are decoded where only that shows it."""
    if not is_suspect(text):
        return text
    if "%" in text:
        decoded = unquote(text, errors="replace")
        scrubbed = _apply_rules(decoded)
        # Control characters alone are no reason to give the sender's encoding up.
        if scrubbed != CONTROL.sub(" ", decoded):
            return scrubbed
        text = "".join(_plain_control(part) for part in ENCODED.split(text))
    return _apply_rules(text)


def scrub_query(query: str) -> str:
    """Return a query with each parameter's value scrubbed by itself, so that none takes its neighbours along."""
    return "&".join([_scrub_pair(pair) for pair in query.split("&")]) if query else query


def is_suspect(text: str) -> bool:
    if SIGN.search(text) or FIGURES.search(text) or PATH_SECRET.search(text):
        return True
    if len(text) >= LONG_FROM and LONG.search(text):
        return True
    for start in KNOWN_KEYS:
        if start in text:
            return True
    return names_secret(text)


def names_secret(text: str) -> bool:
    """Return whether a secret's name and what could part it from its value stand there."""
    # The colon of an address' scheme names nothing.
    if "=" in text or "%3" in text or text.find(":", text.find("://") + 1) >= 0:
        lower = text.lower()
        for word in SECRET_WORDS:
            if word in lower:
                return True
    return False


def _scrub_pair(pair: str) -> str:
    name, separator, value = pair.partition("=")
    if name.lower() in CLICK_IDS and CLICK_ID.fullmatch(value):
        return pair
    plain = value.replace("+", " ")
    hidden = hidden_by_name(unquote(name) if "%" in name else name, is_parameter=True)
    if hidden is not None and hidden.fits(unquote(plain)):
        return f"{name}{separator}{hidden.mark}"
    # Written by hand, the + before a country's code is one and no blank.
    for text in dict.fromkeys((value, plain)):
        scrubbed = scrub(text)
        if scrubbed != text:
            return f"{name}{separator}{quote(scrubbed, safe='[]/:,+')}"
    return pair


def _apply_rules(text: str) -> str:
    text = CONTROL.sub(" ", text)
    for pattern, replacement, needs in RULES:
        if needs(text):
            text = pattern.sub(replacement, text)
    return text


def _always(text: str) -> bool:
    return True


def _has_at(text: str) -> bool:
    return "@" in text or "%40" in text


def _has_figures(text: str) -> bool:
    return FIGURES.search(text) is not None


def _plain_control(part: str) -> str:
    """Return an encoded control character as a blank: decoded later, it would be one again."""
    return "%20" if ENCODED_CONTROL.fullmatch(part) else part


def _card(found: re.Match[str]) -> str:
    digits = [int(digit) for digit in re.sub(r"%20|\D", "", found[0])]
    return CARD if is_card_length(digits) and has_luhn(digits) else found[0]


def is_card_length(digits: list[int]) -> bool:
    """Return whether an issuer gives out cards of this beginning and length (ISO/IEC 7812: Diners 14, Amex 15).

    Thirteen digits were Visa's once; most of them today are articles' (EAN), whose own check digit tells.
    """
    count = len(digits)
    if count == 13:
        return digits[0] == 4 and not has_ean_check(digits)
    if count in (14, 15):
        return digits[0] == 3
    return count <= LONGEST_CARD


def has_ean_check(digits: list[int]) -> bool:
    """Return whether the last digit is the check digit of an article number (GS1: weights 1 and 3 by turns)."""
    return (sum(digits[-1::-2]) + 3 * sum(digits[-2::-2])) % 10 == 0


def has_luhn(digits: list[int]) -> bool:
    """Return whether the last digit is the check digit of the others (ISO/IEC 7812-1, annex B)."""
    doubled = sum(sum(divmod(2 * digit, 10)) for digit in digits[-2::-2])
    return (doubled + sum(digits[-1::-2])) % 10 == 0


def _iban(found: re.Match[str]) -> str:
    account = re.sub(r"%20|[ +-]", "", found[0]).upper()
    return IBAN if 15 <= len(account) <= 34 and has_iban_check(account) else found[0]


def has_iban_check(account: str) -> bool:
    """Return whether the account's check digits fit (ISO 13616: rearranged, A = 10, modulo 97 is 1)."""
    return int("".join(str(int(letter, 36)) for letter in account[4:] + account[:4])) % 97 == 1


def _long_word(found: re.Match[str]) -> str:
    """Take long words of letters and digits mixed for keys; not UUIDs (somebody's address) or titles with dashes."""
    word = found[0]
    if UUID.fullmatch(word):
        return word
    return SECRET if _mixed(word) >= MIXED_FROM else word


def _path_secret(found: re.Match[str]) -> str:
    # After these words a UUID is no page's name either.
    return found[1] + SECRET if UUID.fullmatch(found[2]) or _mixed(found[2]) >= MIXED_FROM // 2 else found[0]


def _mixed(word: str) -> int:
    """Return how many characters stand in parts that have letters and digits both: no words, no numbers."""
    return sum(len(part) for part in PARTS.split(word) if DIGIT.search(part) and LETTER.search(part))


Replacement = str | Callable[[re.Match[str]], str]
# What is looked for, what stands in its place, and a cheap word on whether it can be there at all.
RULES: tuple[tuple[re.Pattern[str], Replacement, Callable[[str], bool]], ...] = (
    (JWT, SECRET, _always),
    (KNOWN_KEY, SECRET, _always),
    (NAMED_SECRET, rf"\1{SECRET}", names_secret),
    (AT, EMAIL, _has_at),
    (IBAN_LIKE, _iban, _has_figures),
    (CARD_LIKE, _card, _has_figures),
    (TEL_LINK, PHONE, _always),
    (PHONE_LIKE, PHONE, _has_figures),
    (SOCIAL_LIKE, SOCIAL, _has_figures),
    (PATH_SECRET, _path_secret, _always),
    (LONG_WORD, _long_word, _always),
)
