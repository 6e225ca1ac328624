"""The weekly digest of a site: companies that are new, that rose most, and that are still hot; each with its reasons.

It is of a whole week, Monday to Sunday of the site's zone, and goes out on the Monday after, at seven. Scores are those
of the week's end, so that the same week says the same whenever it is asked for. Where there is nothing to report, no
mail goes out.
"""

import hashlib
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from functools import partial
from typing import Any
from zoneinfo import ZoneInfo

from django.core.cache import cache
from django.db import connection
from django.db.models import Count
from django.urls import reverse

from apps.companies.knowledge.ignoring import ignored_ids
from apps.companies.models import Company
from apps.companies.seen import known_seen
from apps.core import clock, formats
from apps.core.periods import day_start
from apps.scoring.at_moment import scores_select
from apps.scoring.formulas import as_shown
from apps.scoring.sums import Temperature
from apps.scoring.versions import scoring_of
from apps.sites.models import Site
from apps.tracking.models import Session

from .apart import raised_apart
from .models import AlertSent, Subscription
from .noting import alerts_note
from .subscriptions import sites_wanted, subscribers
from .why import reasons_shown, scores_explained, scores_past
from .words import ASKED_FOR

WEEK = timedelta(days=7)
SENT_AT = time(7, 0)
# Of each kind so many are named, the others counted.
SHOWN = 8
# Whose scores are reckoned at both ends of the week: those that stand highest now, and as many new ones.
LOOKED_AT = 150
# Points; a short visit after a long time alone brings some ten of them by being recent.
LEAST_RISE = 15

# For so long a digest that is looked at again isn't reckoned anew.
LATELY_SECONDS = 60

# By company, as `why.reasons_shown` has them.
Reasons = Mapping[int, list[dict[str, str]]]


@dataclass(frozen=True, slots=True)
class Span:
    """From when to when a digest looks; `until` is exclusive."""

    since: datetime
    until: datetime


@dataclass(frozen=True, slots=True)
class Standing:
    """A company at a week's end, and how far it rose since its beginning, in points as shown."""

    company: Company
    is_new: bool
    visits: int
    score: int
    temperature: Temperature
    rise: int

    @property
    def is_hot(self) -> bool:
        return self.temperature is Temperature.HOT


def monday_of(at: datetime, zone: ZoneInfo) -> date:
    """Return the Monday of the local week that a moment lies in."""
    day = at.astimezone(zone).date()
    return day - timedelta(days=day.weekday())


def week_before(monday: date, zone: ZoneInfo) -> Span:
    """Return the week that ends where this Monday begins; with the clock's changes it has 167 to 169 hours."""
    return Span(day_start(monday - WEEK, zone), day_start(monday, zone))


def digests_raise() -> int:
    """Write the digests of sites where it is Monday and past seven o'clock; return how many mails. May run twice."""
    now = clock.now()
    return sum(raised_apart(site, partial(_raise_due, site, now)) for site in sites_wanted(Subscription.Kind.DIGEST))


def _raise_due(site: Site, now: datetime) -> int:
    zone = ZoneInfo(site.time_zone)
    monday = monday_of(now, zone)
    due_at = datetime.combine(monday, SENT_AT, zone)
    if now.astimezone(zone).date() != monday or now < due_at:
        return 0
    wanted = subscribers(site=site, kind=Subscription.Kind.DIGEST)
    # Who asked for it after it was due has it the next time.
    users = {one.member.user_id for one in wanted if one.wish.created_at < due_at}
    return _raise(site, monday, users, due_at=now)


def _raise(site: Site, monday: date, users: set[int], *, due_at: datetime) -> int:
    told = AlertSent.objects.filter(user_id__in=users, site_id=site.id, kind=Subscription.Kind.DIGEST, day=monday)
    users -= set(told.values_list("user_id", flat=True))
    if not users:
        return 0
    content = digest_content(site=site, span=week_before(monday, ZoneInfo(site.time_zone)))
    # A row says also that there was nothing to report, so that nobody looks again.
    due = None if content["is_empty"] else due_at
    noted = alerts_note(
        site_id=site.id,
        kind=Subscription.Kind.DIGEST,
        company_id=None,
        day=monday,
        due_at=due,
        content=content,
        user_ids=users,
    )
    return 0 if due is None else noted


def digest_lately(*, site: Site, span: Span) -> dict[str, Any]:
    """Return `digest_content`, reckoned once a minute at most; other rules and who is ignored hold at once.

    Three queries where it is known.
    """
    ignored = sorted(ignored_ids([site.client_id]).get(site.client_id, ()))
    until = span.until.replace(second=0, microsecond=0)
    about = (site.client_id, site.name, site.time_zone, span.since, until, scoring_of(site.id).version_id, ignored)
    key = f"alerts:digest:{site.id}:{hashlib.sha256(repr(about).encode()).hexdigest()}"
    content: dict[str, Any] | None = cache.get(key)
    if content is None:
        content = digest_content(site=site, span=span)
        cache.set(key, content, LATELY_SECONDS)
    return content


