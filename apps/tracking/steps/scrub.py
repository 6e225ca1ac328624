"""Take personal data out of texts before anything is stored (IN6), the stream's file included. Pure.

Taken out: e-mail addresses, card numbers (Luhn), bank accounts (IBAN), telephone numbers in international form, US
social security numbers, and what opens doors: tokens, passwords, keys. Also control characters, which PostgreSQL can't
hold or which would forge lines. A number that only looks like one of these stays: a page's address must not lose its
meaning.
"""

import re
from collections.abc import Callable
from functools import lru_cache
from urllib.parse import quote, unquote

EMAIL = "[email]"
CARD = "[card]"
IBAN = "[account]"
PHONE = "[phone]"
SOCIAL = "[number]"
SECRET = "[secret]"
CACHED = 8192
LONGEST_CARD = 19

# Cheap to fail: nearly every text ends here. What the patterns below find must have one of these.
SUSPECT = re.compile(
    r"[@%\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]|\d[\d .()/-]{7}"
    r"|(?<![A-Za-z0-9])[A-Za-z]{2}\d\d|(?<![\w-])[\w-]{32}|eyJ"
)
SECRET_WORD = re.compile(r"token|passw|passphrase|pwd|secret|key|session|sid|sessid|signature|otp|authorization", re.I)
CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]+")
# Narrower than RFC 5322 before the @: what separates parts of an address of the web isn't swallowed.
AT = re.compile(r"[\w.+'~-]{1,64}(?:@|%40)(?:[^\W_](?:[\w-]{0,62})\.){1,8}[^\W\d_][\w-]{1,23}", re.I)
CARD_LIKE = re.compile(r"(?<![\d.])[2-6](?:[ -]?\d|%20\d|\+\d){12,18}(?![\d])")
IBAN_LIKE = re.compile(r"(?<![A-Za-z0-9])[A-Z]{2}\d\d(?:(?:[ +-]|%20)?[A-Z0-9]){11,30}(?![A-Za-z0-9])", re.I)
PHONE_LIKE = re.compile(r"(?<![\w+])(?:\+|%2B|00)(?:[1-9](?:[ .()/-]{0,2}\d){7,13})(?!\d)", re.I)
TEL_LINK = re.compile(r"(?<=tel:)[\d+ ().-]{5,24}", re.I)
SOCIAL_LIKE = re.compile(r"(?<![\d-])(?!000|666|9)\d{3}-(?!00)\d\d-(?!0000)\d{4}(?![\d-])")
JWT = re.compile(r"eyJ[\w-]{8,}\.[\w-]{8,}(?:\.[\w-]*)?")
# name=value and name: value, whatever the value looks like.
NAMED_SECRET = re.compile(
    r"((?<![a-z])(?:access_?|refresh_?|id_?|auth_?|csrf_?|reset_?|api_?|session_?|client_?)?"
    r"(?:token|password|passwd|passphrase|pwd|secret|key|session|sid|jsessionid|phpsessid|signature|otp|authorization)"
    r"(?:_?id)?(?:=|%3D|:\s?))[^\s&#;,/]+",
    re.I,
)
LONG_WORD = re.compile(r"(?<![\w%-])[\w-]{32,}(?![\w-])")
UUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.I)
ENCODED = re.compile(r"(%[0-9a-f]{2})", re.I)
ENCODED_CONTROL = re.compile(r"%(?:[01][0-9a-f]|7f)", re.I)
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
    if not query or not is_suspect(query):
        return query
    return "&".join(_scrub_pair(pair) for pair in query.split("&"))


def is_suspect(text: str) -> bool:
    if SUSPECT.search(text):
        return True
    return ("=" in text or ":" in text) and SECRET_WORD.search(text) is not None


def _scrub_pair(pair: str) -> str:
    name, separator, value = pair.partition("=")
    scrubbed = scrub(value.replace("+", " ")) if "+" in value else scrub(value)
    return pair if scrubbed in (value, value.replace("+", " ")) else f"{name}{separator}{quote(scrubbed, safe='[]/:,')}"


def _apply_rules(text: str) -> str:
    text = CONTROL.sub(" ", text)
    for pattern, replacement in RULES:
        text = pattern.sub(replacement, text)
    return text


def _plain_control(part: str) -> str:
    """Return an encoded control character as a blank: decoded later, it would be one again."""
    return "%20" if ENCODED_CONTROL.fullmatch(part) else part


def _card(found: re.Match[str]) -> str:
    digits = [int(digit) for digit in re.sub(r"%20|\D", "", found[0])]
    return CARD if len(digits) <= LONGEST_CARD and has_luhn(digits) else found[0]


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
    """Take long words of letters and digits for keys, but not UUIDs (somebody's address) or titles with dashes."""
    word = found[0]
    if UUID.fullmatch(word) or not DIGIT.search(word) or not LETTER.search(word):
        return word
    return word if max(len(part) for part in re.split(r"[-_]", word)) < 20 else SECRET


Replacement = str | Callable[[re.Match[str]], str]
RULES: tuple[tuple[re.Pattern[str], Replacement], ...] = (
    (JWT, SECRET),
    (NAMED_SECRET, rf"\1{SECRET}"),
    (AT, EMAIL),
    (IBAN_LIKE, _iban),
    (CARD_LIKE, _card),
    (TEL_LINK, PHONE),
    (PHONE_LIKE, PHONE),
    (SOCIAL_LIKE, SOCIAL),
    (LONG_WORD, _long_word),
)
