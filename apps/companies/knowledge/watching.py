"""The watchlist of a client: domains of the companies that it waits for, whether or not they have come."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from django.db import transaction

from apps.agencies.models import User
from apps.core import clock

from ..corrections import merged_here, merges_led
from ..models import Company, TargetAccount
from .entries import entries_write
from .rows import rows_lock


def companies_watch(*, client_id: int, company_ids: Iterable[int], by: User) -> int:
    """Put companies that the client knows on its watchlist, by their domains; return how many are new there.

    One that is watched by the domain of another which was merged into it stays as it is. May run twice and side by
    side.
    """
    with transaction.atomic():
        companies = _known(client_id, company_ids)
        watched = domains_watched(client_id=client_id, companies=companies)
        new = [one for one in companies if not watched[one.id]]
        at = clock.now()
        TargetAccount.objects.bulk_create(
            [
                TargetAccount(client_id=client_id, domain=one.domain, name=one.name, added_at=at, added_by=str(by))
                for one in new
            ],
            ignore_conflicts=True,
        )
        entries_write(client_id=client_id, company_ids=[one.id for one in new], text="watches it", by=by)
    return len(new)


def companies_unwatch(*, client_id: int, company_ids: Iterable[int], by: User) -> int:
    """Take companies, and what was merged into them, off the client's watchlist; return how many were on it.

    May run twice.
    """
    with transaction.atomic():
        watched = domains_watched(client_id=client_id, companies=_known(client_id, company_ids))
        gone = [company_id for company_id, domains in watched.items() if domains]
        domains = set().union(*watched.values())
        TargetAccount.objects.filter(client_id=client_id, domain__in=domains).delete()
        entries_write(client_id=client_id, company_ids=gone, text="no longer watches it", by=by)
    return len(gone)


def is_watched(*, client_id: int, domain: str) -> bool:
    """Return whether a company's domain, or that of one merged into it, is on the client's watchlist. Two queries."""
    return TargetAccount.objects.filter(client_id=client_id, domain__in=[domain, *merged_here(domain)]).exists()


def domains_watched(*, client_id: int, companies: Sequence[Company]) -> Mapping[int, set[str]]:
    """Return by company its domains that are on the client's watchlist: its own, and those of ones merged into it.

    Two queries.
    """
    ids = {one.domain: one.id for one in companies}
    led = {domain: ids[into] for domain, into in merges_led().items() if into in ids}
    found: dict[int, set[str]] = {one.id: set() for one in companies}
    rows = TargetAccount.objects.filter(client_id=client_id, domain__in={*ids, *led})
    for domain in rows.values_list("domain", flat=True):
        for company_id in (ids.get(domain), led.get(domain)):
            if company_id is not None:
                found[company_id].add(domain)
    return found


def targets_led(client_ids: Iterable[int], *, led: Mapping[str, str] | None = None) -> dict[tuple[int, str], datetime]:
    """Return the domains of companies that these clients watch, (client, domain), and since when.

    A target account that was merged into another company is that one, too, while the merge is in force. `led`: what
    merges lead to, where that is known. One query; two where it isn't.
    """
    led = merges_led() if led is None else led
    found: dict[tuple[int, str], datetime] = {}
    rows = TargetAccount.objects.filter(client_id__in=list(client_ids))
    for client_id, domain, at in rows.values_list("client_id", "domain", "added_at"):
        for one in {domain, led.get(domain, domain)}:
            found[client_id, one] = min(at, found.get((client_id, one), at))
    return found


def _known(client_id: int, company_ids: Iterable[int]) -> list[Company]:
    """Return those of the companies that the client knows; who changes the same waits, so that each is noted once."""
    known = rows_lock(client_id=client_id, company_ids=company_ids)
    return list(Company.objects.filter(id__in=[row.company_id for row in known]).order_by("id"))
