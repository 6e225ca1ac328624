"""Deliveries as lines of the log: what each template of a line needs."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, tzinfo

from django.urls import reverse

from apps.sites.models import Site

from .archived import is_archived
from .glance_words import latency
from .log import Page, companies_shown, took_of
from .log_words import STATE_ICONS, STATE_LABELS, happened
from .models import Delivery
from .services import SENDABLE


@dataclass(frozen=True, slots=True)
class Line:
    """`company`: empty where there is none that may be shown. `may_send`: whether a person can have it sent again."""

    delivery: Delivery
    label: str
    icon: str
    company: str
    company_url: str
    happened: str
    took: str
    may_send: bool


def lines_of(site: Site, page: Page, *, zone: tzinfo, now: datetime) -> Sequence[Line]:
    return [_line(site, one, page, zone, now) for one in page.deliveries]


def line_of(site: Site, delivery: Delivery, *, zone: tzinfo, now: datetime) -> Line:
    """Return one delivery's line. Queries: `companies_shown`, and one."""
    page = Page([delivery], companies_shown(site, [delivery]), took_of([delivery]), None)
    return _line(site, delivery, page, zone, now)


def _line(site: Site, delivery: Delivery, page: Page, zone: tzinfo, now: datetime) -> Line:
    company = page.companies.get(delivery.id)
    took_ms = page.took_ms.get(delivery.id)
    return Line(
        delivery=delivery,
        label=STATE_LABELS[delivery.state],
        icon=STATE_ICONS[delivery.state],
        company=company.name if company else "",
        company_url=reverse("companies:site-company", args=[site.slug, company.id]) if company else "",
        happened=happened(delivery, is_site_archived=is_archived(site), zone=zone, now=now),
        took=latency(None if took_ms is None else took_ms / 1000),
        may_send=delivery.state in SENDABLE and not delivery.is_test and delivery.destination.archived_at is None,
    )
