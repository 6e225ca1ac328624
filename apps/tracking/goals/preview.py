"""What a goal would have counted in the past 30 days, before it is made."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from apps.core import clock
from apps.sites.goals.rules import GoalRule

from ..models import Session
from .candidates import candidates, those_that_meet
from .selectors import Amount, amounts_of
from .storing import Met

PREVIEW_DAYS = 30
SAMPLE = 5
# Of events that may meet it; more than these, the newest, aren't looked at.
MOST_EVENTS = 100_000


@dataclass(frozen=True, slots=True)
class GoalPreview:
    """Conversions as the goal would count them, in counted visits. `is_cut`: there may be more of them."""

    conversions: int
    visits: int
    all_visits: int
    amounts: Sequence[Amount]
    latest: Sequence[Session]
    is_cut: bool

    @property
    def ratio(self) -> float | None:
        """The share of visits that would have reached it; None where there were none."""
        return self.visits / self.all_visits if self.all_visits else None


def goal_preview(*, site_id: int, rule: GoalRule) -> GoalPreview:
    """Return what the visits that began in the past 30 days would have reached. Three queries."""
    since = clock.now() - timedelta(days=PREVIEW_DAYS)
    events = candidates(site_id=site_id, rule=rule).filter(set_aside="", occurred_at__gte=since)
    rows = list(events.order_by("-occurred_at", "-event_id")[:MOST_EVENTS])
    counted = _counted(rule, those_that_meet(rule, reversed(rows)))
    visits = list(dict.fromkeys(one.session_id for one in reversed(counted)))
    whole = Session.objects.filter(site_id=site_id, set_aside="", started_at__gte=since)
    return GoalPreview(
        conversions=len(counted),
        visits=len(visits),
        all_visits=max(whole.count(), len(visits)),
        amounts=amounts_of((one.currency, one.value) for one in counted),
        latest=list(Session.objects.filter(id__in=visits[:SAMPLE]).order_by("-started_at")),
        is_cut=len(rows) == MOST_EVENTS,
    )


def _counted(rule: GoalRule, met: Iterable[Met]) -> list[Met]:
    """Return the conversions that count, given all in the order of their time."""
    if rule.counts_every:
        return list(met)
    first: dict[UUID, Met] = {}
    for one in met:
        first.setdefault(one.session_id, one)
    return list(first.values())
