"""`/s/<site>/destinations`: how each destination is doing, and the log of deliveries under it."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, tzinfo
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.safestring import SafeString
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe
from django.views.decorators.vary import vary_on_headers

from apps.agencies.requests import agency_request
from apps.agencies.roles import Permission
from apps.core import clock, formats
from apps.core.period_picker import address
from apps.sites.access import site_or_404
from apps.sites.models import Site

from ..archived import is_archived
from ..attention import letters_older
from ..bars import bars_drawn
from ..glance import FAILED, Figures, figures_of, states_together
from ..glance_words import Health, bars_words, health_words, latency, sentence
from ..letters import sendable
from ..lines import lines_of
from ..log import (
    EMPTY,
    GROUPS,
    LETTERS,
    Asked,
    asked_read,
    cursor_read,
    event_names,
    in_state,
    log_of,
    log_page,
    states_counted,
)
from ..models import Delivery, Destination, RoutingRule
from ..providers.base import Provider
from ..providers.registry import provider_of
from ..windows import WEEK, WINDOWS

State = Delivery.State
# The equation's terms, in its order.
TERMS = (
    State.CONFIRMED,
    State.RECEIVED,
    State.WAITING,
    State.SENDING,
    State.WITHHELD,
    State.REJECTED,
    State.UNCERTAIN,
    State.DEAD,
)


@dataclass(frozen=True, slots=True)
class Row:
    """A destination's line of the table."""

    destination: Destination
    provider: Provider | None
    described: str
    figures: Figures
    health: Health
    rate: str
    p95: str
    bars: SafeString
    bars_label: str


@require_safe
@never_cache
@vary_on_headers("HX-Request", "HX-Target")
def destinations(request: HttpRequest, slug: str) -> HttpResponse:
    """Show destinations and log; filters, period and place in the log stand in the address. To HTMX the log alone."""
    site = site_or_404(request, slug, Permission.READ)
    asked, now, zone = asked_read(request.GET), clock.now(), ZoneInfo(site.time_zone)
    context: dict[str, object] = {
        "site": site,
        "zone": zone,
        "may_edit": agency_request(request).membership.may(Permission.MANAGE_RULES),
    }
    if request.headers.get("HX-Target") == "destinations-log":
        context |= _log(request, site, asked, None, zone=zone, now=now)
        return render(request, "destinations/_log_rows.html", context)
    found = list(Destination.objects.filter(site_id=site.id).order_by("id"))
    figures = figures_of(destination_ids=[one.id for one in found], window=asked.window, now=now)
    rows = _rows(site, [one for one in found if one.archived_at is None], figures, asked=asked, zone=zone, now=now)
    # Those of which the period has deliveries, and the one that is asked for.
    removed = [one for one in found if one.archived_at is not None]
    removed_listed = [one for one in removed if figures[one.id].due or one.id == asked.destination_id]
    healths = [(one.destination, one.provider, one.health) for one in rows]
    before, stands_out, after = sentence(healths, is_site_archived=is_archived(site), zone=zone, now=now)
    context |= {
        "may_export": agency_request(request).membership.may(Permission.EXPORT),
        "rows": rows,
        "before": before,
        "stands_out": stands_out,
        "after": after,
        "window": asked.window,
        "spans": _spans(rows, zone=zone, now=now),
        "windows": [
            (one, address(_path(site), replace(asked, window=one).pairs), one is asked.window) for one in WINDOWS
        ],
        "stand_ins": [row.destination.name for row in rows if row.destination.stand_in_url],
        "removed": sum(figures[one.id].due for one in removed),
        "choices": [*((row.destination, False) for row in rows), *((one, True) for one in removed_listed)],
        "has_log": bool(found),
        "older": letters_older(site_id=site.id, than=asked.window.since(now), now=now),
        "older_url": f"{address(_path(site), Asked(window=WEEK, state=LETTERS).pairs)}#log",
        "events": event_names(site_id=site.id),
        **_log(request, site, asked, states_together(figures.values()), zone=zone, now=now),
    }
    return render(request, "destinations/page.html", context)


