"""Four weeks of each site in its own days: visitors, and companies of the last seven. Whole days from rollups."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from django.db.models import F, Q

from apps.companies.knowledge.ignoring import ignored_ids
from apps.core.periods import DAY, Span
from apps.sites.models import Site
from apps.tracking.dimensions import BROKEN_DOWN, WHOLE
from apps.tracking.models import Rollup, Session
from apps.tracking.rollups import days_between, days_holding, split
from apps.tracking.sums import sessions_part

from .sources import summed

WEEK_DAYS = 7
SPARK_DAYS = 28
COMPANIES = BROKEN_DOWN["companies"]


@dataclass(frozen=True, slots=True)
class Week:
    """Visitors of four weeks by day; of the last seven days; and of the seven before, up to the same time of day."""

    days: Sequence[int]
    visitors: int
    before: int
    companies: int


@dataclass(frozen=True, slots=True)
class _Counted:
    visitors: dict[date, int] = field(default_factory=dict)
    companies: set[int] = field(default_factory=set)


def weeks(sites: Sequence[Site], *, now: datetime) -> Mapping[int, Week]:
    """Return the last four weeks of each site, without ignored companies. Seven queries, however many the sites."""
    if not sites:
        return {}
    todays = {site.id: now.astimezone(ZoneInfo(site.time_zone)).date() for site in sites}
    counted = _count(sites, todays)
    ignored = ignored_ids(site.client_id for site in sites)
    cut = _visitors_until_now_a_week_ago(sites, todays, now)
    return {
        site.id: _week(todays[site.id], counted[site.id], cut.get(site.id, 0), ignored.get(site.client_id, set()))
        for site in sites
    }


def _week(today: date, counted: _Counted, cut: int, ignored: set[int]) -> Week:
    days = [counted.visitors.get(today - DAY * back, 0) for back in range(SPARK_DAYS - 1, -1, -1)]
    # The same day a week ago is still running, so to speak: it counts up to this time of day.
    before = sum(days[-2 * WEEK_DAYS : -WEEK_DAYS - 1]) + cut
    return Week(days, sum(days[-WEEK_DAYS:]), before, len(counted.companies - ignored))


def _count(sites: Sequence[Site], todays: Mapping[int, date]) -> Mapping[int, _Counted]:
    """Return visitors by day of four weeks, and the companies of the last one. Four queries."""
    first = min(todays.values()) - DAY * (SPARK_DAYS - 1)
    holding = days_holding(list(todays), first=first, last=max(todays.values()))
    kept: dict[int, set[date]] = {}
    raw: dict[Span, list[int]] = defaultdict(list)
    for site in sites:
        today = todays[site.id]
        span = Span(today - DAY * (SPARK_DAYS - 1), today, ZoneInfo(site.time_zone))
        found = split(span, holding.get(site.id, ()))
        kept[site.id] = {day for days in found.kept for day in days_between(days.first, days.last)}
        for days in found.raw:
            raw[days].append(site.id)
    counted: dict[int, _Counted] = defaultdict(_Counted)
    _count_stored(counted, kept, first, todays)
    _count_raw(counted, raw, todays)
    return counted


def _count_stored(
    counted: Mapping[int, _Counted], kept: Mapping[int, set[date]], first: date, todays: Mapping[int, date]
) -> None:
    rows = Rollup.objects.filter(
        Q(dimension=WHOLE.code) | Q(dimension=COMPANIES.code, day__gt=min(todays.values()) - DAY * WEEK_DAYS),
        site_id__in=list(kept),
        day__gte=first,
    ).exclude(dimension=COMPANIES.code, value="")
    for site_id, dimension, day, value, visitors in rows.values_list(
        "site_id", "dimension", "day", "value", "visitors"
    ):
        if day not in kept[site_id]:
            continue
        if dimension == WHOLE.code:
            counted[site_id].visitors[day] = visitors
        elif day > todays[site_id] - DAY * WEEK_DAYS:
            counted[site_id].companies.add(int(value))


def _count_raw(counted: Mapping[int, _Counted], raw: Mapping[Span, Sequence[int]], todays: Mapping[int, date]) -> None:
    visits = Session.objects.filter(_within(raw.items()), set_aside="")
    for (site_id, day), sums, _ in summed([sessions_part(visits, F("site_id"), F("local_day"))], 2):
        counted[site_id].visitors[day] = sums["visitors"]
    last_week = _within((_last_days(days, todays[ids[0]]), ids) for days, ids in raw.items())
    named = Session.objects.filter(last_week, set_aside="", company_id__isnull=False).order_by()
    for site_id, company_id in named.values_list("site_id", "company_id").distinct():
        if company_id is not None:
            counted[site_id].companies.add(company_id)


def _within(wanted: Iterable[tuple[Span | None, Sequence[int]]]) -> Q:
    met = Q(pk__in=[])
    for days, site_ids in wanted:
        if days is not None:
            met |= Q(site_id__in=site_ids, started_at__gte=days.start, started_at__lt=days.end)
    return met


def _last_days(days: Span, today: date) -> Span | None:
    """Return what of `days` is in the last seven; None for nothing."""
    first = max(days.first, today - DAY * (WEEK_DAYS - 1))
    return Span(first, days.last, days.zone) if first <= days.last else None


def _visitors_until_now_a_week_ago(
    sites: Sequence[Site], todays: Mapping[int, date], now: datetime
) -> Mapping[int, int]:
    """Return each site's visitors of the same weekday a week ago, up to the same time of day."""
    wanted = Q(pk__in=[])
    for zone_name, ids in _by_zone(sites).items():
        zone = ZoneInfo(zone_name)
        day = todays[ids[0]] - DAY * WEEK_DAYS
        until = datetime.combine(day, now.astimezone(zone).time(), tzinfo=zone)
        wanted |= Q(site_id__in=ids, local_day=day, started_at__lt=until, started_at__gte=until - timedelta(days=2))
    counted = summed([sessions_part(Session.objects.filter(wanted, set_aside=""), F("site_id"))], 1)
    return {site_id: sums["visitors"] for (site_id,), sums, _ in counted}


def _by_zone(sites: Sequence[Site]) -> Mapping[str, list[int]]:
    zones: dict[str, list[int]] = defaultdict(list)
    for site in sites:
        zones[site.time_zone].append(site.id)
    return zones
