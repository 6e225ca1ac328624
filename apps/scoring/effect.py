"""What a change of rules would do: which companies become hot, and which cease to be. Nothing is stored.

Both sets of rules are held against the same activity, that of the companies that were there in the past 30 days.
"""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import connection

from apps.companies.knowledge.ignoring import ignored_select
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
SELECT session.site_id, session.company_id FROM session
JOIN sites_site AS site ON site.id = session.site_id
LEFT JOIN ({ignored}) AS ignored
  ON ignored.company_id = session.company_id AND ignored.client_id = site.client_id
WHERE session.site_id = ANY(%s::bigint[]) AND session.set_aside = '' AND session.company_id IS NOT NULL
  AND session.started_at >= %s AND ignored.company_id IS NULL
GROUP BY session.site_id, session.company_id
ORDER BY max(session.started_at) DESC, session.company_id, session.site_id LIMIT %s
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
    """`companies`: all that were looked at, on each site for itself; `is_cut`: there are more.

    `hot_before`, `hot_after`: how many are hot.
    """

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

    Those looked at are the latest of all sites together: no site's are left out for another's. Two queries, and six for
    each site and for each 250 companies there.
    """
    now = clock.now()
    lately = companies_lately(sites, since=now - timedelta(days=EFFECT_DAYS), limit=MOST_COMPANIES + 1)
    by_site: defaultdict[int, list[int]] = defaultdict(list)
    for site_id, company_id in lately[:MOST_COMPANIES]:
        by_site[site_id].append(company_id)
    lines: list[_Line] = []
    for site in sites:
        lines += _lines(site, before, after, by_site[site.id], now)
    names = dict(Company.objects.filter(id__in=[line.company_id for line in lines]).values_list("id", "name"))
    hot = Temperature.HOT
    becoming = [line for line in lines if line.after.temperature is hot and line.before.temperature is not hot]
    ceasing = [line for line in lines if line.before.temperature is hot and line.after.temperature is not hot]
    return Effect(
        companies=len(lines),
        is_cut=len(lately) > MOST_COMPANIES,
        hot_before=sum(line.before.temperature is hot for line in lines),
        hot_after=sum(line.after.temperature is hot for line in lines),
        becoming=_named(becoming, names),
        ceasing=_named(ceasing, names),
        moved=sum(as_shown(line.before.total) != as_shown(line.after.total) for line in lines),
    )


def companies_lately(sites: Sequence[Site], *, since: datetime, limit: int) -> list[tuple[int, int]]:
    """Return who was on these sites since, as (site, company), the latest first; not whom the site's client ignores.

    One query, beside those of `ignored_select`.
    """
    ignored, params = ignored_select(site.id for site in sites)
    with connection.cursor() as cursor:
        cursor.execute(_LATELY.format(ignored=ignored), [*params, [site.id for site in sites], since, limit])
        return [(site_id, company_id) for site_id, company_id in cursor.fetchall()]


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
