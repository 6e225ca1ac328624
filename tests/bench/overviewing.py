"""Fill a site, build its rollups and time its overview; run by `overview`, with Django's settings. Prints JSON."""

import json
import os
import sys
import time
from collections.abc import Iterator
from statistics import median
from typing import Any

import django

# By name: filters as the address has them. The group decides the goal.
FILTERS: dict[str, list[tuple[str, ...]]] = {
    "no filter": [()],
    "one filter": [("country:is:DE",), ("source:is:Google",), ("page:is:/pricing",)],
    "three filters": [
        ("country:is:DE", "device:is:desktop", "channel:is:Organic Search"),
        ("country:is:DE", "source:is_not:Google", "page:is:/pricing"),
    ],
}
PERIODS = {"30 days": "30d", "everything": "all"}
OF_EVENTS = {"pages", "events"}


def main(schema: str, site_id: int, events: int, runs: int) -> dict[str, Any]:
    django.setup()
    from django.core.management import call_command

    from apps.core import clock
    from apps.core.tenancy import in_schema
    from tests.bench.past import past_make

    call_command("collectstatic", "--noinput", verbosity=0)  # pages name files by their digests
    facts: dict[str, dict[str, Any]] = {}
    with in_schema(schema):
        began = time.perf_counter()
        past_make(site_id=site_id, zone="UTC", now=clock.now(), rows=events)
        facts["filled in"] = {"value": time.perf_counter() - began, "unit": "s"}
        reference = _timed(schema, site_id, runs)
        facts |= _built()
    slowest, timings = measured(schema, site_id, runs)
    for line in timings:
        print(line, file=sys.stderr)
    return {"facts": facts, "reference": reference, "slowest": slowest}


def _built() -> dict[str, dict[str, Any]]:
    from django.db import connection

    from apps.tracking.models import Event, Rollup, RollupDay, Session
    from apps.tracking.rollups_build import rollups_build

    began = time.perf_counter()
    while rollups_build(seconds=60):
        pass
    took = time.perf_counter() - began
    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE rollup")
        cursor.execute("VACUUM ANALYZE rollup_day")
        cursor.execute("VACUUM ANALYZE visit_columns")
        cursor.execute(
            "SELECT pg_total_relation_size('rollup') + pg_total_relation_size('rollup_day'),"
            " pg_total_relation_size('visit_columns')"
        )
        size, columns = cursor.fetchone()
    events, days = Event.objects.count(), RollupDay.objects.count()
    return {
        "events": {"value": events, "unit": ""},
        "visits": {"value": Session.objects.count(), "unit": ""},
        "a day's rollup and columns are built in": {"value": took / max(days, 1) * 1000, "unit": "ms"},
        "rollups, rows": {"value": Rollup.objects.count(), "unit": ""},
        "rollups, bytes an event": {"value": size / max(events, 1), "unit": "B"},
        "columns, bytes an event": {"value": columns / max(events, 1), "unit": "B"},
    }


def _timed(schema: str, site_id: int, runs: int) -> dict[str, list[float]]:
    """Return how long one panel takes where nothing is built yet."""
    browser = Browser(schema, site_id)
    return {"reference: channels, 30 days, from raw rows": browser.timed("panels/channels", {"period": "30d"}, runs)}


def measured(schema: str, site_id: int, runs: int) -> tuple[dict[str, dict[str, tuple[str, list[float]]]], list[str]]:
    """Return by period and group the slowest panel with its times in ms, and a line about each panel."""
    browser = Browser(schema, site_id)
    found: dict[str, dict[str, tuple[str, list[float]]]] = {}
    lines = []
    for period, choice in PERIODS.items():
        groups = found.setdefault(period, {})
        for name, variants in FILTERS.items():
            for filters in variants:
                for panel, path, query in _panels():
                    times = browser.timed(path, query | {"period": choice, "f": list(filters)}, runs)
                    group = name
                    if name == "one filter":
                        group += ", pages and events" if _is_of_events(path, query, filters) else ", visits"
                    lines.append(f"{median(times):8.0f} ms  {period}, {group}: {panel} {' '.join(filters)}")
                    if group not in groups or median(times) > median(groups[group][1]):
                        groups[group] = (f"{panel} {' '.join(filters)}".strip(), times)
    return found, lines


def _is_of_events(path: str, query: dict[str, Any], filters: tuple[str, ...]) -> bool:
    """Whether page views or events are counted, or looked for: the figures count page views by their own time."""
    panel = path.partition("/")[2]
    if any(text.startswith(("page:", "event:")) for text in filters):
        return True
    return not panel or (panel in OF_EVENTS and query.get("tab") in OF_EVENTS)


def _panels() -> Iterator[tuple[str, str, dict[str, Any]]]:
    from apps.analytics.panels import PANELS

    yield "figures and chart", "", {}
    for panel in PANELS.values():
        for tab in panel.tabs:
            yield f"{panel.name}/{tab.name}", f"panels/{panel.name}", {"tab": tab.name}


class Browser:
    """The owner's browser on the agency's host, in this process."""

    def __init__(self, schema: str, site_id: int) -> None:
        from django.test import Client

        from apps.agencies.hosts import agency_host
        from apps.agencies.models import Agency, User
        from apps.core.tenancy import in_schema
        from apps.sites.models import Site

        with in_schema(schema):
            self.slug = Site.objects.get(id=site_id).slug
        self.http = Client(HTTP_HOST=agency_host(Agency.objects.get(schema_name=schema).slug), REMOTE_ADDR="127.0.0.1")
        user = User.objects.get(email="bench@example.com")
        self.http.force_login(user, backend="django.contrib.auth.backends.ModelBackend")

    def timed(self, path: str, query: dict[str, Any], runs: int) -> list[float]:
        """Return how long an answer takes, in ms, after one that isn't counted."""
        times = []
        for _ in range(runs + 1):
            began = time.perf_counter()
            response = self.http.get(f"/s/{self.slug}/{path}", query, headers={"HX-Request": "true"})
            times.append((time.perf_counter() - began) * 1000)
            if response.status_code != 200:
                raise SystemExit(f"{path} {query}: {response.status_code}")
        return times[1:]


if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings.dev")
    schema_name, site, events_wanted, runs_wanted = sys.argv[1:5]
    print(json.dumps(main(schema_name, int(site), int(events_wanted), int(runs_wanted))))
