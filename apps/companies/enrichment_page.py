"""`/settings/networks`: how asking IPinfo and for profiles goes. All agencies share tokens and budgets."""

from django.conf import settings
from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe
from redis.exceptions import RedisError

from apps.agencies.access import member_view, require_all_clients
from apps.agencies.requests import AgencyRequest
from apps.agencies.roles import Permission
from apps.core import formats

from .asking.figures import PERIODS, Line, breaker_shown
from .enrichment import statistics
from .enrichment.service import enrichment, is_remote
from .enrichment.statistics import Outcome, Summary
from .models import NetworkLookup
from .profiles.figures import profile_figures


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
    context["profiles"] = profile_figures()
    return render(request, "companies/networks.html", context)


def _figures() -> dict[str, object]:
    asked = enrichment()
    spent, budget = asked.quota.spent(), asked.quota.budget
    sums = [statistics.summary(days=days) for _, days in PERIODS]
    return {
        "plan": settings.BEACON_IPINFO_PLAN.capitalize(),
        "breaker": breaker_shown(asked.breaker.look()),
        "last_error": statistics.last_error(),
        "spent": spent,
        "budget": budget,
        "is_spent": spent >= budget,
        "periods": [label for label, _ in PERIODS],
        "lines": lines(sums, budget),
    }


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
