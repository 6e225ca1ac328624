"""`/settings/networks`: how asking IPinfo goes, for the whole installation: all agencies share token and budget."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.conf import settings
from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe
from redis.exceptions import RedisError

from apps.agencies.access import member_view, require_all_clients
from apps.agencies.requests import AgencyRequest
from apps.agencies.roles import Permission
from apps.core import formats

from .asking.breaker import Seen, State
from .enrichment import statistics
from .enrichment.service import enrichment, is_remote
from .enrichment.statistics import Outcome, Summary
from .models import NetworkLookup

PERIODS = (("Today", 1), ("7 days", 7), ("30 days", 30))


@dataclass(frozen=True, slots=True)
class Line:
    """A row of the table: a figure for each period, and how it is made."""

    label: str
    texts: Sequence[str]
    note: str = ""

    @property
    def figures(self) -> list[tuple[str, str]]:
        return [(period, text) for (period, _), text in zip(PERIODS, self.texts, strict=True)]


@require_safe
@member_view(Permission.MANAGE_TEAM)
def networks(request: AgencyRequest) -> HttpResponse:
    """Show hit rate, requests, budget, times, errors and the breaker. 404 for members limited to some clients."""
    require_all_clients(request.membership)
    context: dict[str, object] = {"membership": request.membership, "is_remote": is_remote()}
    if is_remote():
        try:
            context |= _figures()
        except RedisError:
            context["is_away"] = True
        context["waiting"] = NetworkLookup.objects.filter(due_at__isnull=False).count()
    return render(request, "companies/networks.html", context)


def _figures() -> dict[str, object]:
    asked = enrichment()
    spent, budget = asked.quota.spent(), asked.quota.budget
    sums = [statistics.summary(days=days) for _, days in PERIODS]
    return {
        "plan": settings.BEACON_IPINFO_PLAN.capitalize(),
        "breaker": _breaker(asked.breaker.look()),
        "last_error": statistics.last_error(),
        "spent": spent,
        "budget": budget,
        "is_spent": spent >= budget,
        "periods": [label for label, _ in PERIODS],
        "lines": lines(sums, budget),
    }


def _breaker(seen: Seen) -> dict[str, object]:
    """Return the breaker's state for the state component, and when it is tried again."""
    states = {
        State.CLOSED: ("good", "asked as needed"),
        State.HALF_OPEN: ("waiting", "about to be tried again with one address"),
        State.OPEN: ("bad", "left alone"),
    }
    state, text = states[seen.state]
    return {"state": state, "text": text, "till": seen.till if seen.state is State.OPEN else None}


def lines(sums: list[Summary], budget: int) -> list[Line]:
    """Return the table of some periods, in the order in which one reads it."""

    def numbers(of: list[int]) -> list[str]:
        return [formats.number(count) for count in of]

    budgets = [budget * days for _, days in PERIODS]
    cost = [f"{formats.number(one.entries)} of {formats.number(most)}" for one, most in zip(sums, budgets, strict=True)]
    hits = "Known from before, or being asked by another process: no request needed."
    return [
        Line("Addresses to resolve", numbers([one.addresses for one in sums])),
        Line("Hit rate", [_share(one.hit_ratio) for one in sums], hits),
        Line("Requests", numbers([one.requests.total() for one in sums]), "Each for up to 1,000 addresses."),
        Line("Addresses asked, of the budget", cost, "What IPinfo counts against the plan."),
        Line("Nothing known", numbers([one.outcomes[Outcome.MISSED] for one in sums]), "The local answer stands."),
        Line("Errors", numbers([one.errors for one in sums]), "Requests that failed; asked again within the day."),
        Line("Half of the requests within", [_time(one.percentile_ms(0.5)) for one in sums]),
        Line("95% of the requests within", [_time(one.percentile_ms(0.95)) for one in sums]),
        Line(
            "Put off by the budget",
            numbers([one.outcomes[Outcome.BUDGET] for one in sums]),
            "Counted each time that they come round.",
        ),
        Line(
            "Put off while left alone",
            numbers([one.outcomes[Outcome.BREAKER] for one in sums]),
            "Counted each time that they come round.",
        ),
    ]


def _share(ratio: float | None) -> str:
    return "—" if ratio is None else formats.percent(ratio)


def _time(milliseconds: int | None) -> str:
    return "—" if milliseconds is None else f"{formats.number(milliseconds)} ms"
