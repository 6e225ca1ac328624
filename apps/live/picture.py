"""A site's presence as fragments of the page, rendered once for all who watch it in this process.

Table rows travel in messages of their own: a browser drops a row that it parses behind anything but rows.
"""

from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Any
from uuid import UUID

from django.template.loader import render_to_string

from .access import Watch
from .presence import ROWS, Presence, presence_now
from .visits import Visit

# What stands around the list of visits; each is sent anew when it has changed.
PARTS = ("last", "now", "map", "counts", "rest", "feed", "turned")


def picture_now(watch: Watch, before: "Picture | None" = None) -> "Picture":
    """Look at a site, in its agency's schema; what all watchers get is rendered on the way. Queries: `presence_now`."""
    presence = presence_now(watch.site_id, before=before.presence if before else None)
    picture = Picture(watch, presence, before)
    _ = picture.parts
    return picture


class Picture:
    """`before` is the picture that watchers have: lines of the feed that it lacks are marked as new."""

    def __init__(self, watch: Watch, presence: Presence, before: "Picture | None" = None) -> None:
        self.watch = watch
        self.presence = presence
        self._known = {line.id for line in before.presence.feed} if before else None
        self._rows: dict[tuple[UUID, str], str] = {}

    def visits(self, *, only_companies: bool) -> Sequence[Visit]:
        return self.presence.company_visits if only_companies else self.presence.visits

    def context(self) -> dict[str, Any]:
        feed = self.presence.feed
        return {
            "now": self.presence,
            "slug": self.watch.slug,
            "zone": self.watch.zone,
            "rows": ROWS,
            "feed": [(line, self._known is not None and line.id not in self._known) for line in feed],
        }

    @cached_property
    def parts(self) -> Mapping[str, str]:
        """The fragments around the list, by name, each to be swapped in by its id."""
        context = self.context() | {"oob": True}
        return {name: render_to_string(f"live/_{name}.html", context) for name in PARTS}

    def all_rows(self, *, only_companies: bool) -> str:
        """Return the whole list, to be swapped in by its id."""
        rows = "".join(self._row(visit) for visit in self.visits(only_companies=only_companies))
        return f'<tbody role="rowgroup" id="live-visits" hx-swap-oob="true">{rows}</tbody>'

    def changed_row(self, visit: Visit) -> str:
        return self._row(visit, "changed")

    def new_rows(self, visits: Sequence[Visit], *, after: UUID | None) -> str:
        """Return rows to be put behind the row of another visit; None: before all, and seen to arrive."""
        where, kind = (f"afterend:#visit-{after}", "") if after else ("afterbegin:#live-visits", "arrived")
        return f'<tbody hx-swap-oob="{where}">{"".join(self._row(visit, kind) for visit in visits)}</tbody>'

    def _row(self, visit: Visit, kind: str = "") -> str:
        key = (visit.id, kind)
        if key not in self._rows:
            context = {"visit": visit, "slug": self.watch.slug, "zone": self.watch.zone, "kind": kind}
            self._rows[key] = render_to_string("live/_visit.html", context)
        return self._rows[key]


def gone_row(visit_id: UUID) -> str:
    return f'<tr id="visit-{visit_id}" hx-swap-oob="delete"></tr>'
