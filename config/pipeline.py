"""THE wiring: which fact wakes which work. The whole flow behind the writer on one page.

EventsStored    (tracking: the writer has committed)  -> companies: match them, ask for networks;  scoring: make what is
                                                         due;  live: push them
CompanyMatched  (companies: visits have a name)       -> scoring: make what is due;  live: name the visitor
ScoreChanged, TemperatureChanged  (scoring: a score was made, somebody turned hot or cold) -> live: show it
CategoryChanged (scoring: likewise)                   -> nobody yet
ScoringChanged  (scoring: other rules are in force)   -> scoring: make the site's scores anew
RuleChanged     (tracking: an exclusion rule)         -> tracking: apply it to the past, or undo it
GoalChanged     (tracking: a goal)                    -> tracking: apply it to the past
GoalReached     (tracking: conversions are stored)    -> scoring: make what is due
SiteMoved       (sites: to another client)            -> companies: have the client know who was on it
SiteRemoved     (tracking: a site was deleted)        -> tracking: erase what was stored of it
SiteErased      (tracking: a deleted site's visits went) -> companies, scoring: forget it too
CheckAsked      (installation: a check of a page) -> installation: carry it out

A wake-up may get lost: each of these is found again by a sweep or by the next look at the rows.
"""

from apps.companies.erase import site_forget
from apps.companies.facts import CompanyMatched
from apps.companies.moving import site_adopt
from apps.companies.tasks import networks_resolve_task, visits_match_task
from apps.companies.waking import to_be_asked
from apps.core.facts import listen
from apps.core.tenancy import in_schema
from apps.installation.facts import CheckAsked
from apps.installation.tasks import site_check
from apps.live.frames import announce_companies, announce_events, announce_scores, announce_temperature
from apps.scoring.facts import ScoreChanged, ScoringChanged, TemperatureChanged
from apps.scoring.services import site_forget as scores_forget
from apps.scoring.tasks import run_work_task, scores_work_task
from apps.scoring.waking import TOGETHER_SECONDS, may_ask
from apps.sites.facts import SiteMoved
from apps.tracking.facts import EventsStored, GoalChanged, GoalReached, RuleChanged, SiteErased, SiteRemoved
from apps.tracking.tasks import goal_work, rule_work, site_erase
from config import celery

__all__ = ["celery"]  # whoever wakes tasks needs the application that knows their broker


def match_companies(fact: EventsStored) -> None:
    # No retry: the writer may not wait for a broker that is away, and the sweep finds these visits.
    if fact.unmatched_ids:
        ids = [str(session_id) for session_id in fact.unmatched_ids]
        visits_match_task.apply_async((fact.schema, ids), retry=False)


def ask_for_networks(fact: EventsStored) -> None:
    if ids := [str(session_id) for session_id in to_be_asked(fact)]:
        networks_resolve_task.apply_async((fact.schema, ids), retry=False)


def make_scores(fact: EventsStored | CompanyMatched | GoalReached) -> None:
    # Visits that are to be matched first have no company yet.
    unmatched = set(fact.unmatched_ids) if isinstance(fact, EventsStored) else set()
    if not unmatched.issuperset(fact.session_ids) and may_ask(fact.schema):
        scores_work_task.apply_async((fact.schema,), countdown=TOGETHER_SECONDS, retry=False)


def make_scores_anew(fact: ScoringChanged) -> None:
    run_work_task.apply_async((fact.schema, fact.site_id), retry=False)


def erase_site(fact: SiteRemoved) -> None:
    site_erase.apply_async((fact.schema, fact.site_id), retry=False)


def work_on_rule(fact: RuleChanged) -> None:
    rule_work.apply_async((fact.schema, fact.rule_id), retry=False)


def work_on_goal(fact: GoalChanged) -> None:
    goal_work.apply_async((fact.schema, fact.goal_id), retry=False)


def carry_out_check(fact: CheckAsked) -> None:
    # One that got lost says so itself when its time is over.
    site_check.apply_async((fact.schema, fact.check_id), retry=False)


def adopt_site(fact: SiteMoved) -> None:
    # At once: whoever moved the site sees its companies on the next page.
    with in_schema(fact.schema):
        site_adopt(site_id=fact.site_id)


def forget_site(fact: SiteErased) -> None:
    # At once and not by a task: the site's last trace goes after this, and a failure here leaves it for the sweep.
    with in_schema(fact.schema):
        site_forget(site_id=fact.site_id)
        scores_forget(site_id=fact.site_id)


listen(EventsStored, match_companies)
listen(EventsStored, ask_for_networks)
listen(EventsStored, announce_events)
listen(EventsStored, make_scores)
listen(CompanyMatched, make_scores)
listen(GoalReached, make_scores)
listen(CompanyMatched, announce_companies)
listen(ScoreChanged, announce_scores)
listen(TemperatureChanged, announce_temperature)
listen(ScoringChanged, make_scores_anew)
listen(RuleChanged, work_on_rule)
listen(GoalChanged, work_on_goal)
listen(CheckAsked, carry_out_check)
listen(SiteMoved, adopt_site)
listen(SiteRemoved, erase_site)
listen(SiteErased, forget_site)
