"""The corrections in force, as the matching asks them: which there are, what they lead to, and what can't be."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from uuid import UUID

from django.db import connection
from django.db.models import BooleanField, Q, QuerySet
from django.db.models.expressions import RawSQL

from .models import CompanyCorrection
from .resolution import Corrections, Said, Split

Kind = CompanyCorrection.Kind
# What a split may ask of a visit, and how that is said.
SPLIT_FIELDS = {
    "site": "Site",
    "network": "Network’s name",
    "asn": "Network’s number (ASN)",
    "email": "E-mail domain",
}
# By the aliases' own ids: there may be many of them, and nothing finds them by what they lead to.
_JOINED = """
SELECT id, session_id FROM session_alias WHERE id IN (
    SELECT named::uuid FROM company_correction, jsonb_array_elements_text(condition -> 'session_ids') AS named
    WHERE kind = %s
)
"""
_ELSEWHERE = """
EXISTS (
    SELECT FROM jsonb_array_elements_text(company_correction.condition -> 'session_ids') AS named
    LEFT JOIN session_alias AS alias ON alias.id = named::uuid
    LEFT JOIN session ON session.id = coalesce(alias.session_id, named::uuid) AND session.site_id = ANY(%s)
    WHERE session.id IS NULL
)
"""
Joined = Mapping[UUID, UUID]


def corrections_in_force(session_ids: Iterable[UUID]) -> Corrections:
    """Return the corrections that these visits may meet, and all that give a company a name. Two queries."""
    ids, joined = set(session_ids), visits_joined()
    named = [str(id_) for id_ in ids | {gone for gone, lasting in joined.items() if lasting in ids}]
    said = Q(kind=Kind.REASSIGN, condition__session_ids__has_any_keys=named)
    asked = ~Q(kind=Kind.REASSIGN) | said | ~Q(to_name="")
    rows = CompanyCorrection.objects.filter(asked, undone_at__isnull=True)
    return corrections_of(rows.order_by("id"), joined)


def visits_joined() -> Joined:
    """Return, of visits that corrections name and that a late event joined to older ones, which those are. One query.

    What was said of a visit holds for what it has become a part of.
    """
    with connection.cursor() as cursor:
        cursor.execute(_JOINED, [Kind.REASSIGN.value])
        return dict(cursor.fetchall())


def visits_named(row: CompanyCorrection, joined: Joined) -> set[UUID]:
    """Return the visits that a correction of single visits is about, as they are by now."""
    named = map(UUID, row.condition["session_ids"])
    return {joined.get(id_, id_) for id_ in named}


def corrections_within(site_ids: Iterable[int]) -> QuerySet[CompanyCorrection]:
    """Return the corrections of single visits, in force or undone, whose visits all are on these sites."""
    is_elsewhere = RawSQL(_ELSEWHERE, [list(site_ids)], output_field=BooleanField())
    return CompanyCorrection.objects.filter(~Q(is_elsewhere), kind=Kind.REASSIGN)


def corrections_of(rows: Iterable[CompanyCorrection], joined: Joined) -> Corrections:
    """Return what corrections say together, the oldest first."""
    merges: dict[str, str] = {}
    splits: defaultdict[str, list[Split]] = defaultdict(list)
    never: set[str] = set()
    said: dict[UUID, Said] = {}
    names: dict[str, str] = {}
    given: dict[str, str] = {}
    for row in rows:
        if row.kind == Kind.MERGE:
            merges[row.domain] = row.to_domain
        elif row.kind == Kind.SPLIT:
            splits[row.domain].insert(0, split_of(row))
        elif row.kind == Kind.NEVER:
            never.add(row.domain)
        elif row.kind == Kind.RENAME:
            names[row.domain] = row.to_name
        elif row.kind == Kind.REASSIGN:
            said.update(dict.fromkeys(visits_named(row, joined), Said(row.to_domain, row.made_by)))
        if row.to_name and row.to_domain:
            given[row.to_domain] = row.to_name
    return Corrections(merges, dict(splits), frozenset(never), said, names, given)


def split_of(row: CompanyCorrection) -> Split:
    return Split(row.condition["field"], frozenset(row.condition["values"]), row.to_domain)


def edges(rows: Iterable[CompanyCorrection]) -> list[tuple[str, str]]:
    """Return from which domain to which the corrections in force lead on, for all of a company or for some visits."""
    return [(row.domain, row.to_domain) for row in rows if row.kind in (Kind.MERGE, Kind.SPLIT)]


def leads(pairs: Sequence[tuple[str, str]], domain: str, target: str) -> bool:
    """Return whether one comes from `domain` to `target`."""
    return target in _reached(pairs, domain)


def upstream(pairs: Sequence[tuple[str, str]], domain: str) -> set[str]:
    """Return the domains from which one comes to `domain`, itself among them."""
    return _reached([(to, from_) for from_, to in pairs], domain)


def _reached(pairs: Sequence[tuple[str, str]], start: str) -> set[str]:
    found, rest = {start}, [start]
    while rest:
        here = rest.pop()
        new = {to for from_, to in pairs if from_ == here} - found
        found |= new
        rest += new
    return found


def merged_into(domain: str) -> str:
    """Return what a company was merged into, at the end of the chain; its own domain where it wasn't. One query."""
    return _merges_in_force().merged(domain)


def merged_here(domain: str) -> list[str]:
    """Return the domains of the companies that were merged into this one, in the order of the alphabet. One query."""
    merges = _merges_in_force()
    return sorted(one for one in merges.merges if one != domain and merges.merged(one) == domain)


def merges_led() -> dict[str, str]:
    """Return of each company that was merged what it was merged into, at the end of the chain: domains. One query."""
    merges = _merges_in_force()
    return {domain: into for domain in merges.merges if (into := merges.merged(domain)) != domain}


def _merges_in_force() -> Corrections:
    rows = CompanyCorrection.objects.filter(kind=Kind.MERGE, undone_at__isnull=True)
    return corrections_of(rows.order_by("id"), {})
