"""Making and undoing corrections. In force at once; stored visits follow at once where they are few, else by and by.

A correction is never deleted: undone, it leaves what would stand there had it never been.
"""

from collections.abc import Collection, Sequence
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import QuerySet

from apps.core import clock
from apps.core.errors import Refused
from apps.core.facts import publish
from apps.core.tenancy import current_schema
from apps.networks.domains import email_domain, registrable_domain
from apps.sites.hosts import host_clean

from .correction_work import correction_slice
from .corrections import SPLIT_FIELDS, Joined, Kind, corrections_of, edges, leads, visits_joined, visits_named
from .facts import CorrectionChanged
from .locks import matching_lock
from .models import Company, CompanyCorrection
from .naming import name_keep, names_settle

NOT_THEIRS = "Name a company that has come to your clients’ sites; for any other ask a colleague who sees all clients."
LONGEST_NAME = 200
MOST_VISITS = 500
MOST_VALUES = 50


def domain_read(text: str, *, client_ids: Collection[int] | None = None) -> str:
    """Return a company's domain as it is kept, from an address as people write it. Raises Refused.

    The domain of a company that is there, else one that a company can have. `client_ids`: those of somebody who sees
    them alone, and names only companies that came to them: all others are refused in the same words, so that nobody
    learns which of them the agency knows, nor anything of them. One query.
    """
    written = text.replace("\x00", "").strip()
    try:
        host = host_clean(written)
    except ValueError:
        raise Refused(f"“{written[:60]}” isn’t a domain that a company has: write it like acme.example.") from None
    registered = registrable_domain(host)
    known = Company.objects.filter(domain__in=[host, registered])
    if client_ids is not None:
        known = companies_came(client_ids).filter(domain__in=[host, registered])
    domains = set(known.values_list("domain", flat=True))
    if found := next((domain for domain in (host, registered) if domain in domains), ""):
        return found
    if client_ids is not None:
        raise Refused(NOT_THEIRS)
    if host.startswith("[") or host.rpartition(".")[2].isdecimal():
        raise Refused(f"“{written[:60]}” is an address on the internet: write the company’s domain, like acme.example.")
    if not registered:
        raise Refused(f"“{written[:60]}” isn’t a domain that a company has: write it like acme.example.")
    if not email_domain(f"@{host}"):
        raise Refused(f"Anybody can have a mailbox at {host}, so it is no company’s: write the company’s own domain.")
    return registered


def companies_came(client_ids: Collection[int]) -> QuerySet[Company]:
    """Return the companies that somebody who sees these clients alone may name: those that came to one of them."""
    return Company.objects.filter(clients__client_id__in=client_ids, clients__is_left=False).distinct()


def name_read(text: str) -> str:
    """Return a company's name without what can't be shown; empty where there is none. Raises Refused."""
    name = " ".join("".join(letter if letter.isprintable() else " " for letter in text).split())
    if len(name) > LONGEST_NAME:
        raise Refused(f"A name can have {LONGEST_NAME} letters at most.")
    return name


def merging(*, domain: str, to_domain: str, to_name: str = "") -> CompanyCorrection:
    """Return "this company is in truth that one", not stored yet. Raises Refused where it can't be."""
    if domain == to_domain:
        raise Refused("A company can’t be merged into itself: choose another one.")
    rows = _in_force()
    _refuse_circle(rows, domain, to_domain)
    if (other := corrections_of(rows, {}).merges.get(domain)) not in (None, to_domain):
        raise Refused(f"{domain} is merged into {other} already: undo that first, under Settings, Corrections.")
    _refuse_never(rows, to_domain)
    return _made(Kind.MERGE, domain, to_domain=to_domain, to_name=to_name)


def splitting(
    *, domain: str, to_domain: str, to_name: str = "", field: str, values: Sequence[str]
) -> CompanyCorrection:
    """Return "visits of this company that meet this are that one's", not stored yet. Raises Refused."""
    if field not in SPLIT_FIELDS:
        raise Refused("Choose what marks the visits: site, network, number or e-mail domain.")
    kept = sorted({_value(field, value) for value in values if value.strip()})
    if not kept:
        raise Refused("Say which visits: choose at least one value.")
    if len(kept) > MOST_VALUES:
        raise Refused(f"A split can name {MOST_VALUES} values at most.")
    if domain == to_domain:
        raise Refused("The visits have to become another company: give another domain.")
    rows = _in_force()
    _refuse_circle(rows, domain, to_domain)
    _refuse_never(rows, to_domain)
    condition = {"field": field, "values": kept}
    return _made(Kind.SPLIT, domain, to_domain=to_domain, to_name=to_name, condition=condition)


def reassigning(*, session_ids: Sequence[UUID], domain: str, to_domain: str, to_name: str = "") -> CompanyCorrection:
    """Return "these visits are in truth that company's", or nobody's where `to_domain` is empty. Raises Refused.

    `domain`: whose they were, for the record.
    """
    if not 0 < len(session_ids) <= MOST_VISITS:
        raise Refused(f"Choose between one and {MOST_VISITS} visits.")
    if to_domain:
        _refuse_never(_in_force(), to_domain)
    condition = {"session_ids": sorted(str(id_) for id_ in session_ids)}
    return _made(Kind.REASSIGN, domain, to_domain=to_domain, to_name=to_name, condition=condition)


def renaming(*, domain: str, to_name: str) -> CompanyCorrection:
    """Return "this company is called so", not stored yet. Raises Refused."""
    if not to_name:
        raise Refused("Write the company’s name.")
    return _made(Kind.RENAME, domain, to_name=to_name)