def _rows(
    site: Site,
    found: Sequence[Destination],
    figures: Mapping[int, Figures],
    *,
    asked: Asked,
    zone: tzinfo,
    now: datetime,
) -> list[Row]:
    ruled = set(RoutingRule.objects.filter(site_id=site.id, is_on=True).values_list("destination_id", flat=True))
    rows = []
    for one in found:
        provider, own = provider_of(one.provider), figures[one.id]
        health = health_words(
            one,
            provider,
            own,
            has_rules=one.id in ruled,
            is_site_archived=is_archived(site),
            zone=zone,
            now=now,
        )
        rows.append(
            Row(
                destination=one,
                provider=provider,
                described=f"{provider.api}, {provider.describe(one.settings)}" if provider else one.provider,
                figures=own,
                health=health,
                rate="100%" if own.arrived_ratio == 1 else formats.percent(own.arrived_ratio),
                p95=latency(own.p95_seconds),
                bars=bars_drawn(own.spans),
                bars_label=bars_words(one.name, own, span=asked.window.span),
            )
        )
    return rows


def _spans(rows: Sequence[Row], *, zone: tzinfo, now: datetime) -> list[tuple[str, ...]]:
    """Return the bars as lines of a table, in words; spans in which nothing was due are left out."""
    return [
        (
            row.destination.name,
            formats.moment(span.since, zone=zone, now=now),
            *map(formats.number, (span.arrived, span.waiting, span.withheld, span.failed)),
        )
        for row in rows
        for span in row.figures.spans
        if span.due
    ]


def _log(
    request: HttpRequest, site: Site, asked: Asked, of_all: Counter[str] | None, *, zone: tzinfo, now: datetime
) -> dict[str, object]:
    """Return what the log shows. `of_all`: how many are in each state without filters, where that is known."""
    deliveries = log_of(site=site, asked=asked, now=now)
    states = states_counted(deliveries) if of_all is None or asked.is_narrowed else of_all
    shown = _shown(asked, states)
    after = cursor_read(request.GET.get("after", ""))
    page = log_page(site=site, deliveries=in_state(deliveries, asked.state), after=after) if shown else EMPTY
    letters = sum(states[state] for state in FAILED if asked.state in ("", LETTERS, state))
    if letters:
        # Some may be of destinations that are removed.
        letters = sendable(in_state(deliveries, asked.state or LETTERS)).count()
    return {
        "asked": asked,
        "equation": _equation(site, asked, states),
        "letters": letters,
        "lines": lines_of(site, page, zone=zone, now=now),
        "shown": shown,
        "query": urlencode([*asked.pairs, *([("after", after.text)] if after else [])]),
        "is_first": after is None,
        "first_url": _url(site, asked),
        "next_url": _url(site, asked, after=page.following.text) if page.following else "",
        "clear_url": address(_path(site), Asked(window=asked.window).pairs),
    }


def _equation(site: Site, asked: Asked, states: Counter[str]) -> list[dict[str, object]]:
    """Return "due in 24 hours = confirmed + received + …": each term leads to its deliveries."""
    total: dict[str, object] = {
        "op": "",
        "value": states.total(),
        "label": f"due in {asked.window.label}",
        "url": _url(site, asked.of_state("")),
        "is_current": not asked.state,
    }
    terms: list[dict[str, object]] = [
        {
            "op": "+" if number else "=",
            "value": states[state],
            "label": state.label.lower(),
            "url": _url(site, asked.of_state(state)),
            "is_current": asked.state == state,
        }
        for number, state in enumerate(TERMS)
    ]
    return [total, *terms]


def _shown(asked: Asked, states: Counter[str]) -> int:
    """Return how many deliveries the log has on all its pages."""
    if asked.state in GROUPS:
        return sum(states[state] for state in GROUPS[asked.state])
    return states[asked.state] if asked.state else states.total()


def _path(site: Site) -> str:
    return reverse("destinations:page", args=[site.slug])


def _url(site: Site, asked: Asked, **changed: str) -> str:
    """Return the page's address as asked, with parameters changed."""
    pairs = [(name, value) for name, value in asked.pairs if name not in changed]
    return f"{address(_path(site), [*pairs, *changed.items()])}#log"
