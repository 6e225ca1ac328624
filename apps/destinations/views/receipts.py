"""The proof as a file: what went where, and on whose word."""

from functools import cache
from typing import Any
from zoneinfo import ZoneInfo

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from apps.agencies.roles import Permission
from apps.core import clock
from apps.core.downloads import csv_stream, json_stream
from apps.core.period_picker import address, pairs_without, period_picker
from apps.core.periods import period_read
from apps.sites.access import site_or_404

from ..models import Destination
from ..receipts import (
    HEADS,
    MOST_ROWS,
    NAMES,
    deliveries_between,
    deliveries_counted,
    deliveries_extent,
    receipt_lines,
)

FORMATS: dict[str, Any] = {"csv": (csv_stream, HEADS), "json": (json_stream, NAMES)}


@require_safe
@never_cache
def receipts(request: HttpRequest, slug: str) -> HttpResponseBase:
    """Offer a period's deliveries with their consent receipts, or send them (`?format=csv`, `json`), newest first.

    `?destination=`: of one alone. Too many for a file: 422, and how to get them.
    """
    site = site_or_404(request, slug, Permission.EXPORT)
    zone = ZoneInfo(site.time_zone)

    @cache
    def extent() -> Any:
        return deliveries_extent(site_id=site.id, zone=zone)

    period = period_read(request.GET.dict(), zone=zone, now=clock.now(), extent=extent)
    # Removed ones too: what was sent to them stays proof.
    destinations = {one.id: one for one in Destination.objects.filter(site_id=site.id).order_by("name", "id")}
    chosen = next((one for one in destinations.values() if str(one.id) == request.GET.get("destination")), None)
    deliveries = deliveries_between(
        site_id=site.id,
        since=period.span.start,
        until=period.span.end,
        destination_id=chosen.id if chosen else None,
    )
    count = deliveries_counted(deliveries)
    is_file = request.GET.get("format") in FORMATS
    if is_file and count <= MOST_ROWS:
        send, heads = FORMATS[request.GET["format"]]
        name = f"{site.slug}-receipts-{period.span.first.isoformat()}-to-{period.span.last.isoformat()}"
        response: HttpResponse = send(name, heads, receipt_lines(deliveries, destinations=destinations, zone=zone))
        return response
    kept = pairs_without(request.GET, {"format"})
    others = pairs_without(request.GET, {"format", "destination"})
    context = {
        "site": site,
        "period": period,
        "picker": period_picker(period, path=request.path, query=request.GET, compares=False),
        "destinations": [
            {
                "name": one.name,
                "is_removed": one.archived_at is not None,
                "url": address(request.path, [*others, ("destination", str(one.id))]),
                "is_current": one == chosen,
            }
            for one in destinations.values()
        ],
        "all_url": address(request.path, others),
        "chosen": chosen,
        "count": count,
        "most": MOST_ROWS,
        "is_too_many": count > MOST_ROWS,
        "csv_url": address(request.path, [*kept, ("format", "csv")]),
        "json_url": address(request.path, [*kept, ("format", "json")]),
        "heads": HEADS,
    }
    return render(request, "destinations/receipts.html", context, status=422 if is_file else 200)
