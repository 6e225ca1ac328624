"""How well a company fits the ideal customer. Pure.

Each criterion that is asked and known weighs the same; what isn't known neither helps nor harms.
"""

from dataclasses import dataclass
from enum import StrEnum

from .rules import IdealCustomer


@dataclass(frozen=True, slots=True)
class Profile:
    """What is known of a company, as apps.companies stores it. Empty or None: unknown."""

    industry: str = ""
    country: str = ""  # ISO 3166-1 alpha-2
    employees_from: int | None = None
    employees_to: int | None = None  # None beside a lower bound: that many and more
    technologies: tuple[str, ...] = ()


class Criterion(StrEnum):
    INDUSTRY = "industry"
    SIZE = "size"
    COUNTRY = "country"
    TECHNOLOGY = "technology"


@dataclass(frozen=True, slots=True)
class Judged:
    """A criterion that is asked. `is_met`: None where nothing is known of it. `asked`, `known`: in words."""

    criterion: Criterion
    is_met: bool | None
    asked: str
    known: str


def fit_judged(ideal: IdealCustomer, profile: Profile) -> tuple[Judged, ...]:
    """Return each criterion that is asked, with what is known of it."""
    asked = (
        (Criterion.INDUSTRY, bool(ideal.industries), _industry(ideal, profile), ", ".join(ideal.industries)),
        (
            Criterion.SIZE,
            ideal.employees_from is not None or ideal.employees_to is not None,
            _size(ideal, profile),
            size_words(ideal.employees_from, ideal.employees_to),
        ),
        (Criterion.COUNTRY, bool(ideal.countries), _country(ideal, profile), ", ".join(ideal.countries)),
        (Criterion.TECHNOLOGY, bool(ideal.technologies), _technology(ideal, profile), ", ".join(ideal.technologies)),
    )
    known = {
        Criterion.INDUSTRY: profile.industry,
        Criterion.SIZE: size_words(profile.employees_from, profile.employees_to),
        Criterion.COUNTRY: profile.country,
        Criterion.TECHNOLOGY: ", ".join(profile.technologies),
    }
    return tuple(Judged(name, is_met, words, known[name]) for name, is_asked, is_met, words in asked if is_asked)


def fit_of(ideal: IdealCustomer, profile: Profile) -> float | None:
    """Return the share of criteria that are met, 0-100; None where nothing is asked or nothing of it known."""
    known = [one.is_met for one in fit_judged(ideal, profile) if one.is_met is not None]
    return 100 * sum(known) / len(known) if known else None


def size_words(least: int | None, most: int | None) -> str:
    if least is None and most is None:
        return ""
    if most is None:
        return f"{least:,} employees and more"
    return f"up to {most:,} employees" if least is None else f"{least:,} to {most:,} employees"


def _industry(ideal: IdealCustomer, profile: Profile) -> bool | None:
    return _among(profile.industry, ideal.industries) if profile.industry else None


def _country(ideal: IdealCustomer, profile: Profile) -> bool | None:
    return _among(profile.country, ideal.countries) if profile.country else None


def _technology(ideal: IdealCustomer, profile: Profile) -> bool | None:
    """Return whether the company has one of those asked."""
    if not profile.technologies:
        return None
    return any(_among(one, ideal.technologies) for one in profile.technologies)


def _size(ideal: IdealCustomer, profile: Profile) -> bool | None:
    """Return whether the two ranges have a size in common: of a company only a range is known."""
    if profile.employees_from is None and profile.employees_to is None:
        return None
    least, most = profile.employees_from or 0, profile.employees_to
    is_large_enough = most is None or most >= (ideal.employees_from or 0)
    return is_large_enough and (ideal.employees_to is None or least <= ideal.employees_to)


def _among(known: str, asked: tuple[str, ...]) -> bool:
    return known.strip().casefold() in {one.strip().casefold() for one in asked}
