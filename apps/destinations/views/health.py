"""Whether conversions count once and are recognised, for each destination that could count them twice."""

from collections.abc import Sequence
from datetime import timedelta

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from apps.agencies.requests import agency_request
from apps.agencies.roles import Permission
from apps.core import clock
from apps.core.formats import number, share
from apps.sites.access import site_or_404
from apps.sites.models import Goal, Site

from ..checked import only_checks
from ..models import Destination
from ..providers.base import Provider
from ..providers.registry import provider_of
from ..twin_counts import doubled_of, tallies_of
from ..twin_keys import keys_of
from ..twins import LEAST, Tally, Twins, advice_of, late_words, twins_of

PERIODS = (7, 28)


@require_safe
@never_cache
def health(request: HttpRequest, slug: str) -> HttpResponse:
    """Show the past 7 days, or 28 (`?days=28`)."""
    site = site_or_404(request, slug, Permission.READ)
    days = 28 if request.GET.get("days") == "28" else 7
    since = clock.now() - timedelta(days=days)
    destinations = [
        (one, provider)
        for one in Destination.objects.filter(site_id=site.id, archived_at=None).order_by("name", "id")
        if (provider := provider_of(one.provider)) and provider.has_browser_twin
    ]
    tallies = tallies_of(
        site_id=site.id, since=since, late_after={one.id: provider.late_after for one, provider in destinations}
    )
    doubled = doubled_of(site_id=site.id, since=since, destination_ids=list(tallies)) if tallies else {}
    event_name = _event_name(site) if tallies else ""
    context = {
        "site": site,
        "days": days,
        "tabs": [
            {"label": f"{each} days", "url": f"{request.path}?days={each}", "is_current": each == days}
            for each in PERIODS
        ],
        "shown": [
            _shown(site, one, provider, tallies.get(one.id, ()), doubled.get(one.id, 0), event_name)
            for one, provider in destinations
        ],
        "least": LEAST,
        "may_change": agency_request(request).membership.may(Permission.MANAGE_RULES),
    }
    return render(request, "destinations/health.html", context)


def _shown(
    site: Site, one: Destination, provider: Provider, tallies: Sequence[Tally], doubled: int, event_name: str
) -> dict[str, object]:
    recognised_by = keys_of(provider)
    has_twin = provider.has_twin({name: str(value) for name, value in one.settings.items()})
    twins = twins_of(tallies, provider=provider, recognised_by=recognised_by, doubled=doubled)
    return {
        "destination": one,
        "provider": provider,
        "url": reverse("destinations:destination", args=[site.slug, one.id]),
        "twins": twins,
        "metrics": _metrics(twins, has_twin=has_twin),
        "keys": [
            {
                "name": key.words.replace("_", " "),
                "value": number(key.count),
                "share": share(key.ratio) if key.total else "",
                "width": 100 * key.ratio,
                "title": f"{number(key.count)} of {number(key.total)}",
            }
            for key in sorted(twins.keys, key=lambda key: (-key.count, key.words))
        ],
        "has_twin": has_twin,
        "only_checks": only_checks(one, provider),
        "advice": advice_of(
            twins, provider=provider, recognised_by=recognised_by, has_twin=has_twin, event_name=event_name
        ),
    }


def _metrics(twins: Twins, *, has_twin: bool) -> list[dict[str, str]]:
    def of(count: int, total: int) -> str:
        return share(count / total) if total else "–"

    told = f"{number(twins.repeated)} it had already" if twins.repeated else "of the same order"
    return [
        {"label": "Conversions", "value": number(twins.total), "note": "with marketing consent"},
        {
            "label": "Paired with the browser’s",
            "value": of(twins.paired, twins.pairable) if has_twin else "–",
            "note": _paired(twins) if has_twin else "no tag on the site sends them",
        },
        {
            "label": "Sent late",
            "value": of(twins.late, twins.sent),
            "note": f"{number(twins.late)} after {late_words(twins.late_after)}",
        },
        {"label": "Duplicates", "value": number(twins.doubled), "note": told},
        {"label": "Left out", "value": number(twins.unmatchable), "note": "nobody to be recognised"},
    ]


def _paired(twins: Twins) -> str:
    if twins.total and not twins.pairable:
        return "none is of a kind that it pairs"
    return f"{number(twins.paired)} of {number(twins.pairable)} have an id for it"


def _event_name(site: Site) -> str:
    """Return the name of an event that is one of the site's goals, for examples."""
    goals = Goal.objects.filter(site_id=site.id, archived_at=None).exclude(event_name="")
    return goals.values_list("event_name", flat=True).first() or "signup"
