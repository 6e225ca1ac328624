"""What the demo's visitors are to do: at least one goal of each kind, met by what they are simulated to do."""

from decimal import Decimal

from apps.sites.goals.rules import GoalKind, GoalRule, ValueFrom
from apps.sites.models import Goal, Site
from apps.tracking.goals.services import goal_create
from apps.tracking.selectors import session_any

DEMO_REQUESTED = "Demo requested"
DATA_SHEET = "Data sheet downloaded"
GOALS = {
    DEMO_REQUESTED: GoalRule(
        0,
        GoalKind.EVENT,
        event_name="demo_request",
        value_from=ValueFrom.FIXED,
        value=Decimal(120),
        currency="EUR",
    ),
    DATA_SHEET: GoalRule(0, GoalKind.EVENT, event_name="datasheet_download", counts_every=True),
    "Opened the demo form": GoalRule(0, GoalKind.PAGE, page="*/demo"),
    "Article read to its end": GoalRule(0, GoalKind.SCROLL, page="/blog/*", threshold=100),
    "Five minutes in the documentation": GoalRule(0, GoalKind.ENGAGED, page="/docs*", threshold=300, counts_every=True),
}


def goals_ensure(site: Site) -> None:
    """Make the demo's goals on a site that never had any; where there are visits already, also for the past."""
    if Goal.objects.filter(site=site).exists():
        return
    reaches_back = session_any(site_id=site.id)
    for name, rule in GOALS.items():
        goal_create(site=site, name=name, rule=rule, reaches_back=reaches_back, user_name="Ida Sandvik")
