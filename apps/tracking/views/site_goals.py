"""`/s/<site>/goals/…`: making and changing a site's goals, each tried on the past 30 days before it is made.

The list of goals with what came of them is a report, and analytics' to show.
"""

import msgspec
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from apps.agencies.requests import agency_request
from apps.agencies.roles import Permission
from apps.core.errors import Refused
from apps.sites.access import site_or_404
from apps.sites.goals.conditions import OP_LABELS
from apps.sites.goals.forms import GoalForm
from apps.sites.goals.rules import GoalKind, GoalRule
from apps.sites.goals.words import KIND_LABELS, money
from apps.sites.models import Goal, Site

from ..goals.preview import PREVIEW_DAYS, goal_preview
from ..goals.services import goal_archive, goal_change, goal_create, goal_restore, goal_switch

REACHES = ("forward", "past")
KIND_ICONS = {
    GoalKind.PAGE: "file-text",
    GoalKind.EVENT: "mouse-pointer-click",
    GoalKind.SCROLL: "scroll-text",
    GoalKind.ENGAGED: "timer",
}


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
def site_goal_new(request: HttpRequest, slug: str) -> HttpResponse:
    """Put a goal of one kind (`?kind=`) together, show what it would have counted, and make it."""
    site = site_or_404(request, slug, Permission.MANAGE_RULES)
    kind = _kind(request.GET.get("kind", GoalKind.PAGE.value))
    form = GoalForm(request.POST if request.method == "POST" else None, kind=kind)
    if request.method != "POST":
        return _editor(request, site, form)
    if not form.is_valid() or "preview" in request.POST:
        return _editor(request, site, form)
    if request.POST.get("reach") not in REACHES:
        return _editor(request, site, form, error="Choose from when on it counts.")
    reaches_back, name = request.POST["reach"] == "past", form.cleaned_data["name"]
    try:
        goal_create(site=site, name=name, rule=form.rule(), reaches_back=reaches_back, user_name=_user(request))
    except Refused as refusal:
        return _editor(request, site, form, error=str(refusal))
    messages.success(request, f"{name} is counted from now on{', and looked for in the past' * reaches_back}.")
    return _back(site)


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
def site_goal(request: HttpRequest, slug: str, goal_id: int) -> HttpResponse:
    """Show a goal for editing, show what it would have counted, and change it."""
    site = site_or_404(request, slug, Permission.MANAGE_RULES)
    goal = _goal_or_404(site, goal_id)
    rule = _rule(goal)
    if rule is None:
        messages.error(request, f"{goal} isn’t understood by this version of Beacon, so it can’t be edited.")
        return _back(site)
    is_sent = request.method == "POST"
    form = GoalForm(request.POST if is_sent else None, kind=rule.kind, name=goal.name, rule=rule)
    if not is_sent or not form.is_valid() or "preview" in request.POST:
        return _editor(request, site, form, goal=goal)
    if request.POST.get("reach") not in REACHES:
        return _editor(request, site, form, goal=goal, error="Choose from when on it counts.")
    reaches_back, name = request.POST["reach"] == "past", form.cleaned_data["name"]
    changed = form.rule(goal_id=goal.id)
    try:
        goal_change(goal=goal, name=name, rule=changed, reaches_back=reaches_back, user_name=_user(request))
    except Refused as refusal:
        return _editor(request, site, form, goal=goal, error=str(refusal))
    messages.success(request, f"{name} is {'counted anew' if reaches_back else 'changed from now on'}.")
    return _back(site)


@require_POST
def site_goal_state(request: HttpRequest, slug: str, goal_id: int) -> HttpResponse:
    """Switch a goal on or off, archive it or bring it back (`state`)."""
    site = site_or_404(request, slug, Permission.MANAGE_RULES)
    state = request.POST.get("state", "")
    goal = _goal_or_404(site, goal_id, is_archived=state == "restored")
    name = _user(request)
    if state in ("on", "off"):
        goal_switch(goal=goal, is_active=state == "on", user_name=name)
        messages.success(request, f"{goal} is {'counted again' if state == 'on' else 'not counted any more'}.")
    elif state == "archived":
        goal_archive(goal=goal, user_name=name)
        messages.success(request, f"{goal} is archived; what it counted stays stored.")
    elif state == "restored":
        try:
            goal_restore(goal=goal, user_name=name)
            messages.success(request, f"{goal} is back.")
        except Refused as refusal:
            messages.error(request, str(refusal))
    return _back(site)


def _editor(
    request: HttpRequest, site: Site, form: GoalForm, *, goal: Goal | None = None, error: str = ""
) -> HttpResponse:
    here = reverse("tracking:site-goal-new", args=[site.slug])
    kinds = [
        {"url": f"{here}?kind={kind.value}", "label": label, "icon": KIND_ICONS[kind], "is_current": kind is form.kind}
        for kind, label in KIND_LABELS.items()
    ]
    context: dict[str, object] = {
        "site": site,
        "goal": goal,
        "form": form,
        "kinds": [] if goal else kinds,
        "kind": form.kind.value,
        "kind_label": KIND_LABELS[form.kind],
        "ops": [(op.value, label) for op, label in OP_LABELS.items()],
        "error": error,
        "reach": request.POST.get("reach", ""),
        "preview_days": PREVIEW_DAYS,
    }
    is_fine = "preview" in request.POST and form.is_valid()
    if is_fine:
        context |= _preview(site, form.rule())
    return render(request, "tracking/site_goal.html", context, status=200 if is_fine or not form.is_bound else 422)


def _preview(site: Site, rule: GoalRule) -> dict[str, object]:
    preview = goal_preview(site_id=site.id, rule=rule)
    return {"preview": preview, "amounts": [money(one.amount, one.currency) for one in preview.amounts]}


def _goal_or_404(site: Site, goal_id: int, *, is_archived: bool = False) -> Goal:
    goal = Goal.objects.filter(site=site, id=goal_id, archived_at__isnull=not is_archived).first()
    if goal is None:
        raise Http404
    return goal


def _rule(goal: Goal) -> GoalRule | None:
    try:
        return goal.rule
    except msgspec.ValidationError:
        return None


def _kind(text: str) -> GoalKind:
    if text not in GoalKind._value2member_map_:
        raise Http404
    return GoalKind(text)


def _user(request: HttpRequest) -> str:
    return str(agency_request(request).user)


def _back(site: Site) -> HttpResponse:
    return HttpResponseRedirect(reverse("analytics:site-goals", args=[site.slug]))
