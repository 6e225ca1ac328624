"""The rules as everybody who reads scores may see them, with what they would have foretold."""

from collections.abc import Sequence

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from apps.agencies.roles import Permission
from apps.sites.models import Goal, Site

from ..formulas import HALF_LIFE, HORIZON, EngagementWeights
from ..kinds import KINDS
from ..runs import run_of
from ..trial import TRIAL_DAYS, trial_of
from ..words import asked_words, ideal_lines, points_words, weight_lines
from .rules import KIND_ICONS
from .scope import back, save_and_back, scope_or_404
from .versions import version_lines

LATEST_VERSIONS = 3
# What engagement is made of, and how many points of it at most.
INGREDIENTS = (
    ("visits", round(100 * EngagementWeights.VISITS)),
    ("page views per visit", round(100 * EngagementWeights.VIEWS)),
    ("engaged time", round(100 * EngagementWeights.MINUTES)),
    ("mean scroll depth", round(100 * EngagementWeights.SCROLL)),
    ("visitors on the busiest day", round(100 * EngagementWeights.VISITORS)),
    ("how lately somebody was there", round(100 * EngagementWeights.RECENCY)),
)
_LINKS = ("scoring", "rule-new", "weights", "ideal", "versions")


@require_safe
@never_cache
def scoring(request: HttpRequest, slug: str | None = None) -> HttpResponse:
    """Show rules, weights, ideal customer and the latest versions."""
    scope = scope_or_404(request, slug)
    goal_names = scope.goal_names()
    rules = scope.in_force.scoring
    last = len(rules.rules) - 1
    context = {
        "scope": scope,
        "site": scope.site,
        "membership": scope.membership,
        "version": scope.version,
        "rules": [
            {
                "rule": rule,
                "icon": KIND_ICONS[rule.kind],
                "kind": KINDS[rule.kind],
                "points": points_words(rule),
                "asked": asked_words(rule, goal_names),
                "url": scope.url("rule", rule.key),
                "state_url": scope.url("rule-state", rule.key),
                "is_first": place == 0,
                "is_last": place == last,
            }
            for place, rule in enumerate(rules.rules)
        ],
        "weights": weight_lines(rules.weights),
        "ingredients": INGREDIENTS,
        "ideal": ideal_lines(rules.ideal),
        "versions": version_lines(scope, limit=LATEST_VERSIONS),
        "goals": scope.goals(),
        "trial_days": TRIAL_DAYS,
        "half_life_days": HALF_LIFE.days,
        "horizon_days": HORIZON.days,
        "run": run_of(scope.site.id) if scope.site else None,
        "followers": len(scope.sites()) if scope.site is None else None,
        "urls": {name.replace("-", "_"): scope.url(name) for name in _LINKS},
    }
    return render(request, "scoring/scoring.html", context)


@require_safe
@never_cache
def progress(request: HttpRequest, slug: str) -> HttpResponse:
    """Show how far the scores' remaking is, as a fragment that asks again while it goes on."""
    scope = scope_or_404(request, slug)
    run = run_of(scope.site.id) if scope.site else None
    return render(request, "scoring/_progress.html", {"site": scope.site, "run": run, "was_running": True})


@require_POST
def follow(request: HttpRequest, slug: str) -> HttpResponse:
    """Have a site follow the agency's rules (`whose`: agency), or give it a copy of them as its own (`own`)."""
    scope = scope_or_404(request, slug, Permission.MANAGE_RULES)
    whose = request.POST.get("whose")
    if whose == "agency" and not scope.follows:
        return save_and_back(
            request, scope, None, said="The agency’s rules hold here again. Scores are being made anew."
        )
    if whose == "own" and scope.follows:
        said = "The site has rules of its own now, as the agency’s were. Change what should differ."
        return save_and_back(request, scope, scope.in_force.scoring, said=said, note="Rules of its own from here on")
    return back(scope)


@require_safe
@never_cache
def trial(request: HttpRequest, slug: str) -> HttpResponse:
    """Show what the rules would have foretold (`?goal=`: of one goal, else of any), as a fragment or a page."""
    scope = scope_or_404(request, slug, Permission.READ)
    assert scope.site is not None
    goals = _goals(scope.site, request.GET.get("goal", ""))
    context: dict[str, object] = {
        "scope": scope,
        "site": scope.site,
        "goals": scope.goals(),
        "chosen": goals[0].id if len(goals) == 1 and request.GET.get("goal") else None,
        "trial_days": TRIAL_DAYS,
    }
    if goals:
        context["trial"] = trial_of(site=scope.site, in_force=scope.in_force, goals=goals)
    is_fragment = bool(request.headers.get("HX-Request"))
    return render(request, "scoring/_trial.html" if is_fragment else "scoring/trial.html", context)


def _goals(site: Site, chosen: str) -> Sequence[Goal]:
    """Return the goals that are to be foretold: the one that is chosen, else all that aren't archived."""
    goals = list(Goal.objects.filter(site=site, archived_at__isnull=True).order_by("id"))
    one = [goal for goal in goals if str(goal.id) == chosen]
    return one or goals
