"""One delivery in full, and what a person does about those that didn't arrive: send again, change and send again."""

from collections.abc import Sequence
from zoneinfo import ZoneInfo

from django.contrib import messages
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect, QueryDict
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from apps.agencies.requests import agency_request
from apps.agencies.roles import Permission
from apps.core import clock
from apps.core.errors import Refused
from apps.core.formats import number
from apps.core.period_picker import address, pairs_without
from apps.sites.access import site_or_404
from apps.sites.goals.words import money
from apps.sites.models import Site

from ..ages import age_words
from ..detail import detail_of, has_erasable, keys_kept_until
from ..letter_forms import LetterForm
from ..letters import Again, again_of, letter_problems, letter_send_changed, letters_resend, sendable
from ..lines import line_of
from ..log import LETTERS, asked_read, in_state, log_of
from ..mapping import mapped_read
from ..models import Delivery
from ..providers.registry import provider_of
from ..services import SENDABLE

State = Delivery.State
# No page of the log has more rows that can be chosen.
MOST_CHOSEN = 500
# An address of the log whose filters are as long as they can be, each of their letters written as twelve.
MOST_LETTERS = 4_000


@require_safe
@never_cache
def delivery(request: HttpRequest, slug: str, delivery_id: int) -> HttpResponse:
    """Show one delivery; to HTMX its line of the log, opened, or shut again with `?shut=1`."""
    site = site_or_404(request, slug, Permission.READ)
    found = _delivery_or_404(site, delivery_id)
    now, zone = clock.now(), ZoneInfo(site.time_zone)
    provider = provider_of(found.destination.provider)
    may_edit = agency_request(request).membership.may(Permission.MANAGE_RULES)
    context: dict[str, object] = {
        "site": site,
        "zone": zone,
        "provider": provider,
        "line": line_of(site, found, zone=zone, now=now),
        "may_edit": may_edit,
        "worth": _worth(found),
        "params": mapped_read(found.mapped).params,
    }
    is_fragment = bool(request.headers.get("HX-Request"))
    if not (is_fragment and request.GET.get("shut")):
        context |= {"detail": detail_of(found, zone=zone, now=now, shows_address=may_edit), "is_open": True}
    return render(request, "destinations/_line.html" if is_fragment else "destinations/delivery.html", context)


@require_POST
@never_cache
def resend(request: HttpRequest, slug: str) -> HttpResponse:
    """Send again the deliveries `id`, `only` one, or `all` that `query` (an address of the log) shows; go back there.

    More than one, and any that may have arrived, are asked about before.
    """
    site = site_or_404(request, slug, Permission.MANAGE_RULES)
    query = _query(request)
    chosen = _all_of(site, query) if request.POST.get("all") else _chosen(site, request)
    plan = again_of(chosen, clock.now())
    count = sum(one.count for one in plan)
    back = address(reverse("destinations:page", args=[site.slug]), pairs_without(query)) + "#log"
    if not count:
        messages.error(request, "None of these can be sent again: they were sent meanwhile, or are on their way.")
        return HttpResponseRedirect(back)
    if not request.POST.get("confirmed") and (count > 1 or any(one.uncertain for one in plan)):
        return render(request, "destinations/resend.html", _asking(request, site, plan, count, back))
    sent = letters_resend(site_id=site.id, deliveries=chosen)
    messages.success(request, f"{number(sent)} {'delivery is' if sent == 1 else 'deliveries are'} due again.")
    return HttpResponseRedirect(back)


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
def edit(request: HttpRequest, slug: str, delivery_id: int) -> HttpResponse:
    """Change what a delivery says and send it again; `check` only says what its provider's rules have against it."""
    site = site_or_404(request, slug, Permission.MANAGE_RULES)
    found = _delivery_or_404(site, delivery_id)
    url = reverse("destinations:delivery", args=[site.slug, found.id])
    if found.state not in SENDABLE or found.is_test:
        messages.error(request, "What it says can’t be changed: it has arrived, is due, or is on its way.")
        return HttpResponseRedirect(url)
    mapped = mapped_read(found.mapped)
    form = LetterForm(request.POST if request.method == "POST" else None, name=found.name, mapped=mapped)
    context: dict[str, object] = {
        "site": site,
        "delivery": found,
        "provider": provider_of(found.destination.provider),
        "form": form,
        "back_url": url,
        "is_uncertain": found.state == State.UNCERTAIN,
        "keys_are_gone": has_erasable(found) and keys_kept_until(found) is None,
    }
    try:
        if not form.is_bound:
            context["problems"] = letter_problems(found, name=found.name, mapped=mapped)
        elif form.is_valid():
            name, contents = form.contents()
            context["problems"] = problems = letter_problems(found, name=name, mapped=contents)
            context["is_checked"] = not problems
            if not problems and "check" not in request.POST:
                letter_send_changed(delivery=found, name=name, mapped=contents)
                messages.success(request, "It is changed, and due again.")
                return HttpResponseRedirect(url)
    except Refused as refusal:
        context["refusal"] = str(refusal)
    is_wrong = bool(form.is_bound and (form.errors or context.get("problems") or context.get("refusal")))
    return render(request, "destinations/delivery_edit.html", context, status=422 if is_wrong else 200)


def _asking(request: HttpRequest, site: Site, plan: Sequence[Again], count: int, back: str) -> dict[str, object]:
    """Return what the question shows before several are sent again."""
    lines = []
    for one in plan:
        provider = provider_of(one.destination.provider)
        lines.append(
            {
                "again": one,
                "label": provider.label if provider else one.destination.provider,
                "max_age": age_words(provider.max_age) if provider else "",
            }
        )
    return {
        "site": site,
        "lines": lines,
        "count": count,
        "uncertain": sum(one.uncertain for one in plan),
        "ids": [] if request.POST.get("all") else _ids(request),
        "all": bool(request.POST.get("all")),
        "query": request.POST.get("query", "")[:MOST_LETTERS],
        "back_url": back,
    }


def _worth(delivery: Delivery) -> str:
    mapped = mapped_read(delivery.mapped)
    return "none" if mapped.value is None else money(mapped.value, mapped.currency)


def _delivery_or_404(site: Site, delivery_id: int) -> Delivery:
    found = Delivery.objects.select_related("destination").filter(site_id=site.id, id=delivery_id).first()
    if found is None:
        raise Http404
    return found


def _chosen(site: Site, request: HttpRequest) -> QuerySet[Delivery]:
    return Delivery.objects.filter(site_id=site.id, id__in=_ids(request))


def _ids(request: HttpRequest) -> list[int]:
    """Return the sent numbers: `only` that of an opened line, whatever else is chosen. What is none is left out."""
    sent = request.POST.getlist("only") or request.POST.getlist("id")
    return [int(one) for one in sent[:MOST_CHOSEN] if one.isascii() and one.isdigit() and len(one) < 19]


def _all_of(site: Site, query: QueryDict) -> QuerySet[Delivery]:
    asked = asked_read(query)
    shown = log_of(site=site, asked=asked, now=clock.now())
    return sendable(in_state(shown, asked.state or LETTERS))


def _query(request: HttpRequest) -> QueryDict:
    """Return the address of the log from which it was asked."""
    return QueryDict(request.POST.get("query", "")[:MOST_LETTERS].replace("\x00", ""))
