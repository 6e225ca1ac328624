"""What mails are written for, as it happens: a company turns hot, a target account is on a page that matters.

A row for each member comes first (`AlertSent`), then the mail. A member has one a day for each company, of either kind
and of whichever site: the table itself allows no second, so that whatever is raised twice, late or by two workers at
once is one row. What no fact told of, the sweep raises.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from functools import partial
from uuid import UUID
from zoneinfo import ZoneInfo

from django.db.models import Q

from apps.companies.knowledge.together import rows_ignored
from apps.companies.knowledge.watching import targets_led
from apps.companies.models import Company
from apps.core import clock
from apps.scoring.models import ScoreChange
from apps.scoring.sums import Temperature
from apps.sites.goals.patterns import Page, page_matches
from apps.sites.models import Site
from apps.tracking.models import Event, Session
from apps.tracking.models import Kind as EventKind

from .apart import raised_apart
from .companies import company_content
from .models import AlertSent, Subscription
from .noting import alerts_note
from .subscriptions import Subscriber, sites_wanted, subscribers

Kind = Subscription.Kind
# What happened longer ago is no news any more, and isn't looked for.
LATELY = timedelta(hours=6)
LONGEST_VISIT = timedelta(hours=12)
MOST_VISITS = 5_000


@dataclass(slots=True)
class Occasion:
    """Something to be told of a company on a site. `pages`: where it was, the latest first; `users`: who is told."""

    company_id: int
    at: datetime
    users: set[int] = field(default_factory=set)
    pages: list[str] = field(default_factory=list)


def hot_raise(change_ids: Collection[int] | None = None) -> int:
    """Raise mails for companies that turned hot; return how many mails. None: for all of lately (the sweep).

    Not for what was reckoned from the past, nor for companies that the site's client ignores.
    """
    changes = ScoreChange.objects.filter(
        what=ScoreChange.What.TEMPERATURE, after=Temperature.HOT.value, is_backfill=False, at__gte=clock.now() - LATELY
    ).order_by("at", "id")
    if change_ids is not None:
        changes = changes.filter(id__in=change_ids)
    by_site: dict[int, list[ScoreChange]] = defaultdict(list)
    for change in changes:
        by_site[change.site_id].append(change)
    sites = [site for site in sites_wanted(Kind.HOT) if site.id in by_site] if by_site else []
    return sum(raised_apart(site, partial(_hot_raise, site, by_site[site.id])) for site in sites)


def _hot_raise(site: Site, changes: Sequence[ScoreChange]) -> int:
    wanted = subscribers(site=site, kind=Kind.HOT)
    occasions = [
        Occasion(
            change.company_id, change.at, {one.member.user_id for one in wanted if one.wish.created_at <= change.at}
        )
        for change in changes
    ]
    return _raise(site, Kind.HOT, occasions)


def targets_raise(*, site_id: int | None = None, company_ids: Collection[int] | None = None) -> int:
    """Raise mails for target accounts on pages that matter; return how many mails. None: all of lately (the sweep)."""
    sites = [site for site in sites_wanted(Kind.TARGET) if site_id in (None, site.id)]
    return sum(raised_apart(site, partial(_targets_raise, site, company_ids)) for site in sites)


def _targets_raise(site: Site, company_ids: Collection[int] | None) -> int:
    wanted = subscribers(site=site, kind=Kind.TARGET)
    return _raise(site, Kind.TARGET, _seen(site, wanted, company_ids)) if wanted else 0


def _seen(site: Site, wanted: Sequence[Subscriber], company_ids: Collection[int] | None) -> list[Occasion]:
    """Return target accounts that were lately on pages that somebody wants to know of. Five queries at most."""
    targets = {domain: at for (_, domain), at in targets_led([site.client_id]).items()}
    companies = Company.objects.filter(domain__in=targets)
    if company_ids is not None:
        companies = companies.filter(id__in=company_ids)
    added = {company_id: targets[domain] for company_id, domain in companies.values_list("id", "domain")}
    if not added:
        return []
    since = clock.now() - LATELY
    visits = Session.objects.filter(
        site_id=site.id, company_id__in=added, set_aside="", import_id=None, ended_at__gte=since
    )
    # Nobody is on a site for longer; it bounds where the index is looked through.
    visits = visits.filter(started_at__gte=since - LONGEST_VISIT).order_by("-started_at")
    recent = visits.values_list("id", "company_id")[:MOST_VISITS]
    owner: dict[UUID, int] = {visit_id: company_id for visit_id, company_id in recent if company_id is not None}
    views = Event.objects.filter(
        site_id=site.id, session_id__in=list(owner), kind=EventKind.PAGEVIEW, occurred_at__gte=since
    ).order_by("occurred_at", "event_id")
    zone = ZoneInfo(site.time_zone)
    found: dict[tuple[int, date], Occasion] = {}
    for view in views.only("session_id", "occurred_at", "host", "path", "query", "fragment"):
        company_id = owner[view.session_id]
        told = _told(wanted, view) if view.occurred_at >= added[company_id] else set()
        if told:
            day = view.occurred_at.astimezone(zone).date()
            occasion = found.setdefault((company_id, day), Occasion(company_id, view.occurred_at))
            occasion.users |= told
            occasion.pages = [view.path, *(path for path in occasion.pages if path != view.path)]
    return list(found.values())


def _told(wanted: Iterable[Subscriber], view: Event) -> set[int]:
    """Return who wants to know of a page view."""
    page = Page(view.host, view.path, view.query, view.fragment)
    return {
        one.member.user_id
        for one in wanted
        if one.wish.created_at <= view.occurred_at
        and (not one.wish.pages or any(page_matches(pattern, page) for pattern in one.wish.pages))
    }


def _raise(site: Site, kind: Kind, occasions: Sequence[Occasion]) -> int:
    """Note the mails of occasions that weren't noted yet and tell of them; return how many.

    Three queries where there is nothing new, as each time that the sweep looks.
    """
    zone = ZoneInfo(site.time_zone)
    days = [one.at.astimezone(zone).date() for one in occasions]
    untold = _untold(site, kind, occasions, days)
    ids = {one.company_id for one, users in zip(occasions, untold, strict=True) if users}
    if not ids:
        return 0
    ignored = rows_ignored([site.client_id]).filter(company_id__in=ids)
    companies = Company.objects.exclude(id__in=ignored.values("company_id")).in_bulk(ids)
    raised = 0
    for occasion, day, users in zip(occasions, days, untold, strict=True):
        company = companies.get(occasion.company_id)
        if company is not None and users:
            content = company_content(site=site, company=company, kind=kind, at=occasion.at, pages=occasion.pages)
            raised += alerts_note(
                site_id=site.id,
                kind=kind,
                company_id=company.id,
                day=day,
                due_at=clock.now(),
                content=content,
                user_ids=users,
            )
    return raised


def _untold(site: Site, kind: Kind, occasions: Sequence[Occasion], days: Sequence[date]) -> list[set[int]]:
    """Return of each occasion who has no mail of the company that day, nor one of the kind that came to nothing.

    One query.
    """
    counts = Q(due_at__isnull=False) | Q(sent_at__isnull=False) | Q(site_id=site.id, kind=kind)
    told = set(
        AlertSent.objects.filter(
            counts,
            user_id__in=set().union(*(one.users for one in occasions)),
            company_id__in={one.company_id for one in occasions},
            day__in=set(days),
        ).values_list("user_id", "company_id", "day")
    )
    return [
        {user for user in one.users if (user, one.company_id, day) not in told}
        for one, day in zip(occasions, days, strict=True)
    ]
