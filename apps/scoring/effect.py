"""What a change of rules would do: which companies become hot, and which cease to be. Nothing is stored.

Both sets of rules are held against the same activity, that of the companies that were there in the past 30 days.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import connection

from apps.companies.knowledge.ignoring import ignored_ids
from apps.companies.models import Company
from apps.core import clock
from apps.sites.models import Site

from .fit import Profile, fit_of
from .formulas import as_shown
from .loading import activities_load
from .profiles import profiles_of
from .reading import parts_at
from .rules import Scoring
from .running import sums_of
from .sums import Parts, Temperature

EFFECT_DAYS = 30
# Of those that were there, the latest; more would keep whoever waits for it waiting.
MOST_COMPANIES = 1_000
# Named on the page; all are counted.
MOST_NAMED = 50
# Loaded and reckoned together.
_TOGETHER = 250

_LATELY = """
SELECT company_id FROM session
WHERE site_id = %s AND set_aside = '' AND company_id IS NOT NULL AND started_at >= %s
  AND NOT company_id = ANY(%s::bigint[])
GROUP BY company_id ORDER BY max(started_at) DESC, company_id LIMIT %s
"""


@dataclass(frozen=True, slots=True)
class Differing:
    """A company whose temperature would be another. Totals as shown."""

    company_id: int
    name: str
    site: Site
    before: int
    after: int


@dataclass(frozen=True, slots=True)
class Effect:
    """`companies`: all that were looked at; `is_cut`: there are more. `hot_before`, `hot_after`: how many are hot."""

    companies: int
    is_cut: bool
    hot_before: int
    hot_after: int
    becoming: Sequence[Differing]
    ceasing: Sequence[Differing]
    moved: int  # whose shown total would be another


@dataclass(frozen=True, slots=True)
class _Line:
    company_id: int
    site: Site
    before: Parts
    after: Parts


def effect_of(*, sites: Sequence[Site], before: Scoring, after: Scoring) -> Effect:
    """Return what it would do to sites at this moment if other rules were in force there.

    Two queries for each site and six for each 250 companies.
    """
    now = clock.now()
    lines: list[_Line] = []
    is_cut = False
    for site in sites:
        free = MOST_COMPANIES - len(lines)
        company_ids = companies_lately(site, since=now - timedelta(days=EFFECT_DAYS), limit=free + 1)
        lines += _lines(site, before, after, company_ids[:free], now)
        if len(company_ids) > free:
            is_cut = True
            break
    names = dict(Company.objects.filter(id__in=[line.company_id for line in lines]).values_list("id", "name"))
    hot = Temperature.HOT
    becoming = [line for line in lines if line.after.temperature is hot and line.before.temperature is not hot]
    ceasing = [line for line in lines if line.before.temperature is hot and line.after.temperature is not hot]
    return Effect(
        companies=len(lines),
        is_cut=is_cut,
        hot_before=sum(line.before.temperature is hot for line in lines),
        hot_after=sum(line.after.temperature is hot for line in lines),
        becoming=_named(becoming, names),
        ceasing=_named(ceasing, names),
        moved=sum(as_shown(line.before.total) != as_shown(line.after.total) for line in lines),
    )


def companies_lately(site: Site, *, since: datetime, limit: int) -> list[int]:
    """Return the companies that were on a site since, the latest first; not those that its client ignores."""
    ignored = sorted(ignored_ids([site.client_id]).get(site.client_id, set()))
    with connection.cursor() as cursor:
        cursor.execute(_LATELY, [site.id, since, ignored, limit])
        return [company_id for (company_id,) in cursor.fetchall()]


def _lines(site: Site, before: Scoring, after: Scoring, company_ids: Sequence[int], now: datetime) -> Iterator[_Line]:
    for start in range(0, len(company_ids), _TOGETHER):
        some = company_ids[start : start + _TOGETHER]
        profiles = profiles_of(some)
        for company_id, loaded in activities_load(site_id=site.id, company_ids=some).items():
            profile = profiles.get(company_id, Profile())
            parts = []
            for rules in (before, after):
                sums = sums_of(loaded.activity, rules, fit=fit_of(rules.ideal, profile))
                if sums is not None:
                    parts.append(parts_at(sums, rules.weights, max(now, sums.as_of)))
            if len(parts) == 2:
                yield _Line(company_id, site, *parts)


def _named(lines: Sequence[_Line], names: dict[int, str]) -> list[Differing]:
    return sorted(
        (
            Differing(
                line.company_id,
                names.get(line.company_id, ""),
                line.site,
                as_shown(line.before.total),
                as_shown(line.after.total),
            )
            for line in lines
        ),
        key=lambda one: (one.before - one.after if one.after >= one.before else one.after - one.before, one.name),
    )
