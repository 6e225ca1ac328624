"""Fields of a profile out of what providers and people write. Pure. What isn't understood is unknown, never guessed."""

import re
import unicodedata
from collections.abc import Iterable

import msgspec

from apps.core.countries import NAMES

MOST_LETTERS = 200
MOST_TECHNOLOGIES = 100
TECHNOLOGY_LETTERS = 80
# More people than any organisation has; less than a column holds.
MOST_EMPLOYEES = 10_000_000

# Names of countries by which providers call some that we call otherwise. Compared without case and dots.
_ALSO = {
    "usa": "US", "united states of america": "US", "us of america": "US", "uk": "GB", "great britain": "GB",
    "england": "GB", "united kingdom of great britain and northern ireland": "GB", "scotland": "GB", "wales": "GB",
    "czech republic": "CZ", "the netherlands": "NL", "holland": "NL", "korea": "KR", "republic of korea": "KR",
    "south korea": "KR", "russian federation": "RU", "viet nam": "VN", "turkey": "TR", "türkiye": "TR",
    "turkiye": "TR", "united arab emirates": "AE", "uae": "AE", "hong kong": "HK", "macau": "MO", "taiwan": "TW",
    "ivory coast": "CI", "deutschland": "DE", "österreich": "AT", "schweiz": "CH", "españa": "ES", "italia": "IT",
    "brasil": "BR", "republic of ireland": "IE", "slovak republic": "SK", "macedonia": "MK", "swaziland": "SZ",
}  # fmt: skip
_BY_NAME = {name.casefold(): code for code, name in NAMES.items()} | _ALSO

_NUMBER = r"(\d{1,3}(?:[.,'’\s]\d{3})+|\d+(?:\.\d+)?)\s*([km]?)\b"
_RANGE = re.compile(rf"{_NUMBER}\s*(?:-|–|—|‑|to|bis)\s*{_NUMBER}")
_ONE = re.compile(_NUMBER)
_OPEN_AFTER = re.compile(rf"{_NUMBER}\s*(?:\+|and more|or more|and above)")
_OPEN_BEFORE = re.compile(rf"(?:>=|≥|>|more than|over|from|at least)\s*{_NUMBER}")
_BELOW = re.compile(rf"(?:<=|≤|<|up to|less than|under|fewer than|below)\s*{_NUMBER}")
_TIMES = {"": 1, "k": 1_000, "m": 1_000_000}


class Employees(msgspec.Struct, frozen=True):
    """How many people work there; `most` None: `least` and more."""

    least: int
    most: int | None

    @property
    def words(self) -> str:
        if self.most is None:
            return f"{self.least:,} and more"
        return f"{self.least:,}" if self.least == self.most else f"{self.least:,} to {self.most:,}"


class Profile(msgspec.Struct, frozen=True, omit_defaults=True):
    """What is known of a company. Empty or None: unknown. `country`: ISO 3166-1 alpha-2."""

    name: str = ""
    industry: str = ""
    employees: Employees | None = None
    country: str = ""
    city: str = ""
    technologies: tuple[str, ...] = ()


def text_read(value: object, *, most: int = MOST_LETTERS) -> str:
    """Return a text on one line, without what can't be seen; empty for what is none."""
    if not isinstance(value, str):
        return ""
    seen = "".join(" " if unicodedata.category(one) in ("Cc", "Cf", "Cs", "Zl", "Zp") else one for one in value)
    return " ".join(seen.split())[:most].rstrip()


def country_read(value: object) -> str:
    """Return the code of a country given as code or as English name; empty where it is neither."""
    text = text_read(value)
    if text.upper() in NAMES:
        return text.upper()
    word = text.replace(".", "").casefold()
    return _BY_NAME.get(text.casefold(), "") or _BY_NAME.get(word, "")


def employees_read(value: object) -> Employees | None:
    """Return how many people work there, of a number or of what is written: 201-500, 1,001 to 5,000, 10K+, "< 10"."""
    if isinstance(value, bool):
        return None
    if isinstance(value, int | float):
        return _between(value, value)
    text = text_read(value).casefold()
    if found := _RANGE.search(text):
        least, least_unit, most, most_unit = found.groups()
        # 1-10k begins at a thousand? Nobody writes it so: each number has its own unit.
        return _between(_number(least, least_unit), _number(most, most_unit))
    if found := _OPEN_AFTER.search(text) or _OPEN_BEFORE.search(text):
        return _between(_number(*found.groups()), None)
    if found := _BELOW.search(text):
        return _between(1, _number(*found.groups()))
    if found := _ONE.search(text):
        return _between(_number(*found.groups()), _number(*found.groups()))
    return None


def technologies_read(value: object) -> tuple[str, ...]:
    """Return names of a list, or of a text with commas; none twice, whatever their case."""
    names: Iterable[object] = value.split(",") if isinstance(value, str) else value if isinstance(value, list) else ()
    found: dict[str, str] = {}
    for one in names:
        if name := text_read(one, most=TECHNOLOGY_LETTERS):
            found.setdefault(name.casefold(), name)
    return tuple(list(found.values())[:MOST_TECHNOLOGIES])


def _number(digits: str, unit: str) -> float:
    whole = re.sub(r"[.,'’\s](?=\d{3}(?:\D|$))", "", digits)
    return float(whole) * _TIMES[unit]


def _between(least: float, most: float | None) -> Employees | None:
    """Return a range that makes sense, else None. Nobody at all is as good as unknown."""
    # Not a number compares as false.
    if not 0 <= least <= MOST_EMPLOYEES or (most is not None and not 1 <= most <= MOST_EMPLOYEES):
        return None
    low, high = max(1, round(least)), None if most is None else round(most)
    return None if high is not None and high < low else Employees(low, high)
