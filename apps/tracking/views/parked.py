"""`/s/<site>/settings/parked`: what couldn't be stored, why, and another try."""

from dataclasses import dataclass

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_POST, require_safe

from apps.agencies.roles import Permission
from apps.core import formats
from apps.sites.access import site_or_404
from apps.sites.models import Site

from ..models import ParkedEntry
from ..parked import Resent, is_sealed_for_good, parked_all, parked_events, parked_resend, parked_words

MOST_SHOWN = 200
# Sent again by one press: each is a transaction.
MOST_AT_ONCE = 200


@dataclass(frozen=True, slots=True)
class Line:
    entry: ParkedEntry
    words: str
    is_sealed: bool


@require_safe
def parked_page(request: HttpRequest, slug: str) -> HttpResponse:
    """List a site's parked entries, the newest MOST_SHOWN."""
    site = site_or_404(request, slug, Permission.MANAGE_RULES)
    entries = parked_all(site_id=site.id)
    lines = [Line(entry, parked_words(entry.error), is_sealed_for_good(entry)) for entry in entries[:MOST_SHOWN]]
    context = {
        "site": site,
        "lines": lines,
        "total": entries.count() if len(lines) == MOST_SHOWN else len(lines),
        "events": parked_events(site_id=site.id),
    }
    return render(request, "tracking/parked.html", context)


@require_POST
def parked_send_again(request: HttpRequest, slug: str) -> HttpResponse:
    """Send one parked entry (`id`) again, or with `all` the oldest MOST_AT_ONCE."""
    site = site_or_404(request, slug, Permission.MANAGE_RULES)
    outcomes = [parked_resend(site_id=site.id, parked_id=parked_id) for parked_id in _asked(request, site)]
    tried = [outcome for outcome in outcomes if outcome is not None]
    if tried:
        _tell(request, tried)
    else:
        messages.info(request, "There was nothing to send again: somebody else was quicker.")
    return HttpResponseRedirect(reverse("tracking:site-parked", args=[site.slug]))


def _asked(request: HttpRequest, site: Site) -> list[int]:
    if "all" in request.POST:
        return list(parked_all(site_id=site.id).order_by("id").values_list("id", flat=True)[:MOST_AT_ONCE])
    given = request.POST.get("id", "")
    return [int(given)] if given.isascii() and given.isdigit() and len(given) < 19 else []


def _tell(request: HttpRequest, tried: list[Resent]) -> None:
    stored = [one for one in tried if one.is_stored]
    if stored:
        unplaced = (
            ""
            if all(one.is_placed for one in stored)
            else (" Where the address couldn’t be opened any more, place and network are unknown.")
        )
        messages.success(request, f"{_events(stored)} stored after all.{unplaced}")
    if failed := [one for one in tried if not one.is_stored]:
        messages.error(request, f"{_events(failed)} couldn’t be stored this time either: see why below.")


def _events(outcomes: list[Resent]) -> str:
    count = sum(one.events for one in outcomes)
    return f"{formats.number(count)} {'event' if count == 1 else 'events'}"
