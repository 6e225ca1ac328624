"""Scores of companies with their reasons at a moment, in the words of a mail."""

from collections.abc import Sequence
from datetime import datetime, tzinfo

from apps.core import formats
from apps.scoring.activity import Activity
from apps.scoring.fit import Profile, fit_of
from apps.scoring.loading import COMPANIES_TOGETHER, activities_load
from apps.scoring.ordered import activity_until
from apps.scoring.profiles import profiles_of
from apps.scoring.reading import parts_at
from apps.scoring.reasons import Explanation, Reason, explain
from apps.scoring.rules import Scoring
from apps.scoring.running import sums_of
from apps.scoring.sums import Parts
from apps.scoring.versions import scoring_of
from apps.sites.models import Goal

# A mail names what adds most; the company's page has all of it.
REASONS_SHOWN = 4


def scores_past(
    *, site_id: int, company_ids: Sequence[int], moments: Sequence[datetime]
) -> dict[int, list[Parts | None]]:
    """Return what the scores of companies were at each of the moments, by the rules of today, by company.

    None where one hadn't come yet. What a hundred did is at hand at a time: one query, and five for each hundred.
    """
    scoring = scoring_of(site_id).scoring
    past: dict[int, list[Parts | None]] = {}
    for start in range(0, len(company_ids), COMPANIES_TOGETHER):
        some = company_ids[start : start + COMPANIES_TOGETHER]
        profiles = profiles_of(some)
        for company_id, one in activities_load(site_id=site_id, company_ids=some).items():
            fit = fit_of(scoring.ideal, profiles.get(company_id, Profile()))
            past[company_id] = [_parts(one.activity, scoring, fit, at) for at in moments]
    return past


def _parts(activity: Activity, scoring: Scoring, fit: float | None, at: datetime) -> Parts | None:
    sums = sums_of(activity_until(activity, at), scoring, fit=fit)
    return None if sums is None else parts_at(sums, scoring.weights, at)


def scores_explained(*, site_id: int, company_ids: Sequence[int], at: datetime) -> dict[int, Explanation]:
    """Return why the scores of companies were what they were at a moment; without those that hadn't come yet.

    Seven queries at most for a hundred companies.
    """
    scoring, profiles = scoring_of(site_id).scoring, profiles_of(company_ids)
    goals = dict(Goal.objects.filter(site_id=site_id).values_list("id", "name"))
    explained = {}
    for company_id, one in activities_load(site_id=site_id, company_ids=company_ids).items():
        profile = profiles.get(company_id, Profile())
        found = explain(one.activity, scoring, at=at, profile=profile, goal_names=goals)
        if found is not None:
            explained[company_id] = found
    return explained


def reasons_shown(explanation: Explanation | None, *, zone: tzinfo) -> list[dict[str, str]]:
    """Return the reasons that add most, as `points` and `text`; what takes away from it the company's page shows."""
    if explanation is None:
        return []
    heaviest = [reason for reason in explanation.reasons if reason.total_points > 0][:REASONS_SHOWN]
    return [
        {"points": formats.signed(reason.total_points, 0), "text": _text(reason, explanation.at, zone)}
        for reason in heaviest
    ]


def _text(reason: Reason, at: datetime, zone: tzinfo) -> str:
    """Return "Pricing page: /pricing, 3 times, last 13 May, 09:41": with the day, as mails are read on others."""
    if not reason.evidence:
        return f"{reason.label}: {reason.detail}" if reason.detail else reason.label
    first = reason.evidence[0]
    times = "" if first.times == 1 else f", {formats.number(first.times)} times, last"
    when = f"{formats.day(first.last_at, zone=zone, now=at)}, {first.last_at.astimezone(zone):%H:%M}"
    more = len(reason.evidence) - 1 + reason.more
    return f"{reason.label}: {first.what}{times or ','} {when}" + (f", and {more} more" if more else "")
