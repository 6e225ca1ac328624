"""`/s/<site>/settings/rules`: what isn't counted. Rules, each previewed before it is made and undone exactly."""

from collections.abc import Sequence

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from apps.agencies.requests import agency_request
from apps.agencies.roles import Permission
from apps.core.crypto import SealBroken
from apps.core.errors import Refused
from apps.core.period_picker import address
from apps.sites.access import site_or_404
from apps.sites.exclusions import networks_open
from apps.sites.forms import IgnoredAgentsForm
from apps.sites.models import Site
from apps.sites.services import site_ignore_agents

from ..drop_reasons import Refusal
from ..filters import OP_LABELS, Filters
from ..ledger import ledger_sum
from ..rules import behaviour
from ..rules.conditions import RULE_FIELDS, conditions_read
from ..rules.preview import PREVIEW_DAYS, rule_preview
from ..rules.selectors import RuleLine, impossible_visits, rule_line, rule_lines
from ..rules.services import rule_create, rule_undo
from ..rules.words import condition_text, condition_words

CONDITION = "c"


@require_safe
@never_cache
def site_rules(request: HttpRequest, slug: str) -> HttpResponse:
    """Show a site's rules; for HTMX their list alone, which asks again while one is being carried out."""
    site = site_or_404(request, slug, Permission.MANAGE_RULES)
    if request.headers.get("HX-Request"):
        return render(request, "tracking/_rules.html", _list(site))
    return _page(request, site)


@require_POST
def site_rules_agents(request: HttpRequest, slug: str) -> HttpResponse:
    """Set the parts of user agents whose events aren't counted. A wrong form comes back with 422."""
    site = site_or_404(request, slug, Permission.MANAGE_RULES)
    form = IgnoredAgentsForm(request.POST)
    if not form.is_valid():
        return _page(request, site, agents=form)
    site_ignore_agents(site=site, parts=form.cleaned_data["agents"])
    messages.success(request, "Saved: from now on these user agents aren’t counted.")
    return _back(site)


@require_http_methods(["GET", "HEAD", "POST"])
def site_rule_new(request: HttpRequest, slug: str) -> HttpResponse:
    """Put a rule together in the address, show what it would set aside, and make it."""
    site = site_or_404(request, slug, Permission.MANAGE_RULES)
    if request.method == "POST":
        return _make(request, site)
    here = reverse("tracking:site-rule-new", args=[site.slug])
    texts = request.GET.getlist(CONDITION)
    if "field" in request.GET:
        name, op, value = (request.GET.get(part, "").strip() for part in ("field", "op", "value"))
        return HttpResponseRedirect(address(here, _pairs([*texts, condition_text(name, op, value)])))
    return _builder(request, site, conditions_read(texts))


@require_http_methods(["GET", "HEAD", "POST"])
def site_rule_undo(request: HttpRequest, slug: str, rule_id: int) -> HttpResponse:
    """Say what comes back, and undo a rule."""
    site = site_or_404(request, slug, Permission.MANAGE_RULES)
    line = rule_line(site_id=site.id, rule_id=rule_id)
    if line is None:
        raise Http404
    if request.method != "POST":
        context = {"site": site, "line": line, "words": _words(line.filters)}
        return render(request, "tracking/site_rule_undo.html", context)
    user = agency_request(request).user
    if rule_undo(rule=line.rule, user_id=user.id, user_name=str(user)):
        messages.success(request, "The rule is undone: its visits are coming back.")
    else:
        messages.info(request, "This rule was undone before.")
    return _back(site)


def _make(request: HttpRequest, site: Site) -> HttpResponse:
    filters = conditions_read(request.POST.getlist(CONDITION))
    reach = request.POST.get("reach", "")
    if filters.problems or reach not in ("forward", "past"):
        return _builder(request, site, filters, error="" if filters.problems else "Choose from when on the rule works.")
    user = agency_request(request).user
    try:
        rule_create(
            site_id=site.id, filters=filters, reaches_back=reach == "past", user_id=user.id, user_name=str(user)
        )
    except Refused as refusal:
        return _builder(request, site, filters, error=str(refusal))
    messages.success(request, "The rule works from now on." if reach == "forward" else "The rule is being applied.")
    return _back(site)


def _builder(request: HttpRequest, site: Site, filters: Filters, *, error: str = "") -> HttpResponse:
    here = reverse("tracking:site-rule-new", args=[site.slug])
    chips = [
        {"words": condition_words(item), "remove_url": address(here, _pairs(filters.without(item).texts))}
        for item in filters.items
    ]
    context = {
        "site": site,
        "chips": chips,
        "texts": filters.texts,
        "problems": filters.problems,
        "error": error,
        "fields": RULE_FIELDS.values(),
        "ops": [(op.value, label) for op, label in OP_LABELS.items()],
        "preview_days": PREVIEW_DAYS,
    }
    if filters:
        context |= _preview(site, filters)
    return render(request, "tracking/site_rule_new.html", context, status=422 if request.method == "POST" else 200)


def _preview(site: Site, filters: Filters) -> dict[str, object]:
    preview = rule_preview(site_id=site.id, filters=filters)
    values = [day.visits for day in preview.days]
    first, last = (preview.days[0].day, preview.days[-1].day) if preview.days else (None, None)
    return {
        "preview": preview,
        "day_values": values,
        "day_label": f"Visits a day that would go, at most {max(values, default=0)}",
        "day_first": f"{first:%-d %b}" if first else "",
        "day_last": f"{last:%-d %b}" if last else "",
    }


def _page(request: HttpRequest, site: Site, *, agents: IgnoredAgentsForm | None = None) -> HttpResponse:
    form = agents or IgnoredAgentsForm(initial={"agents": "\n".join(site.ignored_user_agents)})
    context = {**_list(site), "agents": form}
    return render(request, "tracking/site_rules.html", context, status=422 if agents else 200)


def _list(site: Site) -> dict[str, object]:
    lines = rule_lines(site_id=site.id)
    return {
        "site": site,
        "rules": [_shown(site, line) for line in lines if line.rule.state != "undone"],
        "undone": [_shown(site, line) for line in lines if line.rule.state == "undone"],
        "is_moving": any(line.is_moving for line in lines),
        "held": sum(line.held.visits for line in lines),
        "impossible": impossible_visits(site_id=site.id),
        "behaviour": behaviour,
        "address_count": _address_count(site),
        "refused": ledger_sum(site_id=site.id).refused.get(Refusal.EXCLUDED.value, 0),
    }


def _shown(site: Site, line: RuleLine) -> dict[str, object]:
    return {
        "line": line,
        "rule": line.rule,
        "words": _words(line.filters),
        "percent": None if line.done_ratio is None else int(100 * line.done_ratio),
        "undo_url": reverse("tracking:site-rule-undo", args=[site.slug, line.rule.id]),
    }


def _words(filters: Filters | None) -> list[object]:
    """Return a rule's conditions in words; none where it isn't understood."""
    return [condition_words(item) for item in filters.items] if filters else []


def _address_count(site: Site) -> int:
    try:
        return len(networks_open(site.ignored_addresses_sealed))
    except SealBroken:
        return 0


def _pairs(texts: Sequence[str]) -> list[tuple[str, str]]:
    return [(CONDITION, text) for text in texts]


def _back(site: Site) -> HttpResponse:
    return HttpResponseRedirect(reverse("tracking:site-rules", args=[site.slug]))
