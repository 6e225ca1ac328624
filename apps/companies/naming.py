"""What a company is called, and its kind.

By the visits alone: the name that the best source of names gives (an agency's own link, then the network's
registration, then others), of several the earliest visit's; the kind by the earliest visit whose network tells it, else
by what the local tables say of the domain. So neither depends on the order in which visits are matched. It is kept in
`Company.told`, {"name": [rank, ms, name], "kind": [ms, kind], "domain_kind": [ms, kind]}, because it outlives the
visits.

Above that stands a rename; below it, in this order, the name that a correction gave the company to which it led visits,
what a profile's provider calls it, and the domain.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from .matching import Match
from .models import Company, CompanyCorrection
from .profiles.writing import found_by
from .resolution import Corrections

USUAL_KIND = "business"
_RANKS = {"link": 0, "network": 1}
_OTHERS = 2
_FOUND = 3  # a name that was there before anybody noted who told it


def told_by(told: Mapping[str, Any], ground: Match, at: datetime) -> dict[str, Any]:
    """Return what is told of a company with one more ground of a visit that began `at` then. Order doesn't matter."""
    new, ms = dict(told), int(at.timestamp() * 1000)
    if ground.name:
        name = [_RANKS.get(ground.ground, _OTHERS), ms, ground.name]
        new["name"] = min(new.get("name", name), name)
    if ground.ground == "network":
        kind = [ms, ground.kind]
        new["kind"] = min(new.get("kind", kind), kind)
    elif ground.kind != USUAL_KIND:
        kind = [ms, ground.kind]
        new["domain_kind"] = min(new.get("domain_kind", kind), kind)
    return new


def company_called(company: Company, corrections: Corrections) -> tuple[str, str]:
    """Return what people and visits call a company, empty where they don't, and its kind."""
    told = company.told
    name = corrections.names.get(company.domain) or (told["name"][2] if "name" in told else "")
    kind = (told.get("kind") or told.get("domain_kind") or [0, USUAL_KIND])[1]
    return name or corrections.given.get(company.domain, ""), kind


def names_settle(domains: Iterable[str], corrections: Corrections, *, at: datetime) -> None:
    """Have companies called what they should be, by their domains. One query; one more where something changes."""
    changed = []
    for company in Company.objects.filter(domain__in=set(domains)).select_related("lookup"):
        name, kind = company_called(company, corrections)
        name = name or found_by(getattr(company, "lookup", None)).profile.name or company.domain
        if (company.name, company.kind) != (name, kind):
            company.name, company.kind, company.updated_at = name, kind, at
            changed.append(company)
    if changed:
        Company.objects.bulk_update(changed, ["name", "kind", "updated_at"])


def name_keep(domain: str) -> None:
    """Note a company's present name as told, where nobody has noted who told it: so that a rename can be undone."""
    company = Company.objects.filter(domain=domain).first()
    if company is None or "name" in company.told:
        return
    given = CompanyCorrection.objects.filter(to_domain=domain, to_name=company.name)
    if not given.exists() and company.name != domain:
        ms = int(company.created_at.timestamp() * 1000)
        company.told = {"kind": [ms, company.kind], **company.told, "name": [_FOUND, ms, company.name]}
        company.save(update_fields=["told"])