def digest_content(*, site: Site, span: Span) -> dict[str, Any]:
    """Return what the digest of a site says of a time. Thirty queries at most, for any number of companies."""
    zone = ZoneInfo(site.time_zone)
    standings, new_count = _standings(site, span)
    new = sorted((one for one in standings if one.is_new), key=lambda one: (-one.score, one.company.name))
    risen = sorted(
        (one for one in standings if not one.is_new and one.rise >= LEAST_RISE),
        key=lambda one: (-one.rise, one.company.name),
    )
    named = {one.company.id for one in [*new, *risen]}
    hot = sorted(
        (one for one in standings if one.is_hot and one.company.id not in named),
        key=lambda one: (-one.score, one.company.name),
    )
    shown = [one.company.id for some in (new, risen, hot) for one in some[:SHOWN]]
    explained = scores_explained(site_id=site.id, company_ids=shown, at=span.until)
    reasons = {company_id: reasons_shown(one, zone=zone) for company_id, one in explained.items()}
    sections = [
        _section("New companies", "seen for the first time", new, new_count, site, reasons),
        _section("Risen most", "by their score since the week before", risen, len(risen), site, reasons),
        _section("Still hot", "without having risen", hot, len(hot), site, reasons),
    ]
    last = (span.until - timedelta(microseconds=1)).astimezone(zone)
    days = f"{formats.day(span.since, zone=zone, now=last)} to {formats.day(last, zone=zone, now=last)}"
    return {
        "subject": f"{site.name}: {_counted(new_count, len(risen), len(hot))}",
        "heading": f"New and rising companies of {site.name}",
        "preview": ", ".join(one.company.name for some in (new, risen, hot) for one in some[:2]),
        "site": site.name,
        "client_id": site.client_id,  # whose ignoring it goes by
        "days": days,
        "zone": site.time_zone,
        "sections": [section for section in sections if section["companies"]],
        "is_empty": not any(section["companies"] for section in sections),
        "url": reverse("companies:site-companies", args=[site.slug]),
        "alerts_url": reverse("alerts:site-alerts", args=[site.slug]),
        "asked_for": ASKED_FOR[Subscription.Kind.DIGEST],
    }


def _standings(site: Site, span: Span) -> tuple[list[Standing], int]:
    """Return how companies stood that are worth a look, and how many were new; those ignored are left out."""
    visits = Session.objects.filter(
        site_id=site.id, company_id__isnull=False, set_aside="", started_at__gte=span.since, started_at__lt=span.until
    )
    counted = dict(visits.order_by().values_list("company_id").annotate(n=Count("id")))
    ignored = ignored_ids([site.client_id]).get(site.client_id, set())
    looked_at = _highest(site.id, without=ignored)
    new = _new(site.client_id, span, set(counted) - ignored)
    # Of the new ones those without a stored score come last; all are counted.
    most_telling = [*_highest(site.id, among=sorted(new)), *sorted(new)] if new else []
    ids = list(dict.fromkeys([*looked_at, *list(dict.fromkeys(most_telling))[:LOOKED_AT]]))
    past = scores_past(site_id=site.id, company_ids=ids, moments=[span.since, span.until])
    companies = Company.objects.in_bulk(ids)
    standings = []
    for company_id, (before, now) in past.items():
        if now is not None and company_id in companies:
            score = as_shown(now.total)
            rise = score - (as_shown(before.total) if before else 0) if company_id in counted else 0
            standings.append(
                Standing(
                    companies[company_id], company_id in new, counted.get(company_id, 0), score, now.temperature, rise
                )
            )
    return standings, len(new)


def _highest(site_id: int, *, without: Collection[int] = (), among: Sequence[int] | None = None) -> list[int]:
    """Return the companies that stand highest now, by their stored scores; `among`: of these alone. One query."""
    selected = scores_select(site_ids=[site_id], at=clock.now(), company_ids=among)
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT company_id FROM ({selected.sql}) AS moment WHERE NOT company_id = ANY(%s::bigint[])"
            " ORDER BY total DESC, company_id LIMIT %s",
            [*selected.params, list(without), LOOKED_AT],
        )
        return [row[0] for row in cursor.fetchall()]


def _new(client_id: int, span: Span, company_ids: set[int]) -> set[int]:
    """Return which of these the client saw for the first time within the span."""
    known = known_seen().filter(client_id=client_id, company_id__in=company_ids, first_at__gte=span.since)
    return set(known.filter(first_at__lt=span.until).values_list("company_id", flat=True))


def _section(
    title: str, what: str, standings: list[Standing], count: int, site: Site, reasons: Reasons
) -> dict[str, Any]:
    return {
        "title": title,
        "what": what,
        "companies": [_shown(one, site, reasons) for one in standings[:SHOWN]],
        "more": count - len(standings[:SHOWN]),
    }


def _shown(one: Standing, site: Site, reasons: Reasons) -> dict[str, Any]:
    return {
        "name": one.company.name,
        "domain": one.company.domain,
        "score": one.score,
        "temperature": one.temperature.value,
        "rise": formats.signed(one.rise, 0) if one.rise and not one.is_new else "",
        "visits": one.visits,
        "reasons": reasons.get(one.company.id, []),
        "url": reverse("companies:site-company", args=[site.slug, one.company.id]),
    }


def _counted(new: int, risen: int, hot: int) -> str:
    """Return "3 new, 2 rising companies"."""
    parts = [f"{new} new" if new else "", f"{risen} rising" if risen else "", f"{hot} still hot" if hot else ""]
    words = ", ".join(part for part in parts if part)
    return f"{words} {'company' if new + risen + hot == 1 else 'companies'}" if words else "nothing new this week"
