"""What a company is called, and its kind.

By the visits alone: the name that the best source of names gives (the network's registration, then others), of several
the earliest visit's; the kind by the earliest visit whose network tells it, else by what the local tables say of the
domain. So neither depends on the order in which visits are matched. It is kept in `Company.told`, {"name": [rank, ms,
name], "kind": [ms, kind], "domain_kind": [ms, kind]}, because it outlives the visits.

Above that stands a rename; below it, in this order, the name that the agency gave it with a link, of several the one
assigned first; the name that a correction gave the company to which it led visits; what a profile's provider calls it;
and the domain. A link's name holds as long as the link does: it is read from there, and not kept.
"""

from collections.abc import Collection, Iterable, Mapping
from datetime import datetime
from typing import Any

from .matching import Match
from .models import Company, CompanyCorrection, LinkValue
from .profiles.writing import found_by
from .resolution import Corrections

USUAL_KIND = "business"
LINK = "link"
# As what links said was kept once, above all else: it is as if nothing had been said.
_LINKS = 0
_RANKS = {"network": 1}
_OTHERS = 2
_FOUND = 3  # a name that was there before anybody noted who told it


def told_by(told: Mapping[str, Any], ground: Match, at: datetime) -> dict[str, Any]:
    """Return what is told of a company with one more ground of a visit that began `at` then. Order doesn't matter."""
    new, ms = dict(told), int(at.timestamp() * 1000)
    if ground.name and ground.ground != LINK:
        name = [_RANKS.get(ground.ground, _OTHERS), ms, ground.name]
        new["name"] = min(new["name"], name) if told_name(new) else name
    if ground.ground == "network":
        kind = [ms, ground.kind]
        new["kind"] = min(new.get("kind", kind), kind)
    elif ground.kind != USUAL_KIND:
        kind = [ms, ground.kind]
        new["domain_kind"] = min(new.get("domain_kind", kind), kind)
    return new


def told_name(told: Mapping[str, Any]) -> str:
    """Return what visits call a company; empty where they don't."""
    return str(told["name"][2]) if "name" in told and told["name"][0] != _LINKS else ""


def companies_called(companies: Iterable[Company], corrections: Corrections) -> list[tuple[Company, str, str]]:
    """Return companies with what people and visits call them, empty where they don't, and their kinds.

    One query; none where corrections and visits name all of them.
    """
    said = [(company, corrections.names.get(company.domain) or told_name(company.told)) for company in companies]
    linked = _links_names({company.domain for company, name in said if not name})
    return [
        (
            company,
            name or linked.get(company.domain) or corrections.given.get(company.domain, ""),
            (company.told.get("kind") or company.told.get("domain_kind") or [0, USUAL_KIND])[1],
        )
        for company, name in said
    ]


def _links_names(domains: Collection[str]) -> dict[str, str]:
    if not domains:
        return {}
    rows = LinkValue.objects.filter(domain__in=domains).exclude(name="").order_by("-added_at", "-id")
    return dict(rows.values_list("domain", "name"))  # of several the last one stands: the first that was assigned


def names_settle(domains: Iterable[str], corrections: Corrections, *, at: datetime) -> None:
    """Have companies called what they should be, by their domains. Two queries; one more where something changes."""
    changed = []
    companies = Company.objects.filter(domain__in=set(domains)).select_related("lookup")
    for company, name, kind in companies_called(companies, corrections):
        name = name or found_by(getattr(company, "lookup", None)).profile.name or company.domain
        if (company.name, company.kind) != (name, kind):
            company.name, company.kind, company.updated_at = name, kind, at
            changed.append(company)
    if changed:
        Company.objects.bulk_update(changed, ["name", "kind", "updated_at"])


def name_keep(domain: str) -> None:
    """Note a company's present name as told, where nobody has noted who told it: so that a rename can be undone."""
    company = Company.objects.filter(domain=domain).first()
    if company is None or company.name == domain or told_name(company.told):
        return
    given = CompanyCorrection.objects.filter(to_domain=domain, to_name=company.name)
    linked = LinkValue.objects.filter(domain=domain, name=company.name)
    if not given.exists() and not linked.exists():
        ms = int(company.created_at.timestamp() * 1000)
        company.told = {"kind": [ms, company.kind], **company.told, "name": [_FOUND, ms, company.name]}
        company.save(update_fields=["told"])
