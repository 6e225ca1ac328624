"""`/s/<site>/destinations/<id>/rules/…`: what goes to a destination, tried on what happened before it holds."""

import msgspec
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from apps.agencies.requests import agency_request
from apps.agencies.roles import Permission
from apps.core.errors import Refused
from apps.sites.models import Goal, Site

from ..access import destination_or_404, provider_or_404, rule_or_404
from ..conditions import conditions_read
from ..forms import RuleForm
from ..mapping import NAMES, mapping_read
from ..models import Destination, RoutingRule
from ..once import form_key, once_word
from ..previews import Draft, rule_preview, rule_problems
from ..providers.base import Problem, Provider
from ..samples import event_names
from ..services import rule_remove as rule_take_away
from ..services import rule_save
from ..words import rule_words

CONDITIONS = ("pages", "countries", "least_value", "company_kinds", "temperatures", "least_score")


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
def rule_new(request: HttpRequest, slug: str, destination_id: int) -> HttpResponse:
    """Put a rule together, show what it would send, and add it."""
    site, destination = destination_or_404(request, slug, destination_id, Permission.MANAGE_RULES)
    form = RuleForm(request.POST if request.method == "POST" else None, goals=_goals(site))
    return _edited(request, site, destination, form)


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
def rule_edit(request: HttpRequest, slug: str, destination_id: int, rule_id: int) -> HttpResponse:
    """Show a rule for editing, show what its change would send, and change it."""
    site, destination = destination_or_404(request, slug, destination_id, Permission.MANAGE_RULES)
    rule = rule_or_404(destination, rule_id)
    try:
        conditions, mapping = conditions_read(rule.conditions), mapping_read(rule.mapping)
    except msgspec.ValidationError:
        messages.error(request, "This version of Beacon doesn’t understand that rule, so it can’t be edited here.")
        return _back(site, destination)
    form = RuleForm(
        request.POST if request.method == "POST" else None,
        goals=_goals(site, rule),
        rule=rule,
        conditions=conditions,
        mapping=mapping,
    )
    return _edited(request, site, destination, form, rule=rule)


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
def rule_remove(request: HttpRequest, slug: str, destination_id: int, rule_id: int) -> HttpResponse:
    """Ask whether a rule is to go, and on POST remove it; what it has routed goes on."""
    site, destination = destination_or_404(request, slug, destination_id, Permission.MANAGE_RULES)
    rule = rule_or_404(destination, rule_id)
    if request.method == "POST":
        rule_take_away(destination=destination, rule_id=rule.id)
        messages.success(request, "The rule is removed. What it has let through already still goes.")
        return _back(site, destination)
    words = rule_words(rule, _goal_names(site), provider_or_404(destination))
    context = {
        "site": site,
        "destination": destination,
        "title": "Remove this rule?",
        "text": f"{words.when}. {words.what}. From then on nothing goes to {destination.name} by it.",
        "confirm": "Remove rule",
    }
    return render(request, "destinations/confirm.html", context)


def _edited(
    request: HttpRequest, site: Site, destination: Destination, form: RuleForm, *, rule: RoutingRule | None = None
) -> HttpResponse:
    """Answer an editor's request. A preview asked for by HTMX is answered with its fragment."""
    kind = provider_or_404(destination)
    is_preview = "preview" in request.POST
    context: dict[str, object] = {"form": form, "destination": destination, "provider": kind, "site": site}
    if form.is_bound and form.is_valid():
        draft = form.draft()
        problems = rule_problems(destination=destination, provider=kind, site=site, draft=draft)
        if not problems and not is_preview:
            try:
                return _saved(request, site, destination, draft, rule)
            except Refused as refusal:
                form.add_error(None, str(refusal))
        context |= {"problems": problems, "tried": True} | _preview(request, site, destination, kind, draft)
        if problems and not is_preview:
            form.add_error(None, _refused(kind, problems))
    if is_preview and request.headers.get("HX-Request"):
        return render(request, "destinations/_preview.html", context)
    names = event_names(site_id=site.id)
    context |= {
        "rule": rule,
        "once": once_word(request.POST if form.is_bound else None),
        "event_names": names,
        "places": NAMES,
        "default_name": kind.default_name(goal_name="the goal’s name", event_name=""),
        "has_goals": len(form.fields["goal"].choices) > 1,  # type: ignore[attr-defined]
        # Open where something stands in it, or is wrong.
        "conditions_open": any(form[name].value() or form[name].errors for name in CONDITIONS),
        "first_preview": not form.is_bound and rule is not None,
    }
    status = 422 if form.is_bound and form.errors else 200
    return render(request, "destinations/rule.html", context, status=status)


def _saved(
    request: HttpRequest, site: Site, destination: Destination, draft: Draft, rule: RoutingRule | None
) -> HttpResponse:
    rule_save(
        destination=destination,
        source=draft.source,
        goal_id=draft.goal.id if draft.goal else None,
        event_name=draft.event_name,
        conditions=draft.conditions,
        mapping=draft.mapping,
        user_name=str(agency_request(request).user),
        rule_id=rule.id if rule else None,
        form_key=None if rule else form_key(request.POST),
    )
    since = "It holds for what happens from now on; “Replay” sends what happened before."
    messages.success(request, f"The rule is {'changed' if rule else 'added'}. {since}")
    return _back(site, destination)


def _preview(
    request: HttpRequest, site: Site, destination: Destination, kind: Provider, draft: Draft
) -> dict[str, object]:
    found = rule_preview(
        destination=destination, provider=kind, site=site, draft=draft, chosen=request.POST.get("sample", "")
    )
    if isinstance(found, str):
        return {"refusal": found}
    return {"preview": found}


def _refused(kind: Provider, problems: list[Problem]) -> str:
    said = "; ".join(f"{problem.field}: {problem.rule}" for problem in problems)
    return f"{kind.label} would refuse everything that this rule sends. {said}"


def _goals(site: Site, rule: RoutingRule | None = None) -> list[Goal]:
    """Return the goals that a rule may name: those in use, and its own though it is archived."""
    goals = Goal.objects.filter(site=site)
    kept = rule.goal_id if rule else None
    return [goal for goal in goals.order_by("id") if goal.archived_at is None or goal.id == kept]


def _goal_names(site: Site) -> dict[int, str]:
    return dict(Goal.objects.filter(site=site).values_list("id", "name"))


def _back(site: Site, destination: Destination) -> HttpResponse:
    return HttpResponseRedirect(reverse("destinations:destination", args=[site.slug, destination.id]))
