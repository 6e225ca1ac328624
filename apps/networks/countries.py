"""Names and continents of countries, from `data/countries.tsv` (origin in its head)."""

from functools import cache
from pathlib import Path

import msgspec

TABLE = Path(__file__).resolve().parent / "data" / "countries.tsv"
CONTINENT_NAMES = {
    "AF": "Africa",
    "AN": "Antarctica",
    "AS": "Asia",
    "EU": "Europe",
    "NA": "North America",
    "OC": "Oceania",
    "SA": "South America",
}


class Country(msgspec.Struct, frozen=True):
    code: str
    name: str
    continent: str


def country_name(code: str) -> str:
    """Return a country's English name for its ISO 3166-1 alpha-2 code; the code itself where it is nobody's."""
    found = countries().get(code.upper())
    return found.name if found else code


def continent_of(code: str) -> str:
    """Return a country's continent code (EU, NA, ...), empty for an unknown country."""
    found = countries().get(code.upper())
    return found.continent if found else ""


def continent_name(code: str) -> str:
    return CONTINENT_NAMES.get(code, code)


@cache
def countries() -> dict[str, Country]:
    """Return all countries by code."""
    lines = [line for line in TABLE.read_text(encoding="utf-8").splitlines() if not line.startswith("#")]
    return {country.code: country for country in (Country(*line.split("\t")) for line in lines)}
