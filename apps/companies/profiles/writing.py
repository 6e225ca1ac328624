"""What stands of a profile: what somebody set by hand, else what the provider said; each with its source and date.

`Company.profile`: {"industry": {"source": "Acme API", "at": "2026-11-03T...", "by_hand": true}, ...}; `by_hand` only
there, and then `source` is who did it. A field without an entry is unknown, and nobody has said so.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import reduce
from operator import or_
from typing import Any

import msgspec
from django.db import transaction
from django.db.models import Q

from apps.core import clock

from ..models import Company, ProfileLookup
from .reading import Employees, Profile

# Fields that can be set by hand, in their order on pages. A name is the matching's, and corrected by renaming.
FIELDS = ("industry", "employees", "country", "city", "technologies")


class Found(msgspec.Struct, frozen=True):
    """What a provider said of a company, as it is kept in its row."""

    profile: Profile
    source: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Said:
    """Who said a field, and when."""

    source: str
    at: datetime
    is_by_hand: bool


def profile_read(company: Company) -> Profile:
    """Return what stands."""
    least = company.employees_from
    return Profile(
        industry=company.industry,
        employees=None if least is None else Employees(least, company.employees_to),
        country=company.country,
        city=company.city,
        technologies=tuple(company.technologies),
    )


def said_of(company: Company, field: str) -> Said | None:
    """Return who said a field; None where nobody did."""
    entry = company.profile.get(field)
    if not entry:
        return None
    return Said(entry["source"], datetime.fromisoformat(entry["at"]), bool(entry.get("by_hand")))


def is_set_by_hand() -> Q:
    """Return the condition that somebody set a field of a company by hand."""
    return reduce(or_, (Q(profile__contains={field: {"by_hand": True}}) for field in FIELDS))


def profile_write(company: Company, found: Profile, *, source: str, at: datetime) -> None:
    """Write what a provider said, but for what is set by hand. Of a company that the caller has locked.

    What it is called follows from its row by itself (`naming.names_settle`).
    """
    stands = dict(company.profile)
    for field in FIELDS:
        if not _is_by_hand(stands, field):
            _put(company, stands, field, getattr(found, field), source=source, at=at)
    _save(company, stands)


def profile_set(*, company_id: int, values: Mapping[str, Any], by: str) -> None:
    """Set fields by hand; an empty value is that it isn't known. Raises Company.DoesNotExist."""
    with transaction.atomic():
        company = Company.objects.select_for_update().get(id=company_id)
        stands = dict(company.profile)
        for field, value in values.items():
            _set(company, field, value)
            stands[field] = {"source": by, "at": clock.now().isoformat(), "by_hand": True}
        _save(company, stands)


def profile_give_back(*, company_id: int, fields: Iterable[str]) -> None:
    """Have fields that were set by hand be the provider's again; unknown where it said nothing. May run twice.

    Raises Company.DoesNotExist.
    """
    with transaction.atomic():
        company = Company.objects.select_for_update().get(id=company_id)
        lookup = ProfileLookup.objects.filter(company_id=company_id).first()
        stands = dict(company.profile)
        for field in fields:
            if _is_by_hand(stands, field):
                found = found_by(lookup)
                _put(company, stands, field, getattr(found.profile, field), source=found.source, at=found.at)
        _save(company, stands)


def found_note(profile: Profile, *, source: str, at: datetime) -> dict[str, Any]:
    """Return what a provider said, for its row."""
    return {"profile": msgspec.to_builtins(profile), "source": source, "at": at.isoformat()}


def found_by(lookup: ProfileLookup | None) -> Found:
    """Return what a provider said last, and when; a blank profile where it said nothing."""
    if lookup is None or lookup.found is None:
        return Found(Profile(), "", clock.now())
    return msgspec.convert(lookup.found, Found)


def _is_by_hand(stands: Mapping[str, Any], field: str) -> bool:
    return bool(stands.get(field, {}).get("by_hand"))


def _put(company: Company, stands: dict[str, Any], field: str, value: Any, *, source: str, at: datetime) -> None:
    _set(company, field, value)
    if value:
        stands[field] = {"source": source, "at": at.isoformat()}
    else:
        stands.pop(field, None)


def _set(company: Company, field: str, value: Any) -> None:
    if field == "employees":
        company.employees_from = value.least if value else None
        company.employees_to = value.most if value else None
    elif field == "technologies":
        company.technologies = list(value or ())
    else:
        setattr(company, field, value or "")


def _save(company: Company, stands: dict[str, Any]) -> None:
    company.profile = stands
    company.updated_at = clock.now()
    company.save(
        update_fields=[
            "industry", "employees_from", "employees_to", "country", "city", "technologies", "profile",
            "updated_at",
        ]
    )  # fmt: skip
