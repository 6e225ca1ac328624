"""Reads of scores, for pages and whoever acts on them. What a reader may see decides the sites that are asked for.

How high a score is, its row says; why, and how it came about, the events themselves, reckoned anew.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, tzinfo

from django.db import connection
from django.db.models import QuerySet

from apps.companies.knowledge.ignoring import ignored_select
from apps.companies.models import CompanyClient
from apps.sites.models import Goal
from apps.tracking.models import Session

from .at_moment import COLUMNS, Selected, hot_select, scores_select
from .fit import Profile, fit_of
from .formulas import as_shown
from .history import History, history_of
from .loading import activity_of, activity_of_visit
from .models import ScoreChange
from .ordered import last_at
from .profiles import profiles_of
from .reasons import Explanation, explain
from .running import Company as Known
from .sums import Category, Parts, Temperature
from .versions import scoring_of

_HOT = """
SELECT hot.site_id, count(*) FROM ({hot}) AS hot
JOIN sites_site AS site ON site.id = hot.site_id
LEFT JOIN ({ignored}) AS ignored ON ignored.company_id = hot.company_id AND ignored.client_id = site.client_id
WHERE ignored.company_id IS NULL GROUP BY hot.site_id
"""


@dataclass(frozen=True, slots=True)
class ScoreNow:
    """A company's score on a site at a moment. `as_of`: the company's last activity there."""

    site_id: int
    company_id: int
    as_of: datetime
    parts: Parts

    @property
    def shown(self) -> int:
        """The total as it is shown."""
        return as_shown(self.parts.total)


def scores_now(*, site_ids: Iterable[int], company_ids: Sequence[int], at: datetime) -> list[ScoreNow]:
    """Return the scores of companies on sites at a moment; those without a visit that counts have none. One query."""
    if not company_ids:
        return []
    return _read(scores_select(site_ids=list(site_ids), at=at, company_ids=company_ids))


def score_of(*, site_id: int, company_id: int, at: datetime) -> ScoreNow | None:
    """Return a company's score on a site at a moment; None where it has none. One query."""
    return next(iter(scores_now(site_ids=[site_id], company_ids=[company_id], at=at)), None)


def score_explained(*, site_id: int, company_id: int, at: datetime) -> Explanation | None:
    """Return why a company's score on a site is what it is at a moment; None where no visit counts.

    Of a moment before its last activity, by a visitor's wrong clock, it is that: as its row says (`score_of`).
    Seven queries at most, whatever it has done.
    """
    rules, profile = scoring_of(site_id), _profile(company_id)
    activity = activity_of(site_id=site_id, company_id=company_id)
    goals = dict(Goal.objects.filter(site_id=site_id).values_list("id", "name"))
    at = max(at, last_at(activity) or at)
    return explain(activity, rules.scoring, at=at, profile=profile, goal_names=goals)


def visit_explained(visit: Session) -> Explanation | None:
    """Return engagement and intent of one visit by itself, as it ended, and why; None for one that doesn't count.

    Rules on several visits or visitors find nothing in one. Six queries at most.
    """
    if visit.set_aside:
        return None
    goals = dict(Goal.objects.filter(site_id=visit.site_id).values_list("id", "name"))
    scoring = scoring_of(visit.site_id).scoring
    return explain(activity_of_visit(visit), scoring, at=visit.ended_at, goal_names=goals)


def score_history(*, site_id: int, company_id: int, at: datetime, days: int, zone: tzinfo) -> History:
    """Return a company's score on a site over the last days, by the rules of today. Six queries at most."""
    rules = scoring_of(site_id)
    known = Known(fit=fit_of(rules.scoring.ideal, _profile(company_id)))
    activity = activity_of(site_id=site_id, company_id=company_id)
    return history_of(activity, rules.scoring, at=at, days=days, zone=zone, company=known)


def hot_counts(site_ids: Iterable[int], *, at: datetime) -> dict[int, int]:
    """Return how many companies are hot on each site, those left out that its client ignores.

    One query by index, beside those of `ignored_select`.
    """
    ids = list(site_ids)
    hot = hot_select(site_ids=ids, at=at)
    ignored, params = ignored_select(ids)
    with connection.cursor() as cursor:
        cursor.execute(_HOT.format(hot=hot.sql, ignored=ignored), [*hot.params, *params])
        return dict(cursor.fetchall())


def turned_hot(
    site_id: int, *, since: datetime, limit: int, ignored: "QuerySet[CompanyClient, int]"
) -> list[ScoreChange]:
    """Return who has turned hot on a site since, the latest first: by what somebody did, and not `ignored`.

    One query.
    """
    turned = score_changes(site_ids=[site_id], since=since).filter(
        what=ScoreChange.What.TEMPERATURE, after=Temperature.HOT, is_backfill=False
    )
    return list(turned.exclude(company_id__in=ignored)[:limit])


def score_changes(*, site_ids: Iterable[int], since: datetime, company_id: int | None = None) -> QuerySet[ScoreChange]:
    """Return the changes of temperature and category on sites that were told since, the latest first."""
    changes = ScoreChange.objects.filter(site_id__in=list(site_ids), at__gte=since)
    if company_id is not None:
        changes = changes.filter(company_id=company_id)
    return changes.order_by("-at", "-id")


def _profile(company_id: int) -> Profile:
    return profiles_of([company_id]).get(company_id, Profile())


def _read(selected: Selected) -> list[ScoreNow]:
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {', '.join(COLUMNS)} FROM ({selected.sql}) AS moment", selected.params)
        return [_score(*row) for row in cursor.fetchall()]


def _score(
    site_id: int,
    company_id: int,
    as_of: datetime,
    total: float,
    engagement: float,
    intent: float,
    fit: float | None,
    contact: float | None,
    learned: float | None,
    temperature: str,
    category: str,
) -> ScoreNow:
    parts = Parts(engagement, intent, fit, contact, learned, total, Temperature(temperature), Category(category))
    return ScoreNow(site_id, company_id, as_of, parts)
