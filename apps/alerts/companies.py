"""What a mail about one company says: its score and why, what it read, and where to see more.

Made once when the mail is raised and kept in its row until it is sent, so that one that is sent again says the same.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.db.models import Count, Max, Sum
from django.urls import reverse

from apps.companies.models import Company
from apps.core import clock, formats
from apps.scoring.reasons import Explanation
from apps.scoring.selectors import score_explained
from apps.sites.models import Site
from apps.tracking.models import Event, Kind, Session

from .models import Subscription
from .why import reasons_shown
from .words import ASKED_FOR

PAGES_SHOWN = 6
# What a company read lately: its visit that made the mail, and those right before.
LATELY = timedelta(hours=24)


def company_content(
    *, site: Site, company: Company, kind: Subscription.Kind, at: datetime, pages: Sequence[str] = ()
) -> dict[str, Any]:
    """Return what a mail says of a company on a site. `pages`: of a target account, where it was.

    Ten queries at most.
    """
    zone = ZoneInfo(site.time_zone)
    now = max(clock.now(), at)
    explanation = score_explained(site_id=site.id, company_id=company.id, at=now)
    heading, subject = _heading(site, company, kind, explanation, pages)
    return {
        "subject": subject,
        "heading": heading,
        "site": site.name,
        "company": company.name,
        "domain": company.domain,
        "when": formats.moment(at, zone=zone, now=now),
        "zone": site.time_zone,
        "score": explanation.total if explanation else None,
        "temperature": explanation.score.temperature.value if explanation else "",
        "reasons": reasons_shown(explanation, zone=zone),
        "pages": _pages_read(site_id=site.id, company_id=company.id, until=now),
        "url": reverse("companies:site-company", args=[site.slug, company.id]),
        "alerts_url": reverse("alerts:site-alerts", args=[site.slug]),
        "asked_for": ASKED_FOR[kind],
    }


def _heading(
    site: Site, company: Company, kind: Subscription.Kind, explanation: Explanation | None, pages: Sequence[str]
) -> tuple[str, str]:
    if kind is Subscription.Kind.HOT:
        score = f", score {explanation.total}" if explanation else ""
        return f"{company.name} turned hot", f"{company.name} turned hot on {site.name}{score}"
    where = pages[0] if pages else site.name
    return f"{company.name} is on {where}", f"Target account {company.name} is on {site.name}: {where}"


def _pages_read(*, site_id: int, company_id: int, until: datetime) -> list[dict[str, Any]]:
    """Return what a company read lately, the longest first."""
    since = until - LATELY
    visits = Session.objects.filter(
        site_id=site_id, company_id=company_id, set_aside="", ended_at__gte=since, started_at__gte=since - LATELY
    )
    views = Event.objects.filter(
        session_id__in=visits.values("id"), kind=Kind.PAGEVIEW, occurred_at__gte=since, occurred_at__lte=until
    )
    read = views.values("path").annotate(times=Count("event_id"), engaged=Sum("engaged_ms"), last=Max("occurred_at"))
    return [
        {
            "path": row["path"],
            "times": row["times"],
            "engaged": formats.duration(row["engaged"] / 1000) if row["engaged"] else "",
        }
        for row in read.order_by("-engaged", "path")[:PAGES_SHOWN]
    ]
