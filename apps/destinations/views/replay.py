"""`/s/<site>/destinations/<id>/replay`: sending what happened in a past period, after a look at how many that is."""

from zoneinfo import ZoneInfo

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, QueryDict
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from apps.agencies.roles import Permission
from apps.core import clock, formats
from apps.core.errors import Refused
from apps.core.periods import Span

from ..access import destination_or_404, provider_or_404
from ..ages import age_words
from ..archived import is_archived
from ..checked import only_checks
from ..forms import ReplayForm
from ..replays import Replayed, period_replay
from ..services import replay_begin

# Somebody waits while they are looked at, half a millisecond each.
MOST = 5_000


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
def replay(request: HttpRequest, slug: str, destination_id: int) -> HttpResponse:
    """Show what a replay of a period (`first`, `last`) would send; on POST begin it. Its progress is the log's."""
    site, destination = destination_or_404(request, slug, destination_id, Permission.MANAGE_RULES)
    kind = provider_or_404(destination)
    zone = ZoneInfo(site.time_zone)
    data = request.POST if request.method == "POST" else request.GET
    form = ReplayForm(_asked(data), today=clock.now().astimezone(zone).date())
    context: dict[str, object] = {
        "site": site,
        "destination": destination,
        "provider": kind,
        "form": form,
        "is_archived": is_archived(site),
        "only_checks": only_checks(destination, kind),
        "oldest": age_words(kind.max_age),
        "most": MOST,
        "has_rules": destination.rules.filter(is_on=True).exists(),
    }
    if form.is_bound and form.is_valid():
        span = Span(form.cleaned_data["first"], form.cleaned_data["last"], zone)
        until = min(span.end, clock.now())
        try:
            if request.method == "POST":
                begun = replay_begin(destination=destination, since=span.start, until=until, most=MOST)
                messages.success(request, _said(begun))
                log = reverse("destinations:page", args=[site.slug])
                return HttpResponseRedirect(f"{log}?destination={destination.id}")
            context["counted"] = period_replay(
                destination=destination, since=span.start, until=until, is_preview=True, most=MOST
            )
        except Refused as refusal:
            form.add_error(None, str(refusal))
    status = 422 if form.is_bound and form.errors else 200
    if request.headers.get("HX-Request"):
        return render(request, "destinations/_replay.html", context, status=status)
    return render(request, "destinations/replay.html", context, status=status)


def _asked(data: QueryDict) -> QueryDict | None:
    """Return the period that an address or a form asks for; None where it asks for none."""
    return data if "first" in data or "last" in data else None


def _said(begun: Replayed) -> str:
    left = " Events that rules name were too many, and left out." if begun.leaves_events else ""
    if not begun.due:
        return f"There was nothing left to send: the destination has had it, or may not have it.{left}"
    are, they = ("is", "it is") if begun.due == 1 else ("are", "they are")
    return f"{formats.number(begun.due)} {are} on the way. The log shows how far {they}.{left}"
