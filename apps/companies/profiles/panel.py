"""A company's profile as it is shown: each field with its value, who said it and when, or "unknown".

For `companies/_profile.html`: `{% include "companies/_profile.html" with profile=profile only %}`.
"""

from dataclasses import dataclass
from datetime import datetime, tzinfo

from django.urls import reverse

from apps.agencies.models import Membership
from apps.agencies.roles import Permission
from apps.core.countries import country_name

from ..models import Company, ProfileLookup
from .configured import is_configured, source_name
from .reading import Profile
from .writing import FIELDS, profile_read, said_of

LABELS = {
    "industry": "Industry",
    "employees": "Employees",
    "country": "Country of its seat",
    "city": "City of its seat",
    "technologies": "Technologies",
}
# More than these are counted.
TECHNOLOGIES_SHOWN = 12


@dataclass(frozen=True, slots=True)
class Row:
    """`text` empty: unknown. `source`: as in "from Acme API, 3 Nov"."""

    label: str
    text: str
    source: str


@dataclass(frozen=True, slots=True)
class Panel:
    rows: list[Row]
    status: str  # what is to be said of asking for it
    edit_url: str  # empty: the member may not


def profile_panel(company: Company, *, membership: Membership, site_slug: str, zone: tzinfo) -> Panel:
    """Return a company's profile for a member, times in `zone`. One query."""
    profile = profile_read(company)
    rows = [
        Row(LABELS[field], field_text(profile, field), source_of(company, field, membership=membership, zone=zone))
        for field in FIELDS
    ]
    url = reverse("companies:site-company-profile", args=[site_slug, company.id])
    return Panel(rows, _status(company, zone=zone), url if profile_may_edit(membership) else "")


def profile_may_edit(membership: Membership) -> bool:
    """Return whether a member may set profiles by hand: a company is the agency's, not one client's.

    So it takes somebody who sees all clients: whoever is limited to some would change what is told of the others'.
    """
    return membership.may(Permission.EDIT_COMPANIES) and membership.client_ids is None


def field_text(profile: Profile, field: str) -> str:
    """Return a field in words; empty: unknown."""
    if field == "employees":
        return profile.employees.words if profile.employees else ""
    if field == "country":
        return country_name(profile.country) if profile.country else ""
    if field == "technologies":
        more = len(profile.technologies) - TECHNOLOGIES_SHOWN
        shown = ", ".join(profile.technologies[:TECHNOLOGIES_SHOWN])
        return f"{shown} and {more} more" if more > 0 else shown
    return str(getattr(profile, field))


def source_of(company: Company, field: str, *, membership: Membership, zone: tzinfo) -> str:
    """Return who said a field and when, in words; empty where nobody did."""
    said = said_of(company, field)
    if said is None:
        return ""
    on = _date(said.at, zone)
    if not said.is_by_hand:
        return f"from {said.source}, {on}"
    # Who works on which company may tell of another client.
    by = said.source if membership.client_ids is None else "hand"
    return f"by {by}, {on}"


def _status(company: Company, *, zone: tzinfo) -> str:
    """Return what is to be said of asking, in a sentence."""
    if not is_configured():
        return "What nobody has said is unknown. No service is asked for profiles."
    name = source_name()
    lookup = ProfileLookup.objects.filter(company_id=company.id).first()
    if lookup is None or lookup.asked_at is None:
        is_asked = company.kind == "business"
        return f"{name} hasn’t answered yet." if is_asked else f"{name} is asked for businesses only."
    on, again = _date(lookup.asked_at, zone), _date(lookup.due_at, zone)
    if lookup.found is None:
        return f"{name} knew nothing of it, {on}. It is asked again: {again}."
    return f"{name} was asked last: {on}; next: {again}."


def _date(at: datetime, zone: tzinfo) -> str:
    """Return a day with its year, since what is said of companies ages by years."""
    local = at.astimezone(zone)
    return f"{local.day} {local:%b %Y}"
