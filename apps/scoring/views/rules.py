"""Making, changing, switching, ordering and removing rules."""

from collections.abc import Callable

from django.http import Http404, HttpRequest, HttpResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from apps.agencies.roles import Permission
from apps.core.errors import Refused
from apps.sites.goals.conditions import OP_LABELS

from ..changing import NotThere, key_for, rule_by_key, rule_move, rule_put, rule_remove, rule_switch
from ..forms import RuleForm
from ..kinds import KINDS
from ..rules import Rule, RuleKind, Scoring
from .editing import edited
from .scope import Scope, back, save_and_back, scope_or_404

KIND_ICONS = {
    RuleKind.PAGE: "file-text",
    RuleKind.EVENT: "mouse-pointer-click",
    RuleKind.GOAL: "target",
    RuleKind.FREQUENCY: "footprints",
    RuleKind.RECENCY: "clock",
    RuleKind.VISITORS: "users",
    RuleKind.SOURCE: "signpost",
    RuleKind.SCROLL: "scroll-text",
    RuleKind.ENGAGED: "timer",
    RuleKind.ONLY_PAGES: "ban",
}
_STATES: dict[str, tuple[Callable[[Scoring, str], Scoring], str]] = {
    "on": (lambda scoring, key: rule_switch(scoring, key, is_on=True), "“{name}” counts again."),
    "off": (lambda scoring, key: rule_switch(scoring, key, is_on=False), "“{name}” doesn’t count any more."),
    "up": (lambda scoring, key: rule_move(scoring, key, by=-1), "“{name}” is one further up."),
    "down": (lambda scoring, key: rule_move(scoring, key, by=1), "“{name}” is one further down."),
    "removed": (rule_remove, "“{name}” is removed. The version before this one still has it."),
}


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
def rule_new(request: HttpRequest, slug: str | None = None) -> HttpResponse:
    """Put a rule of one kind (`?kind=`) together, show what it would do, and add it."""
    scope = scope_or_404(request, slug, Permission.MANAGE_RULES)
    kind = _kind(request.GET.get("kind", RuleKind.PAGE.value))
    form = RuleForm(request.POST if request.method == "POST" else None, kind=kind, goals=scope.goals())
    scoring = scope.in_force.scoring
    here = scope.url("rule-new")
    kinds = [
        {
            "url": f"{here}?kind={one.value}",
            "label": KINDS[one].label,
            "icon": KIND_ICONS[one],
            "is_current": one is kind,
        }
        for one in KINDS
    ]
    return _editor(
        request,
        scope,
        form,
        kinds=kinds,
        made=lambda: rule_put(scoring, form.rule(key=key_for(scoring, form.cleaned_data["name"]))),
        done="is added",
    )


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
def rule_edit(request: HttpRequest, key: str, slug: str | None = None) -> HttpResponse:
    """Show a rule for editing, show what its change would do, and change it."""
    scope = scope_or_404(request, slug, Permission.MANAGE_RULES)
    scoring = scope.in_force.scoring
    rule = _rule_or_404(scoring, key)
    data = request.POST if request.method == "POST" else None
    form = RuleForm(data, kind=rule.kind, rule=rule, goals=scope.goals())
    return _editor(
        request, scope, form, rule=rule, made=lambda: rule_put(scoring, form.rule(key=key)), done="is changed"
    )


@require_POST
def rule_state(request: HttpRequest, key: str, slug: str | None = None) -> HttpResponse:
    """Switch a rule on or off, move it up or down, or remove it (`state`)."""
    scope = scope_or_404(request, slug, Permission.MANAGE_RULES)
    scoring = scope.in_force.scoring
    rule = _rule_or_404(scoring, key)
    if request.POST.get("state") not in _STATES:
        return back(scope)
    change, words = _STATES[request.POST["state"]]
    changed = change(scoring, key)
    if changed == scoring:
        return back(scope)
    return save_and_back(request, scope, changed, said=words.format(name=rule.name))


def _editor(
    request: HttpRequest,
    scope: Scope,
    form: RuleForm,
    *,
    made: Callable[[], Scoring],
    done: str,
    rule: Rule | None = None,
    kinds: list[dict[str, object]] | None = None,
) -> HttpResponse:
    kind = KINDS[form.kind]

    def complete() -> Scoring:
        scoring = made()
        if scoring == scope.in_force.scoring and "preview" not in request.POST:
            raise Refused("Nothing is changed.")
        return scoring

    return edited(
        request,
        scope,
        form,
        template="scoring/rule.html",
        context={
            "rule": rule,
            "kinds": kinds or [],
            "kind": kind,
            "takes": kind.takes,
            "kind_key": form.kind.value,
            "ops": [(op.value, label) for op, label in OP_LABELS.items()],
        },
        made=complete,
        said=lambda: f"“{form.cleaned_data['name']}” {done}. Scores are being made anew.",
    )


def _rule_or_404(scoring: Scoring, key: str) -> Rule:
    try:
        return rule_by_key(scoring, key)
    except NotThere:
        raise Http404 from None


def _kind(text: str) -> RuleKind:
    if text not in RuleKind._value2member_map_:
        raise Http404
    return RuleKind(text)
