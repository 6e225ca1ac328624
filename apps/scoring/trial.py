"""The back-test of a site's rules: companies of the past 90 days, and which of them converted.

What it asks of them, and that a conversion doesn't foretell itself, is `backtest`'s.
"""

from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta

from django.core.cache import cache
from django.db import connection
from redis.exceptions import RedisError

from apps.core import clock
from apps.core.tenancy import current_schema
from apps.sites.models import Goal, Site

from .backtest import Tried, back_test
from .effect import companies_lately
from .fit import Profile, fit_of
from .loading import activities_load
from .profiles import profiles_of
from .rules import Scoring
from .running import Company
from .versions import InForce

TRIAL_DAYS = 90
MOST_TRIED = 2_000
# Somebody who opens the page again needn't wait again.
KEPT_SECONDS = 600
_TOGETHER = 250

_CONVERTED = """
SELECT session.company_id, min(conversion.occurred_at) FROM conversion
JOIN session ON session.id = conversion.session_id
WHERE conversion.site_id = %s AND conversion.goal_id = ANY(%s::bigint[]) AND session.set_aside = ''
  AND session.company_id IS NOT NULL
GROUP BY session.company_id
"""


@dataclass(frozen=True, slots=True)
class Trial:
    """A back-test in figures, as of `made_at`. Ratios 0-1, None where there is nothing to divide by.

    `is_cut`: there were more companies than were looked at.
    """

    companies: int
    converted: int
    called: int
    hits: int
    false_alarms: int
    precision: float | None
    recall: float | None
    median_days_before: float | None
    is_cut: bool
    made_at: datetime


def trial_of(*, site: Site, in_force: InForce, goals: Sequence[Goal]) -> Trial:
    """Return what rules would have foretold of the first conversion of each company, as of ten minutes ago or later.

    Some five queries for each 250 companies, where nobody has asked lately.
    """
    goal_ids = [goal.id for goal in goals]
    key = ":".join(map(str, ("scoring-trial", current_schema(), site.id, in_force.version_id or 0, *goal_ids)))
    try:
        kept = cache.get(key)
    except RedisError:
        return _made(site, in_force.scoring, goal_ids)
    if isinstance(kept, dict):
        return Trial(**kept)
    trial = _made(site, in_force.scoring, goal_ids)
    with suppress(RedisError):
        cache.set(key, asdict(trial), KEPT_SECONDS)
    return trial


def _made(site: Site, scoring: Scoring, goal_ids: Sequence[int]) -> Trial:
    now = clock.now()
    since = now - timedelta(days=TRIAL_DAYS)
    lately = companies_lately([site], since=since, limit=MOST_TRIED + 1)
    company_ids = [company_id for _, company_id in lately]
    tried = _tried(site, scoring, company_ids[:MOST_TRIED], _converted(site, goal_ids))
    found = back_test(tried, scoring, goal_ids=frozenset(goal_ids), since=since, until=now)
    return Trial(
        companies=found.companies,
        converted=len(found.converted),
        called=len(found.called),
        hits=len(found.hits),
        false_alarms=len(found.false_alarms),
        precision=found.precision,
        recall=found.recall,
        median_days_before=found.median_days_before,
        is_cut=len(company_ids) > MOST_TRIED,
        made_at=now,
    )


def _tried(site: Site, scoring: Scoring, company_ids: Sequence[int], converted: dict[int, datetime]) -> Iterator[Tried]:
    for start in range(0, len(company_ids), _TOGETHER):
        some = company_ids[start : start + _TOGETHER]
        profiles = profiles_of(some)
        for company_id, loaded in activities_load(site_id=site.id, company_ids=some).items():
            fit = fit_of(scoring.ideal, profiles.get(company_id, Profile()))
            yield Tried(company_id, loaded.activity, Company(fit=fit), converted.get(company_id))


def _converted(site: Site, goal_ids: Sequence[int]) -> dict[int, datetime]:
    """Return when companies first converted, by company. One query."""
    with connection.cursor() as cursor:
        cursor.execute(_CONVERTED, [site.id, list(goal_ids)])
        return dict(cursor.fetchall())
