"""Why visits are said to be a company's, in words: a line for each ground, and for what speaks for another."""

from collections.abc import Sequence
from typing import Any

from apps.companies.models import Company, CompanyMatch
from apps.core.formats import number, percent
from apps.tracking.models import Session

from .one import Ground

_Kind = CompanyMatch.Ground
# Why a ground speaks for another company, in a few words.
_SHORT = {
    _Kind.NETWORK: "The network",
    _Kind.EMAIL: "An e-mail address",
    _Kind.HOST_NAME: "The host’s name",
    _Kind.LINK: "A link",
}


def ground_lines(company: Company, grounds: Sequence[Ground]) -> list[str]:
    return [f"{_what(company, ground)}, in {_visits(ground.visits)}{_ending(ground.evidence)}" for ground in grounds]


def visit_grounds(session: Session) -> tuple[float | None, list[str]]:
    """Return how sure a visit's company is, and why, for and against, in lines. Two queries; None for one of nobody."""
    company = Company.objects.filter(id=session.company_id).first() if session.company_id else None
    matches = CompanyMatch.objects.filter(session_id=session.id).order_by("-confidence_ratio", "ground")
    grounds = [
        Ground(row.ground, 1, row.confidence_ratio, row.visit_ratio or row.confidence_ratio, row.evidence)
        for row in (matches if company else ())
    ]
    if company is None or not grounds:
        return None, []
    said = [f"{_what(company, ground)}{_ending(ground.evidence)}" for ground in grounds]
    return max(ground.visit_ratio for ground in grounds), [*said, *against_lines(grounds)]


def against_lines(grounds: Sequence[Ground]) -> list[str]:
    """Return what spoke for others in the latest visits, once each."""
    said = [one for ground in grounds for one in ground.evidence.get("against", ())]
    return list(dict.fromkeys(f"{_SHORT.get(one['ground'], 'Something')} spoke for {_whose(one)}" for one in said))


def _what(company: Company, ground: Ground) -> str:
    evidence = ground.evidence
    domain = evidence.get("domain") or company.domain
    if ground.ground == _Kind.NETWORK:
        asn = evidence.get("asn", "")
        holder = evidence.get("network", "") if "spoke_for" in evidence else company.name
        return f"Network registered to {holder or company.name}{f', {asn}' if asn else ''}"
    if ground.ground == _Kind.EMAIL:
        return f"Business e-mail address at {domain}"
    if ground.ground == _Kind.HOST_NAME:
        return f"Host named under {domain}"
    if ground.ground == _Kind.LINK:
        said = f", ?{evidence['parameter']}={evidence['value']}" if "value" in evidence else ""
        return f"Came by a link that you gave to it{said}"
    return f"Said by {evidence.get('by') or 'somebody of the agency'}"


def _ending(evidence: dict[str, Any]) -> str:
    source = evidence.get("source", "")
    told = f", told by {'the local databases' if source == 'local' else source}" if source else ""
    return f"{told}{', by a correction' if 'spoke_for' in evidence else ''}"


def _whose(one: dict[str, Any]) -> str:
    name = one.get("name") or one["domain"]
    return f"{name} ({percent(one['confidence_ratio'], 0)} sure by itself)"


def _visits(count: int) -> str:
    return f"{number(count)} visit{'' if count == 1 else 's'}"
