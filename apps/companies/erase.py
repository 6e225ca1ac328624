"""What companies forget when a site was erased: its matches, and companies that were seen nowhere else."""

from django.db import transaction
from django.db.models import Exists, OuterRef

from apps.sites.models import Site

from .models import Company, CompanyClient, CompanyMatch


def site_forget(*, site_id: int) -> None:
    """Erase a deleted site's matches, and what rested on them alone. May run twice."""
    with transaction.atomic():
        matches = CompanyMatch.objects.filter(site_id=site_id)
        company_ids = list(matches.order_by().values_list("company_id", flat=True).distinct())
        matches.delete()
        _clients_forget(company_ids)
        elsewhere = CompanyMatch.objects.filter(company_id=OuterRef("id"))
        Company.objects.filter(~Exists(elsewhere), id__in=company_ids).delete()


def _clients_forget(company_ids: list[int]) -> None:
    """Erase what a client knows of a company that was on none of its sites any more."""
    for row in CompanyClient.objects.filter(company_id__in=company_ids):
        sites = Site.objects.filter(client_id=row.client_id).values("id")
        if not CompanyMatch.objects.filter(company_id=row.company_id, site_id__in=sites).exists():
            row.delete()
