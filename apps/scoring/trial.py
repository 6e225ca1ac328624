"""The back-test of a site's rules: companies of the past 90 days, and which of them converted.

What it asks of them, and that a conversion doesn't foretell itself, is `backtest`'s.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import connection

from apps.core import clock
from apps.sites.models import Goal, Site

from .backtest import BackTest, Tried, back_test
from .effect import companies_lately
from .fit import Profile, fit_of
from .loading import activities_load
from .profiles import profiles_of
from .rules import Scoring
from .running import Company

TRIAL_DAYS = 90
MOST_TRIED = 5_000
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
    """`goals`: those that were to be foretold. `is_cut`: there were more companies than were looked at."""

    goals: Sequence[Goal]
    found: BackTest
    is_cut: bool


def trial_of(*, site: Site, scoring: Scoring, goals: Sequence[Goal]) -> Trial:
    """Return what rules would have foretold of the first conversion of each company. Some five queries for 250."""
    now = clock.now()
    since = now - timedelta(days=TRIAL_DAYS)
    company_ids = companies_lately(site, since=since, limit=MOST_TRIED + 1)
    goal_ids = [goal.id for goal in goals]
    tried = _tried(site, scoring, company_ids[:MOST_TRIED], _converted(site, goal_ids))
    found = back_test(tried, scoring, goal_ids=frozenset(goal_ids), since=since, until=now)
    return Trial(goals, found, len(company_ids) > MOST_TRIED)


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
