"""The demo's past: simulated visits through the import door, as fast as the writer stores them."""

import hashlib
from collections.abc import Iterable, Iterator
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from django.db import close_old_connections
from django.db.models import Max

from apps.agencies.models import Agency
from apps.core import clock
from apps.core.tenancy import current_schema, in_schema
from apps.sites.models import Site
from apps.tracking import identity, sealing
from apps.tracking.envelope import Context, Envelope, EventIn
from apps.tracking.import_jobs import Salts, job_begin, job_finish
from apps.tracking.importing import append, wait_for_room, wait_stored
from apps.tracking.models import Session
from apps.tracking.steps.page_url import kept_referrer, page_url

from .journeys import Action, Step, Visit, visits_of_day
from .payloads import context, engagement_id, milliseconds
from .world import World

AGENCY_SLUG = "demo"
# Two months: so that the last thirty days have thirty before them to be compared with.
DAYS = 62


def fill_gap(world: World) -> None:
    """Store visits from the site's last one until now, at most `DAYS` days: the demo was switched off."""
    try:
        with in_schema(str(Agency.objects.get(slug=AGENCY_SLUG).schema_name)):
            site = Site.objects.get(domains__host=world.host)
            last = Session.objects.filter(site_id=site.id).aggregate(at=Max("ended_at"))["at"]
            earliest = clock.now() - timedelta(days=DAYS)
            fill(site, world, since=max(last or earliest, earliest))
    finally:
        close_old_connections()


def fill(site: Site, world: World, *, since: datetime) -> int:
    """Store the simulated visits that began after `since` and are over; return how many there were."""
    until = clock.now()
    days = _days(since.astimezone(ZoneInfo(world.time_zone)).date(), until.astimezone(ZoneInfo(world.time_zone)).date())
    name = f"simulated visits of {world.host} since {since.isoformat()}"
    job = job_begin(site_id=site.id, file_name=name, digest=hashlib.sha256(name.encode()).digest())
    salts = Salts(job)
    entries: dict[int, str] = {}
    count = 0
    for day in days:
        # Oldest first: a visit that goes on from another is found more easily than one that comes before it.
        visits = sorted(visits_of_day(world, day), key=lambda visit: visit.steps[0].at)
        told = [visit for visit in visits if since < visit.steps[0].at and _end(visit) < until]
        sealing.keep()
        append((_envelope(site, visit, salts, job.id) for visit in told), entries)
        wait_for_room()
        count += len(told)
    wait_stored(entries)
    job_finish(job)
    return count


def _days(first: date, last: date) -> Iterator[date]:
    for number in range((last - first).days + 1):
        yield first + timedelta(days=number)


def _end(visit: Visit) -> datetime:
    last = visit.steps[-1]
    return last.at + timedelta(milliseconds=last.engaged_ms)


def _envelope(site: Site, visit: Visit, salts: Salts, import_id: int) -> Envelope:
    person, now_ms = visit.person, clock.now_ms()
    salt = salts.of(visit.steps[0].at.astimezone(UTC).date())
    hour = sealing.hour_of(now_ms)
    said = context(visit)
    return Envelope(
        schema=current_schema(),
        site_id=site.id,
        origin="import",
        received_ms=now_ms,
        visitor_id=identity.visitor_id(
            salt, site_key=site.site_key, address=person.address, user_agent=person.user_agent
        ),
        ip_hash=identity.ip_hash(salt, site_key=site.site_key, address=person.address),
        sealed_ip=sealing.seal_address(person.address, hour),
        seal_hour=hour,
        user_agent=person.user_agent,
        events=list(_events(visit)),
        context=Context(
            screen=tuple(said["screen"]),
            viewport=tuple(said["viewport"]),
            pixel_ratio=said["pixel_ratio"],
            languages=said["languages"],
            time_zone=said["time_zone"],
            color_scheme=said["color_scheme"],
            touch=said["touch"],
        ),
        import_id=import_id,
    )


def _events(visit: Visit) -> Iterable[EventIn]:
    for step in visit.steps:
        yield _event(step)
        for action in step.actions:
            yield _event(step, action)
        if step.engaged_ms:
            yield EventIn(
                engagement_id(step),
                "engagement",
                milliseconds(step.at) + step.engaged_ms,
                page_id=step.id,
                engaged_ms=step.engaged_ms,
                scroll_percent=step.scroll_percent,
            )


def _event(step: Step, action: Action | None = None) -> EventIn:
    """Return a step's page view, or an action on it."""
    event = EventIn(
        action.id if action else step.id,
        "event" if action else "pageview",
        milliseconds(action.at if action else step.at),
        page_id=step.id,
        title="" if action else step.page.title,
    )
    page = page_url(step.url)
    if page is not None:
        event.host, event.path, event.query = page.host, page.path, page.query
    if action:
        event.name, event.props, event.is_interactive = action.name, dict(action.props), True
    else:
        event.referrer = kept_referrer(step.referrer)
    return event
