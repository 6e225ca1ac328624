"""What a mail about one company says: who it is and how sure that is, its score and why, what it read.

Made once when the mail is raised and kept in its row until it is sent, so that one that is sent again says the same. It
may be read whenever, and the mail server may have been down for hours: so it says when things were, with day and zone.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.db.models import Count, Max, Sum
from django.db.models.functions import Coalesce
from django.urls import reverse

from apps.companies.models import Company, CompanyMatch
from apps.core import clock, formats
from apps.core.countries import country_name
from apps.scoring.reasons import Explanation
from apps.scoring.selectors import score_explained
from apps.sites.models import Site
from apps.tracking.models import Event, Kind, Session

from .models import Subscription
from .why import reasons_shown
from .words import ASKED_FOR, clipped, time_of, when

PAGES_SHOWN = 6
# What a company read lately: its visit that made the mail, and those right before.
LATELY = timedelta(hours=24)


def company_content(
    *, site: Site, company: Company, kind: Subscription.Kind, at: datetime, pages: Sequence[str] = ()
) -> dict[str, Any]:
    """Return what a mail says of a company on a site. `pages`: of a target account, where it was.

    Eleven queries at most.
    """
    zone = ZoneInfo(site.time_zone)
    now = max(clock.now(), at)
    explanation = score_explained(site_id=site.id, company_id=company.id, at=now)
    heading, subject = _heading(site, company, kind, explanation, pages, time_of(at, zone=zone))
    reasons = reasons_shown(explanation, zone=zone)
    return {
        "subject": subject,
        "heading": heading,
        "preview": "; ".join(f"{reason['points']} {reason['text']}" for reason in reasons[:2]),
        "site": site.name,
        "company": company.name,
        "domain": company.domain,
        "who": _who(company),
        "sure": _sure(site_id=site.id, company_id=company.id),
        "when": when(at, zone=zone),
        "zone": site.time_zone,
        "score": explanation.total if explanation else None,
        "temperature": explanation.score.temperature.value if explanation else "",
        "reasons": reasons,
        "pages": _pages_read(site_id=site.id, company_id=company.id, until=now),
        "url": reverse("companies:site-company", args=[site.slug, company.id]),
        "alerts_url": reverse("alerts:site-alerts", args=[site.slug]),
        "asked_for": ASKED_FOR[kind],
    }


def _heading(
    site: Site,
    company: Company,
    kind: Subscription.Kind,
    explanation: Explanation | None,
    pages: Sequence[str],
    time: str,
) -> tuple[str, str]:
    """Return the heading and the subject."""
    name = clipped(company.name)
    if kind is Subscription.Kind.HOT:
        score = f", score {explanation.total}" if explanation else ""
        return f"{name} turned hot", f"{name} turned hot on {site.name}{score}"
    where = f": {clipped(pages[0])}" if pages else ""
    heading = f"{name} was on {clipped(pages[0]) if pages else site.name}"
    return heading, f"Target account {name} was on {site.name} at {time}{where}"


def _who(company: Company) -> str:
    """Return "Machinery, Linz, Austria": what is known of it."""
    known = [company.industry, company.city, country_name(company.country) if company.country else ""]
    return ", ".join(one for one in known if one)


def _sure(*, site_id: int, company_id: int) -> str:
    """Return how sure the company's surest visit on the site is, as its page says it: "85%"."""
    visits = Session.objects.filter(site_id=site_id, company_id=company_id, set_aside="")
    matches = CompanyMatch.objects.filter(
        company_id=company_id, site_id=site_id, session_id__in=visits.order_by().values("id")
    )
    ratio = matches.aggregate(surest=Max(Coalesce("visit_ratio", "confidence_ratio")))["surest"]
    return "" if ratio is None else formats.percent(ratio, 0)


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
