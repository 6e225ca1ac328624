"""A company's score on a site as its page needs it: why it is what it is, and how it came about."""

from dataclasses import dataclass
from datetime import datetime, tzinfo

from apps.companies.models import Company
from apps.scoring.fit import Profile, fit_of
from apps.scoring.history import History, history_followed
from apps.scoring.loading import activity_of
from apps.scoring.ordered import Ordered, last_at
from apps.scoring.profiles import profiles_of
from apps.scoring.reasons import Explanation, explain_followed
from apps.scoring.rules import Scoring
from apps.scoring.running import Company as Known
from apps.scoring.versions import scoring_of
from apps.sites.models import Goal, Site

HISTORY_DAYS = 30


@dataclass(frozen=True, slots=True)
class Scored:
    """`explanation`: why, at `at`; `history`: over the days before; both by the rules that are in force now."""

    at: datetime
    explanation: Explanation
    history: History
    scoring: Scoring
    is_of_site: bool  # the site has rules of its own


def company_score(site: Site, company: Company, *, at: datetime, zone: tzinfo) -> Scored | None:
    """Return a company's score on a site, explained; None where no visit counts. Eight queries at most.

    The activity is loaded, put in order and followed once for both; `selectors.score_explained` and `score_history`
    give either alone.
    """
    rules = scoring_of(site.id)
    profile = profiles_of([company.id]).get(company.id, Profile())
    activity = activity_of(site_id=site.id, company_id=company.id)
    goals = dict(Goal.objects.filter(site_id=site.id).values_list("id", "name"))
    at = max(at, last_at(activity) or at)  # as lists read it from the row
    ordered = Ordered(activity, rules.scoring.rules)
    known = Known(fit=fit_of(rules.scoring.ideal, profile))
    history, running = history_followed(ordered, rules.scoring, at=at, days=HISTORY_DAYS, zone=zone, company=known)
    if running is None:
        return None
    explanation = explain_followed(ordered, running, at=at, profile=profile, goal_names=goals)
    return Scored(at, explanation, history, rules.scoring, rules.site_id is not None)
