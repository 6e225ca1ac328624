"""Under which conditions a rule holds. Pure."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import msgspec

from apps.core import countries, formats
from apps.sites.goals.patterns import Page, page_matches

from .occurrences import Occurrence


class Conditions(msgspec.Struct, frozen=True, omit_defaults=True):
    """All that are given must hold; of a list one. `pages`: patterns as goals have them."""

    pages: tuple[str, ...] = ()
    countries: tuple[str, ...] = ()  # ISO 3166-1 alpha-2
    least_value: Decimal | None = None
    company_kinds: tuple[str, ...] = ()
    temperatures: tuple[str, ...] = ()
    least_score: int | None = None

    @property
    def asks_company(self) -> bool:
        return bool(self.company_kinds or self.asks_score)

    @property
    def asks_score(self) -> bool:
        return bool(self.temperatures) or self.least_score is not None


def conditions_read(kept: Mapping[str, Any]) -> Conditions:
    """Return conditions as a rule keeps them. Raises msgspec.ValidationError."""
    return msgspec.convert(kept, Conditions, strict=False)


def conditions_kept(conditions: Conditions) -> dict[str, Any]:
    found: dict[str, Any] = msgspec.to_builtins(conditions)
    return found


def conditions_met(conditions: Conditions, occurrence: Occurrence, page: Page) -> bool:
    """Return whether what happened meets them all. What isn't known meets none."""
    company = occurrence.company
    value = occurrence.value if occurrence.value is not None else occurrence.event_value
    return (
        (not conditions.pages or any(page_matches(pattern, page) for pattern in conditions.pages))
        and (not conditions.countries or occurrence.country in conditions.countries)
        and (conditions.least_value is None or (value is not None and value >= conditions.least_value))
        and (not conditions.company_kinds or (company is not None and company.kind in conditions.company_kinds))
        and (not conditions.temperatures or (company is not None and company.temperature in conditions.temperatures))
        and (
            conditions.least_score is None
            or (company is not None and company.score is not None and company.score >= conditions.least_score)
        )
    )


def conditions_unmet(conditions: Conditions, occurrence: Occurrence, page: Page) -> list[str]:
    """Return in sentences which conditions something doesn't meet; none where `conditions_met`."""
    company = occurrence.company
    kind, temperature = (company.kind, company.temperature) if company else ("", "")
    score = company.score if company else None
    value = occurrence.value if occurrence.value is not None else occurrence.event_value
    asked = {
        "pages": f"It happened on {page.path}, which is none of the pages.",
        "countries": f"The visitor’s country, {_known(countries.NAMES.get(occurrence.country, ''))}, is none of them.",
        "least_value": "It has no value."
        if value is None
        else f"Its value, {formats.number(value)}, is below {formats.number(conditions.least_value)}.",
        "company_kinds": f"The company’s kind, {_known(kind)}, is none of them.",
        "temperatures": f"The company’s temperature, {_known(temperature)}, is none of them.",
        "least_score": "The company has no score, or isn’t known."
        if score is None
        else f"The company’s score, {score}, is below {conditions.least_score}.",
    }
    empty = Conditions()
    return [
        words
        for name, words in asked.items()
        if getattr(conditions, name) != getattr(empty, name)
        and not conditions_met(Conditions(**{name: getattr(conditions, name)}), occurrence, page)
    ]


def _known(text: str) -> str:
    return text or "not known"
