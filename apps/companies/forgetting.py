"""Erasing companies that nothing speaks of any more.

At once where somebody deletes what they rested on, or takes back the consent to it. Where matching alone has taken a
company's last visit (a kind of organisation was switched off, a network turned out to be another's) it waits for
GROUNDLESS_FOR: what was switched off by mistake is on again, and the company has kept its number, its profile and its
log. What somebody set of its profile by hand stays in any case, as does what a correction names: undoing that brings
the visits back.
"""

from collections.abc import Iterable
from datetime import timedelta

from django.db import transaction
from django.db.models import Exists, OuterRef, Q, QuerySet

from apps.core import clock
from apps.tracking.models import Session

from .locks import matching_lock
from .models import Company, CompanyClient, CompanyCorrection, CompanyMatch, CompanyNote
from .profiles.writing import is_set_by_hand

GROUNDLESS_FOR = timedelta(days=7)
# Erased in one transaction.
SLICE = 500


def companies_forget(company_ids: Iterable[int]) -> None:
    """Erase those of these companies that no client knows, no stored visit is of, and nobody wrote of."""
    _groundless().filter(id__in=list(company_ids)).delete()


def companies_left(company_ids: Iterable[int]) -> None:
    """Note that matching has left these companies, where no client knows them any more: the time begins. One query."""
    known = CompanyClient.objects.filter(company_id=OuterRef("id"))
    Company.objects.filter(~Exists(known), id__in=list(company_ids)).update(updated_at=clock.now())


def companies_tidy() -> int:
    """Erase the companies that have been without any ground for GROUNDLESS_FOR; return how many. May run twice."""
    before, gone = clock.now() - GROUNDLESS_FOR, 0
    while True:
        with transaction.atomic():
            matching_lock()  # whoever matches a visit to one of them waits, and makes it anew
            ids = list(_groundless().filter(updated_at__lt=before).order_by("id").values_list("id", flat=True)[:SLICE])
            Company.objects.filter(id__in=ids).delete()
        gone += len(ids)
        if len(ids) < SLICE:
            return gone


def _groundless() -> QuerySet[Company]:
    known = CompanyClient.objects.filter(company_id=OuterRef("id"))
    matched = CompanyMatch.objects.filter(company_id=OuterRef("id"))
    visited = Session.objects.filter(company_id=OuterRef("id"))
    noted = CompanyNote.objects.filter(company_id=OuterRef("id"))
    corrected = CompanyCorrection.objects.filter(Q(domain=OuterRef("domain")) | Q(to_domain=OuterRef("domain")))
    grounds = (known, matched, visited, noted, corrected)
    return Company.objects.filter(*(~Exists(ground) for ground in grounds)).exclude(is_set_by_hand())
