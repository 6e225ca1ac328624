"""Saving, renaming, sharing and deleting views of the list of companies."""

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect, QueryDict
from django.views.decorators.http import require_POST

from apps.agencies.roles import Permission
from apps.companies.saved_views import (
    saved_view,
    saved_view_change,
    saved_view_delete,
    saved_view_make,
)
from apps.core.errors import Refused

from .places import Place, place_or_404


@require_POST
def view_new(request: HttpRequest, slug: str | None = None) -> HttpResponse:
    """Save what `query` shows under `name`; `shared` for all who see the list. Then show it."""
    place = place_or_404(request, slug, Permission.EXPORT)
    query = QueryDict(request.POST.get("query", "")[:8_000].replace("\x00", ""))
    try:
        view = saved_view_make(
            member=place.request.membership,
            site=place.site,
            name=request.POST.get("name", ""),
            query=query,
            is_shared=bool(request.POST.get("shared")),
        )
    except Refused as refused:
        messages.error(request, str(refused))
        return HttpResponseRedirect(_shown(place, query.urlencode()))
    messages.success(request, f"“{view.name}” is saved{' and shared' if view.is_shared else ''}.")
    return HttpResponseRedirect(_shown(place, view.query))


@require_POST
def view_change(request: HttpRequest, view_id: int, slug: str | None = None) -> HttpResponse:
    """Rename and share a view, or delete it (`action`). 404 for one that the member doesn't see."""
    place = place_or_404(request, slug, Permission.EXPORT)
    member = place.request.membership
    view = saved_view(member=member, site=place.site, view_id=view_id)
    if view is None:
        raise Http404
    query = view.query
    try:
        if request.POST.get("action") == "delete":
            saved_view_delete(member=member, view=view)
            messages.success(request, f"“{view.name}” is deleted.")
        else:
            is_shared = bool(request.POST.get("shared"))
            saved_view_change(
                member=member, site=place.site, view=view, name=request.POST.get("name", ""), is_shared=is_shared
            )
            messages.success(request, f"“{view.name}” is saved{' and shared' if is_shared else ''}.")
    except Refused as refused:
        messages.error(request, str(refused))
    return HttpResponseRedirect(_shown(place, query))


def _shown(place: Place, query: str) -> str:
    return f"{place.url()}?{query}" if query else place.url()
