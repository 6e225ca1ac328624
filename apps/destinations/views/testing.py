"""`/s/<site>/destinations/<id>/test`: one request at once, with the provider's answer as it came."""

from collections.abc import Sequence
from dataclasses import dataclass

import msgspec
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from apps.agencies.roles import Permission
from apps.core.crypto import SealBroken
from apps.sites.models import Goal, Site

from ..access import destination_or_404, provider_or_404
from ..archived import is_archived
from ..conditions import Conditions
from ..mapping import Mapping, mapped_of, mapping_read
from ..models import Destination, RoutingRule
from ..occurrences import Message
from ..previews import SEALED, Draft, message_for
from ..providers.base import Provider, Target
from ..samples import MOST, Sample, event_samples, goal_samples, sample_make
from ..targets import target_of
from ..trying import LONGEST_SECONDS, destination_try

MADE_UP = "made-up"
ARCHIVED = "The site is archived: nothing of it is sent, not as a test either. Resume it in its settings first."
# An access token may have to be asked for first.
LONGEST = round(2 * LONGEST_SECONDS)


@dataclass(frozen=True, slots=True)
class Candidate:
    """An event that a test can be made of, with the rule that would send it. `is_refused`: the provider wouldn't."""

    sample: Sample
    draft: Draft
    is_refused: bool = False


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
def test(request: HttpRequest, slug: str, destination_id: int) -> HttpResponse:
    """Show what a test can be made of; on POST send one (`sample`: an event's key, or made-up) and show its answer."""
    site, destination = destination_or_404(request, slug, destination_id, Permission.MANAGE_RULES)
    kind = provider_or_404(destination)
    context: dict[str, object] = {"site": site, "destination": destination, "provider": kind, "longest": LONGEST}
    if is_archived(site):
        return render(request, "destinations/test.html", context | {"refusal": ARCHIVED}, status=409)
    try:
        target = target_of(destination)
    except SealBroken:
        return render(request, "destinations/test.html", context | {"refusal": SEALED}, status=409)
    drafts = _drafts(site, destination)
    candidates = _candidates(site, destination, kind, target, drafts)
    fit = [one for one in candidates if not one.is_refused]
    wanted = request.POST.get("sample", "")
    chosen = next((one for one in fit if one.sample.key == wanted), None)
    is_lost = chosen is None and wanted not in ("", MADE_UP)
    if chosen is None and wanted != MADE_UP:
        chosen = fit[0] if fit else None
    context |= {
        "fit": fit,
        "refused": len(candidates) - len(fit),
        "chosen": chosen.sample.key if chosen else MADE_UP,
        "made_up": MADE_UP,
        "has_rules": destination.rules.filter(is_on=True).exists(),
    }
    if is_lost:
        # Chosen on a page that was opened before: no other is sent in its place.
        context["lost"] = True
    elif request.method == "POST":
        draft = chosen.draft if chosen else drafts[0]
        sample = chosen.sample if chosen else sample_make(site=site, goal=draft.goal, event_name=draft.event_name)
        context["tested"] = destination_try(
            destination=destination,
            provider=kind,
            target=target,
            sample=sample,
            name=message_for(destination, kind, draft, sample).name,
            mapped=mapped_of(draft.mapping, sample.occurrence),
        )
    if request.method == "POST" and request.headers.get("HX-Request"):
        return render(request, "destinations/_tested.html", context)
    return render(request, "destinations/test.html", context, status=409 if is_lost else 200)


def _drafts(site: Site, destination: Destination) -> list[Draft]:
    """Return a destination's rules, the oldest first; one for any of the site's goals where it has none yet."""
    goals = {goal.id: goal for goal in Goal.objects.filter(site=site)}
    drafts = []
    for rule in destination.rules.filter(is_on=True).order_by("id"):
        try:
            mapping = mapping_read(rule.mapping)
        except msgspec.ValidationError:
            continue
        goal = goals.get(rule.goal_id or 0)
        if goal is not None or rule.source == RoutingRule.Source.EVENT:
            drafts.append(Draft(goal, rule.event_name, Conditions(), mapping))
    goal = next((one for one in goals.values() if one.archived_at is None), None)
    return drafts or [Draft(goal, "" if goal else "sample", Conditions(), Mapping())]


def _candidates(
    site: Site, destination: Destination, kind: Provider, target: Target, drafts: Sequence[Draft]
) -> list[Candidate]:
    """Return the latest events that rules name, of people who agree to marketing: nobody else's leave for a test."""
    of_goal = {draft.goal.id: draft for draft in reversed(drafts) if draft.goal}
    of_event = {draft.event_name: draft for draft in reversed(drafts) if not draft.goal}
    reached = goal_samples(site_id=site.id, goal_ids=list(of_goal)) if of_goal else []
    happened = event_samples(site_id=site.id, names=list(of_event)) if of_event else []
    names = {draft.goal.name: draft for draft in of_goal.values() if draft.goal}
    found = [(sample, names[sample.occurrence.goal_name]) for sample in reached]
    found += [(sample, of_event[sample.occurrence.event_name]) for sample in happened]
    found.sort(key=lambda pair: pair[0].occurrence.occurred_at, reverse=True)
    return [
        Candidate(sample, draft, _is_refused(kind, target, message_for(destination, kind, draft, sample)))
        for sample, draft in found[:MOST]
        if sample.occurrence.consent.is_given and not sample.is_set_aside
    ]


def _is_refused(kind: Provider, target: Target, message: Message) -> bool:
    return bool(kind.unmatchable(message) or kind.problems(target, message))
