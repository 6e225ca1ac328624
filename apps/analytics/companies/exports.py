"""Companies and their visits as files."""

from collections.abc import Iterable, Sequence

from django.http import HttpResponse

from apps.core.exports import csv_response
from apps.core.periods import Span
from apps.sites.models import Site
from apps.tracking.models import Session

from .listing import CompanyRow

COMPANY_HEADER = (
    "Company",
    "Domain",
    "Kind",
    "Country (of most visits)",
    "Visits",
    "Visitors (daily, summed)",
    "Page views",
    "Engaged seconds",
    "Last seen (UTC)",
    "Source (of most visits)",
    "Site seen last",
)
VISIT_HEADER = (
    "Started (UTC)",
    "Ended (UTC)",
    "Site",
    "Entry page",
    "Exit page",
    "Page views",
    "Engaged seconds",
    "Source",
    "Channel",
    "Campaign",
    "Country",
    "City",
    "Device",
    "Browser",
)


def companies_csv(rows: Iterable[CompanyRow], span: Span, sites: Sequence[Site]) -> HttpResponse:
    names = {site.id: site.name for site in sites}
    return csv_response(
        f"companies-{span.first}-{span.last}",
        COMPANY_HEADER,
        [
            (
                row.name,
                row.domain,
                row.kind,
                row.country,
                row.visits,
                row.visitors,
                row.pageviews,
                round(row.engaged_ms / 1000),
                row.last_at.isoformat(timespec="seconds"),
                row.source,
                names[row.site_id],
            )
            for row in rows
        ],
    )


def visits_csv(domain: str, visits: Iterable[Session], sites: Sequence[Site]) -> HttpResponse:
    names = {site.id: site.name for site in sites}
    return csv_response(
        f"visits-of-{domain}",
        VISIT_HEADER,
        [
            (
                visit.started_at.isoformat(timespec="seconds"),
                visit.ended_at.isoformat(timespec="seconds"),
                names[visit.site_id],
                visit.entry_path,
                visit.exit_path,
                visit.pageviews,
                round(visit.engaged_ms / 1000),
                visit.source,
                visit.channel,
                visit.campaign,
                visit.country,
                visit.city,
                visit.device,
                visit.browser,
            )
            for visit in visits
        ],
    )