def denying(*, domain: str) -> CompanyCorrection:
    """Return "this is no company", not stored yet."""
    return _made(Kind.NEVER, domain)


def correction_make(correction: CompanyCorrection, *, by: str) -> CompanyCorrection | None:
    """Store a correction and apply it; return it, or None where just that is in force already. Raises Refused.

    Sent twice, it is made once. Of two at the same time that would lead in a circle, the later is refused.
    """
    with transaction.atomic():
        matching_lock()
        rows = _in_force()
        joined = visits_joined()
        if any(_is_same(correction, row, joined) for row in _decisive(correction, rows, joined)):
            return None
        _check_again(correction)
        if correction.kind == Kind.RENAME:
            name_keep(correction.domain)
        correction.made_at, correction.made_by, correction.is_carried_out = clock.now(), by, False
        correction.save()
        if correction.to_domain:
            _company_ensure(correction)
        _settle_names(correction)
    _begin(correction)
    return correction


def correction_undo(*, correction_id: int, by: str) -> bool:
    """Undo a correction; False where it is undone already. Its visits come back at once, or by and by."""
    with transaction.atomic():
        matching_lock()
        undone = CompanyCorrection.objects.filter(id=correction_id, undone_at__isnull=True).update(
            undone_at=clock.now(),
            undone_by=by,
            is_carried_out=False,
            cursor_id=None,
            leased_until=None,
            visits_total=None,
            visits_done=0,
            visits_moved=0,
        )
        if not undone:
            return False
        correction = CompanyCorrection.objects.get(id=correction_id)
        _settle_names(correction)
    _begin(correction)
    return True


def _begin(correction: CompanyCorrection) -> None:
    """Do what can be done at once. Were this lost, the sweep would go on."""
    if correction_slice(correction.id):
        CompanyCorrection.objects.filter(id=correction.id).update(leased_until=None)
        publish(CorrectionChanged(schema=current_schema(), correction_id=correction.id))
    correction.refresh_from_db()


def _in_force() -> list[CompanyCorrection]:
    return list(CompanyCorrection.objects.filter(undone_at__isnull=True).order_by("id"))


def _made(kind: CompanyCorrection.Kind, domain: str, **given: Any) -> CompanyCorrection:
    return CompanyCorrection(kind=kind.value, domain=domain, **given)


def _decisive(
    correction: CompanyCorrection, rows: Sequence[CompanyCorrection], joined: Joined
) -> list[CompanyCorrection]:
    """Return the corrections in force that say what this one would replace: of names and visits the latest counts."""
    if correction.kind == Kind.REASSIGN:
        ids = visits_named(correction, joined)
        return [row for row in rows if row.kind == Kind.REASSIGN and ids & visits_named(row, joined)][-1:]
    alike = [row for row in rows if row.kind == correction.kind and row.domain == correction.domain]
    return alike[-1:] if correction.kind == Kind.RENAME else alike


def _is_same(one: CompanyCorrection, other: CompanyCorrection, joined: Joined) -> bool:
    def said(row: CompanyCorrection) -> tuple[str, str, object]:
        if row.kind == Kind.REASSIGN:
            return (row.to_domain, "", visits_named(row, joined))
        return (row.to_domain, row.to_name if row.kind == Kind.RENAME else "", row.condition)

    return said(one) == said(other)


def _check_again(correction: CompanyCorrection) -> None:
    """Raise Refused where what was possible when the page was shown isn't any more."""
    if correction.kind == Kind.MERGE:
        merging(domain=correction.domain, to_domain=correction.to_domain)
    elif correction.kind == Kind.SPLIT:
        _refuse_circle(_in_force(), correction.domain, correction.to_domain)
    if correction.to_domain:
        _refuse_never(_in_force(), correction.to_domain)


def _refuse_circle(rows: Sequence[CompanyCorrection], domain: str, to_domain: str) -> None:
    if leads(edges(rows), to_domain, domain):
        raise Refused(
            f"Visits of {to_domain} are led to {domain} by a correction, so {domain} can’t be led back to it. "
            "Undo that one first, under Settings, Corrections."
        )


def _refuse_never(rows: Sequence[CompanyCorrection], domain: str) -> None:
    corrections = corrections_of(rows, {})
    if corrections.merged(domain) in corrections.never:
        # Without a word of what it was merged into: not everybody who may ask knows that one.
        raise Refused(
            f"{domain} is marked as not a company, or merged into one that is: undo that first, under Settings, "
            "Corrections."
        )


def _value(field: str, text: str) -> str:
    value = text.replace("\x00", "").strip().lower()
    if field == "asn":
        value = value.removeprefix("as")
        if not (value.isascii() and value.isdigit() and 0 < int(value[:11]) < 2**32 and len(value) < 11):
            raise Refused(f"“{text.strip()[:40]}” isn’t a network’s number: write it like AS64500.")
        return str(int(value))
    if field == "email":
        return domain_read(value)
    if field == "site" and not (value.isascii() and value.isdigit() and len(value) < 19):
        raise Refused("Choose one of the listed sites.")
    return value[:LONGEST_NAME]


def _company_ensure(correction: CompanyCorrection) -> None:
    at = clock.now()
    name = correction.to_name or correction.to_domain
    Company.objects.get_or_create(
        domain=correction.to_domain, defaults={"name": name, "created_at": at, "updated_at": at}
    )


def _settle_names(correction: CompanyCorrection) -> None:
    domains = {domain for domain in (correction.domain, correction.to_domain) if domain}
    names_settle(domains, corrections_of(_in_force(), {}), at=clock.now())
