"""What the editors have in common: a form is checked, tried on the past 30 days, or saved as a new version."""

from collections.abc import Callable, Mapping

from django.contrib import messages
from django.forms import Form
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from apps.core.errors import Refused

from ..effect import EFFECT_DAYS, MOST_COMPANIES, MOST_NAMED, effect_of
from ..rules import Scoring
from .scope import Scope, back, save


def edited(
    request: HttpRequest,
    scope: Scope,
    form: Form,
    *,
    template: str,
    context: Mapping[str, object],
    made: Callable[[], Scoring],
    said: Callable[[], str],
) -> HttpResponse:
    """Answer an editor's request. `made`: the rules that a valid form makes; may raise Refused. `said`: what was done.

    A preview asked for by HTMX is answered with its fragment.
    """
    shown: dict[str, object] = {
        "scope": scope,
        "site": scope.site,
        "form": form,
        "version": request.POST.get("version", scope.version),
        "note": request.POST.get("note", ""),
        "back_url": scope.url("scoring"),
        "effect_days": EFFECT_DAYS,
        **context,
    }
    is_preview = "preview" in request.POST
    if form.is_bound and form.is_valid():
        try:
            scoring = made()
            if not is_preview:
                save(request, scope, scoring)
                messages.success(request, said())
                return back(scope)
            shown |= effect_context(scope, scoring)
        except Refused as refusal:
            form.add_error(None, str(refusal))
    if is_preview and request.headers.get("HX-Request"):
        return render(request, "scoring/_effect.html", shown)
    return render(request, template, shown, status=422 if form.is_bound and form.errors else 200)


def effect_context(scope: Scope, scoring: Scoring) -> dict[str, object]:
    """Return what the fragment with a change's effect shows."""
    effect = effect_of(sites=scope.sites(), before=scope.in_force.scoring, after=scoring)
    groups = [("Become hot", effect.becoming), ("Cease to be hot", effect.ceasing)]
    return {
        "effect": effect,
        "groups": [(label, lines[:MOST_NAMED], max(0, len(lines) - MOST_NAMED)) for label, lines in groups if lines],
        "most_companies": MOST_COMPANIES,
    }
