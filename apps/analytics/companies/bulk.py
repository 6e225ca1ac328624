"""One change to many companies of the list, and its undoing."""

import dataclasses
from collections import defaultdict
from collections.abc import Mapping
from typing import Any

from django.contrib import messages
from django.core.cache import cache
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, QueryDict
from django.views.decorators.http import require_POST

from apps.agencies.requests import AgencyRequest
from apps.agencies.roles import Permission
from apps.companies.knowledge_bulk import MOST, Action, Done, Step, bulk_do, bulk_undo
from apps.companies.models import CompanyClient
from apps.core.errors import Refused
from apps.core.ids import public_key
from apps.core.tenancy import current_schema

from . import listing
from .list_page import reading_of
from .places import Place, place_or_404
from .wanted import Wanted

# How long a change can be undone by a press, in seconds.
UNDO_SECONDS = 3_600
_SESSION = "companies_undo"


@require_POST
def bulk(request: HttpRequest, slug: str | None = None) -> HttpResponse:
    """Do `action` with the companies `id`, or with `all` that fit `query`, and go back to that list.

    On a list over several clients each one's companies are changed for that client alone.
    """
    place = place_or_404(request, slug, Permission.EDIT_COMPANIES)
    query = QueryDict(request.POST.get("query", "")[:8_000].replace("\x00", ""))
    try:
        done = _done(place, query)
    except Refused as refused:
        messages.error(request, str(refused))
    else:
        _tell(place.request, done)
    return HttpResponseRedirect(_back(place, query))


@require_POST
def bulk_undone(request: HttpRequest, slug: str | None = None) -> HttpResponse:
    """Undo a change, by the `key` that its notice has; once, and only by who made it."""
    place = place_or_404(request, slug, Permission.EDIT_COMPANIES)
    name = _cache_name(place.request, request.POST.get("key", "")[:40])
    kept: list[dict[str, Any]] | None = cache.get(name)
    if not kept:
        messages.error(request, "This can’t be undone any more: more than an hour has passed, or it is undone already.")
        return HttpResponseRedirect(_back(place, QueryDict()))
    visible = set(place.client_ids)
    steps = [Step(**{**one, "action": Action(one["action"])}) for one in kept if one["client_id"] in visible]
    try:
        messages.success(request, bulk_undo(agency=place.request.agency, steps=steps, by=place.request.user))
    except Refused as refused:
        messages.error(request, str(refused))
    else:
        cache.delete(name)
    return HttpResponseRedirect(_back(place, QueryDict(request.POST.get("query", "")[:8_000].replace("\x00", ""))))


def undo_offered(request: AgencyRequest) -> dict[str, str] | None:
    """Return what was done last as `sentence` and `key`, once; None where there is nothing to undo."""
    offered: dict[str, str] | None = request.session.pop(_SESSION, None)
    return offered


def _done(place: Place, query: QueryDict) -> Done:
    request = place.request
    action = request.POST.get("action", "")
    if action not in list(Action):
        raise Refused("Choose what to do with the companies.")
    companies = _all_of(place, query) if request.POST.get("all") else _chosen(place, query)
    return bulk_do(
        agency=request.agency,
        companies=companies,
        action=Action(action),
        value=_value(Action(action), request),
        by=request.user,
    )


def _value(action: Action, request: AgencyRequest) -> str:
    if action in (Action.TAG, Action.UNTAG):
        return request.POST.get("tag", "").replace("\x00", "")
    return request.POST.get("owner", "") if action is Action.OWNER else ""


def _chosen(place: Place, query: QueryDict) -> Mapping[int, set[int]]:
    """Return by client those of the sent companies that it knows. Numbers that are none are left out.

    A list over several clients is asked at whose sites it shows them: no other client's knowledge is meant.
    """
    ids = {int(text) for text in place.request.POST.getlist("id")[: MOST + 1] if _is_number(text)}
    if len(place.client_ids) > 1:
        wanted = reading_of(place, query).wanted
        return _by_client(place, dataclasses.replace(wanted, company_ids=sorted(ids)))
    found: dict[int, set[int]] = defaultdict(set)
    known = CompanyClient.objects.filter(company_id__in=ids, client_id__in=place.client_ids)
    for client_id, company_id in known.values_list("client_id", "company_id"):
        found[client_id].add(company_id)
    return found


def _all_of(place: Place, query: QueryDict) -> Mapping[int, set[int]]:
    """Return by client the companies that the list shows for an address, on all its pages."""
    reading = reading_of(place, query)
    if reading.asked.problems:
        raise Refused(f"Look at the filters first: {reading.asked.problems[0]}")
    return _by_client(place, reading.wanted)


def _by_client(place: Place, wanted: Wanted) -> Mapping[int, set[int]]:
    client_of = {site.id: site.client_id for site in place.sites}
    found: dict[int, set[int]] = defaultdict(set)
    for one in listing.company_list(wanted, limit=MOST + 1).rows:
        for site_id in one.site_ids:
            found[client_of[site_id]].add(one.id)
    return found


def _tell(request: AgencyRequest, done: Done) -> None:
    if not done.undo:
        messages.info(request, done.sentence)
        return
    key = public_key(length=16)
    cache.set(_cache_name(request, key), [dataclasses.asdict(step) for step in done.undo], UNDO_SECONDS)
    request.session[_SESSION] = {"sentence": done.sentence, "key": key}


def _cache_name(request: AgencyRequest, key: str) -> str:
    return f"companies-undo:{current_schema()}:{request.user.id}:{key}"


def _back(place: Place, query: QueryDict) -> str:
    text = query.urlencode()
    return f"{place.url()}?{text}" if text else place.url()


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) <= 18
