"""THE wiring: which fact wakes which work. The whole flow behind the writer on one page.

EventsStored    (tracking: the writer has committed)  -> companies: match them, ask for networks;  scoring: make what is
                                                         due;  live: push them
CompanyMatched  (companies: visits have a name)       -> scoring: make what is due;  live: name the visitor
VisitsReopened  (companies: visits of the past are to be matched anew) -> companies: match them
ScoreChanged, TemperatureChanged  (scoring: a score was made, somebody turned hot or cold) -> live: show it;
                                                         alerts: look for target accounts, tell of who is hot
CategoryChanged (scoring: likewise)                   -> nobody yet
ScoringChanged  (scoring: other rules are in force)   -> scoring: make the site's scores anew
CorrectionChanged (companies: one is on its way)      -> companies: apply it to the past, or its undoing
ColleagueMentioned (companies: a note names a member) -> companies: mail them
LinksChanged    (companies: a site's links)           -> companies: apply them to the past
RuleChanged     (tracking: an exclusion rule)         -> tracking: apply it to the past, or undo it
GoalChanged     (tracking: a goal)                    -> tracking: apply it to the past
GoalReached     (tracking: conversions are stored)    -> scoring: make what is due;  destinations: route them
DeliveriesDue   (destinations: something is to be sent) -> destinations: send it
DestinationRefused (destinations: a provider takes nothing) -> destinations: mail the managers
SiteMoved       (sites: to another client)            -> companies: have the client know who was on it
SiteRemoved     (tracking: a site was deleted)        -> tracking: erase what was stored of it
SiteErased      (tracking: a deleted site's visits went) -> companies, scoring, alerts, destinations: forget it too
CheckAsked      (installation: a check of a page) -> installation: carry it out
AlertsRaised    (alerts: mails are due)               -> alerts: send them

A wake-up may get lost: each of these is found again by a sweep or by the next look at the rows.
"""

from apps.alerts.facts import AlertsRaised
from apps.alerts.models import Subscription
from apps.alerts.subscriptions import is_wanted
from apps.alerts.subscriptions import site_forget as alerts_forget
from apps.alerts.tasks import alert_send_task, hot_raise_task, targets_raise_task
from apps.companies.erase import site_forget
from apps.companies.facts import ColleagueMentioned, CompanyMatched, CorrectionChanged, LinksChanged, VisitsReopened
from apps.companies.moving import site_adopt
from apps.companies.tasks import (
    correction_work_task,
    links_work_task,
    mention_mail_task,
    networks_resolve_task,
    visits_match_task,
    visits_rematch_task,
)
from apps.companies.waking import to_be_asked
from apps.core.facts import listen
from apps.core.tenancy import in_schema
from apps.destinations.facts import DeliveriesDue, DestinationRefused
from apps.destinations.keeping import site_forget as destinations_forget
from apps.destinations.tasks import conversions_route_task, destination_wake, events_route_task, refusal_tell_task
from apps.destinations.waking import asks_for_events, has_rules
from apps.installation.facts import CheckAsked
from apps.installation.tasks import site_check
from apps.live.frames import announce_companies, announce_events, announce_scores, announce_temperature
from apps.scoring.facts import ScoreChanged, ScoringChanged, TemperatureChanged
from apps.scoring.services import site_forget as scores_forget
from apps.scoring.sums import Temperature
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


def match_anew(fact: VisitsReopened) -> None:
    visits_rematch_task.apply_async((fact.schema,), retry=False)


def work_on_correction(fact: CorrectionChanged) -> None:
    correction_work_task.apply_async((fact.schema, fact.correction_id), retry=False)


def work_on_links(fact: LinksChanged) -> None:
    links_work_task.apply_async((fact.schema, fact.site_id), retry=False)


def mail_mention(fact: ColleagueMentioned) -> None:
    mention_mail_task.apply_async((fact.schema, fact.mention_id), retry=False)


def make_scores(fact: EventsStored | CompanyMatched | GoalReached) -> None:
    # Visits that are to be matched first have no company yet.
    unmatched = set(fact.unmatched_ids) if isinstance(fact, EventsStored) else set()
    if not unmatched.issuperset(fact.session_ids) and may_ask(fact.schema):
        scores_work_task.apply_async((fact.schema,), countdown=TOGETHER_SECONDS, retry=False)


def tell_of_hot(fact: TemperatureChanged) -> None:
    if fact.after == Temperature.HOT and not fact.is_backfill:
        hot_raise_task.apply_async((fact.schema, fact.change_id), retry=False)


def route_conversions(fact: GoalReached) -> None:
    if not fact.is_backfill and has_rules(fact.schema, fact.site_id):
        conversions_route_task.apply_async((fact.schema, fact.site_id, fact.conversion_ids), retry=False)


def route_events(fact: EventsStored) -> None:
    if fact.session_ids and not fact.is_backfill and asks_for_events(fact.schema, fact.site_id):
        ids = [str(session_id) for session_id in fact.session_ids]
        events_route_task.apply_async((fact.schema, fact.site_id, ids), retry=False)


def send_deliveries(fact: DeliveriesDue) -> None:
    with in_schema(fact.schema):
        destination_wake(fact.destination_id)


def tell_of_refusal(fact: DestinationRefused) -> None:
    refusal_tell_task.apply_async((fact.schema, fact.destination_id), retry=False)


def look_for_targets(fact: ScoreChanged) -> None:
    # Every activity of a company makes its score anew, a moment after its visit has its company.
    if fact.is_backfill:
        return
    with in_schema(fact.schema):
        is_asked_for = is_wanted(site_id=fact.site_id, kind=Subscription.Kind.TARGET)
    if is_asked_for:
        targets_raise_task.apply_async((fact.schema, fact.site_id, fact.company_ids), retry=False)


def send_alerts(fact: AlertsRaised) -> None:
    for alert_id in fact.alert_ids:
        alert_send_task.apply_async((fact.schema, alert_id), retry=False)


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
        site_adopt(site_id=fact.site_id, from_client_id=fact.from_client_id)


def forget_site(fact: SiteErased) -> None:
    # At once and not by a task: the site's last trace goes after this, and a failure here leaves it for the sweep.
    with in_schema(fact.schema):
        site_forget(site_id=fact.site_id)
        scores_forget(site_id=fact.site_id)
        alerts_forget(site_id=fact.site_id)
        destinations_forget(site_id=fact.site_id)


listen(EventsStored, match_companies)
listen(EventsStored, ask_for_networks)
listen(EventsStored, announce_events)
listen(EventsStored, make_scores)
listen(CompanyMatched, make_scores)
listen(GoalReached, make_scores)
listen(GoalReached, route_conversions)
listen(EventsStored, route_events)
listen(DeliveriesDue, send_deliveries)
listen(DestinationRefused, tell_of_refusal)
listen(CompanyMatched, announce_companies)
listen(VisitsReopened, match_anew)
listen(CorrectionChanged, work_on_correction)
listen(LinksChanged, work_on_links)
listen(ColleagueMentioned, mail_mention)
listen(ScoreChanged, announce_scores)
listen(TemperatureChanged, announce_temperature)
listen(ScoringChanged, make_scores_anew)
listen(TemperatureChanged, tell_of_hot)
listen(ScoreChanged, look_for_targets)
listen(AlertsRaised, send_alerts)
listen(RuleChanged, work_on_rule)
listen(GoalChanged, work_on_goal)
listen(CheckAsked, carry_out_check)
listen(SiteMoved, adopt_site)
listen(SiteRemoved, erase_site)
listen(SiteErased, forget_site)
