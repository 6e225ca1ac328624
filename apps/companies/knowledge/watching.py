"""The watchlist of a client: domains of the companies that it waits for, whether or not they have come."""

from collections.abc import Iterable
from datetime import datetime

from django.db import transaction

from apps.agencies.models import User
from apps.core import clock

from ..corrections import merges_led
from ..models import Company, TargetAccount
from .entries import entries_write
from .rows import rows_lock


def companies_watch(*, client_id: int, company_ids: Iterable[int], by: User) -> int:
    """Put companies that the client knows on its watchlist, by their domains; return how many are new there.

    May run twice and side by side.
    """
    with transaction.atomic():
        companies = _known(client_id, company_ids)
        watched = _watched(client_id, [one.domain for one in companies])
        new = [one for one in companies if one.domain not in watched]
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
    """Take companies off the client's watchlist; return how many were on it. May run twice."""
    with transaction.atomic():
        companies = _known(client_id, company_ids)
        watched = _watched(client_id, [one.domain for one in companies])
        gone = [one for one in companies if one.domain in watched]
        TargetAccount.objects.filter(client_id=client_id, domain__in=[one.domain for one in gone]).delete()
        text = "no longer watches it"
        entries_write(client_id=client_id, company_ids=[one.id for one in gone], text=text, by=by)
    return len(gone)


def is_watched(*, client_id: int, domains: Iterable[str]) -> bool:
    """Return whether one of these domains is on the client's watchlist. One query."""
    return TargetAccount.objects.filter(client_id=client_id, domain__in=list(domains)).exists()


def targets_led(client_ids: Iterable[int]) -> dict[tuple[int, str], datetime]:
    """Return the domains of companies that these clients watch, (client, domain), and since when. Two queries.

    A target account that was merged into another company is that one, too, while the merge is in force.
    """
    led = merges_led()
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


def _watched(client_id: int, domains: Iterable[str]) -> set[str]:
    rows = TargetAccount.objects.filter(client_id=client_id, domain__in=list(domains))
    return set(rows.values_list("domain", flat=True))
