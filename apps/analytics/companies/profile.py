"""A company's profile in words, each line with who said it and when."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from apps.companies.models import Company
from apps.core.countries import country_name
from apps.core.formats import number

# What is shown of a company's technologies; there may be dozens.
TECHNOLOGIES_SHOWN = 12


@dataclass(frozen=True, slots=True)
class ProfileLine:
    """`value` empty: unknown. `source`: who said it, empty where nobody noted; `at`: when, if that is known."""

    label: str
    value: str
    source: str = ""
    at: datetime | None = None


def profile_lines(company: Company) -> Sequence[ProfileLine]:
    """Return what is known of a company beside its name, with what isn't known as well."""
    technologies = ", ".join(company.technologies[:TECHNOLOGIES_SHOWN])
    return [
        _line(company, "Industry", company.industry, "industry"),
        _line(company, "People", people(company), "employees", "employees_from", "employees_to"),
        _line(company, "Seat", seat(company), "city", "country"),
        _line(company, "Technology", technologies, "technologies"),
    ]


def people(company: Company) -> str:
    """Return how many people work there: "201–500", "from 1,001"; empty for unknown."""
    least, most = company.employees_from, company.employees_to
    if least is None and most is None:
        return ""
    if most is None:
        return f"from {number(least)}"
    return f"up to {number(most)}" if least is None or least == 0 else f"{number(least)}–{number(most)}"


def seat(company: Company) -> str:
    places = [company.city, country_name(company.country) if company.country else ""]
    return ", ".join(place for place in places if place)


def _line(company: Company, label: str, value: str, *fields: str) -> ProfileLine:
    told: dict[str, object] = next(
        (company.profile[name] for name in fields if isinstance(company.profile.get(name), dict)), {}
    )
    return ProfileLine(label, value, str(told.get("source", "")), _moment(told.get("at")))


def _moment(text: object) -> datetime | None:
    try:
        at = datetime.fromisoformat(str(text))
    except ValueError:
        return None
    return at if at.tzinfo else None
