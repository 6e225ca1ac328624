"""Scores of companies with their reasons at a moment, in the words of a mail."""

from collections.abc import Sequence
from datetime import datetime, tzinfo

from apps.core import formats
from apps.scoring.fit import Profile
from apps.scoring.loading import activities_load
from apps.scoring.profiles import profiles_of
from apps.scoring.reasons import Explanation, Reason, explain
from apps.scoring.versions import scoring_of
from apps.sites.models import Goal

# A mail names what adds most; the company's page has all of it.
REASONS_SHOWN = 4


def scores_explained(
    *, site_id: int, company_ids: Sequence[int], moments: Sequence[datetime]
) -> dict[int, list[Explanation | None]]:
    """Return by company why its score was what it was at each of the moments; None where it hadn't come yet.

    Seven queries at most for a hundred companies.
    """
    scoring = scoring_of(site_id).scoring
    goals = dict(Goal.objects.filter(site_id=site_id).values_list("id", "name"))
    profiles = profiles_of(company_ids)
    return {
        company_id: [
            explain(one.activity, scoring, at=at, profile=profiles.get(company_id, Profile()), goal_names=goals)
            for at in moments
        ]
        for company_id, one in activities_load(site_id=site_id, company_ids=company_ids).items()
    }


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
    """Return "Pricing read: /pricing, 3 times, last 09:41"."""
    if not reason.evidence:
        return f"{reason.label}: {reason.detail}" if reason.detail else reason.label
    first = reason.evidence[0]
    times = "" if first.times == 1 else f", {formats.number(first.times)} times, last"
    when = formats.moment(first.last_at, zone=zone, now=at)
    more = len(reason.evidence) - 1 + reason.more
    return f"{reason.label}: {first.what}{times or ','} {when}" + (f", and {more} more" if more else "")
