"""Changing the weights of a total's parts, and the ideal customer."""

from collections.abc import Sequence

from django.http import HttpRequest, HttpResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods
from msgspec.structs import replace

from apps.agencies.roles import Permission
from apps.companies.models import Company

from ..forms import IdealForm, WeightsForm
from .editing import edited
from .scope import Scope, scope_or_404

WEIGHT_HELP = {
    "contact": "Seniority, function and business e-mail of people who are known. Nobody is yet.",
    "fit": "How well the company fits your ideal customer; known once you say who that is.",
    "intent": "What the rules add up to.",
    "engagement": "Visits, page views, engaged time, scroll depth, visitors and recency.",
    "learned": "Learned from the site’s own conversions. There is no model yet.",
}
MOST_SUGGESTED = 200


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
def weights(request: HttpRequest, slug: str | None = None) -> HttpResponse:
    """Change what each part weighs in the total."""
    scope = scope_or_404(request, slug, Permission.MANAGE_RULES)
    scoring = scope.in_force.scoring
    form = WeightsForm(request.POST if request.method == "POST" else None, weights=scoring.weights)
    return edited(
        request,
        scope,
        form,
        template="scoring/weights.html",
        context={"fields": [(form[name], why) for name, why in WEIGHT_HELP.items()]},
        made=lambda: replace(scoring, weights=form.weights()),
        said=lambda: "The weights are changed. Scores are being made anew.",
    )


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
def ideal(request: HttpRequest, slug: str | None = None) -> HttpResponse:
    """Say who the ideal customer is."""
    scope = scope_or_404(request, slug, Permission.MANAGE_RULES)
    scoring = scope.in_force.scoring
    form = IdealForm(request.POST if request.method == "POST" else None, ideal=scoring.ideal)
    return edited(
        request,
        scope,
        form,
        template="scoring/ideal.html",
        context={"industries": _industries(scope)},
        made=lambda: replace(scoring, ideal=form.ideal()),
        said=lambda: "The ideal customer is changed. Scores are being made anew.",
    )


def _industries(scope: Scope) -> Sequence[str]:
    """Return the industries of the companies that were there, as they are written: of a site its client's alone."""
    companies = Company.objects.exclude(industry="")
    if scope.site is not None:
        companies = companies.filter(clients__client_id=scope.site.client_id)
    return list(companies.order_by("industry").values_list("industry", flat=True).distinct()[:MOST_SUGGESTED])
