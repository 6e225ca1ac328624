"""How asking for profiles goes, for the statistics page `/settings/networks`: all agencies share token and budget."""

from redis.exceptions import RedisError

from apps.companies.asking.figures import PERIODS, Line, breaker_shown
from apps.core import clock, formats

from ..models import ProfileLookup
from . import statistics
from .configured import Asking, asking
from .statistics import Outcome, Summary


def profile_figures() -> dict[str, object] | None:
    """Return what the page shows; None where no service is configured. `is_away`: who holds the figures is."""
    service = asking()
    if service is None:
        return None
    waiting = ProfileLookup.objects.filter(due_at__lte=clock.now()).count()
    context: dict[str, object] = {"name": service.provider.source, "waiting": waiting}
    try:
        return context | _figures(service)
    except RedisError:
        return context | {"is_away": True}


def _figures(service: Asking) -> dict[str, object]:
    spent, budget = service.quota.spent(), service.quota.budget
    return {
        "breaker": breaker_shown(service.breaker.look()),
        "last_error": statistics.last_error(),
        "spent": spent,
        "budget": budget,
        "is_spent": spent >= budget,
        "periods": [label for label, _ in PERIODS],
        "lines": _lines([statistics.summary(days=days) for _, days in PERIODS]),
    }


def _lines(sums: list[Summary]) -> list[Line]:
    def numbers(of: list[int]) -> list[str]:
        return [formats.number(count) for count in of]

    def outcomes(outcome: Outcome) -> list[str]:
        return numbers([one.outcomes[outcome] for one in sums])

    return [
        Line("Companies asked for", numbers([one.asked for one in sums]), "Each with one request."),
        Line("Found", outcomes(Outcome.FOUND)),
        Line("Unknown there", outcomes(Outcome.UNKNOWN), "Asked again after a month."),
        Line("Not yet", outcomes(Outcome.LATER), "It looks for them; they are asked for again soon."),
        Line("Errors", numbers([one.errors for one in sums]), "Requests that failed; asked again later."),
    ]
