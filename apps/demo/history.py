"""The demo's past: simulated visits through the import door, as fast as the writer stores them."""

import hashlib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from django.db import close_old_connections
from django.db.models import Max, Min

from apps.agencies.models import Agency
from apps.core import clock
from apps.core.tenancy import current_schema, in_schema
from apps.sites.models import Site
from apps.tracking import identity, sealing
from apps.tracking.envelope import Consent, Context, Envelope, EventIn
from apps.tracking.import_jobs import Salts, job_begin, job_finish
from apps.tracking.importing import append, wait_for_room, wait_stored
from apps.tracking.match_keys import KEPT
from apps.tracking.models import Session
from apps.tracking.steps.page_url import kept_referrer, page_url

from .cookies import cookies_remember
from .journeys import Action, Step, Visit, visits_of_day
from .payloads import consent, context, engagement_id, milliseconds
from .world import World

AGENCY_SLUG = "demo"
DAYS = 30
# Filled in the background: so that the last thirty days have thirty before them to be compared with.
BACKGROUND_DAYS = 66


@dataclass(frozen=True, slots=True)
class Gap:
    """A time without visits, to be filled."""

    since: datetime
    until: datetime
    # From its end backwards, so that what is broken off half-way leaves no hole.
    is_backwards: bool = False


def gaps(world: World) -> list[Gap]:
    """Return what is missing of the site's past: from its last visit until now, and before its first one."""
    try:
        with in_schema(str(Agency.objects.get(slug=AGENCY_SLUG).schema_name)):
            known = Session.objects.filter(site_id=Site.objects.get(domains__host=world.host).id)
            ends = known.aggregate(first=Min("started_at"), last=Max("ended_at"))
    finally:
        close_old_connections()
    now = clock.now()
    earliest = now - timedelta(days=BACKGROUND_DAYS)
    first, last = ends["first"] or now, max(ends["last"] or now, earliest)
    # Within a day of the earliest nothing is missing: the first visit of a day isn't at its start.
    before = [Gap(earliest, first, is_backwards=True)] if first > earliest + timedelta(days=1) else []
    return [Gap(last, now), *before]


def fill_gaps(world: World, missing: Sequence[Gap], is_stopped: Callable[[], bool]) -> None:
    """Store the visits of these times, until told to stop. Called on a thread beside the visits of now."""
    try:
        with in_schema(str(Agency.objects.get(slug=AGENCY_SLUG).schema_name)):
            site = Site.objects.get(domains__host=world.host)
            for gap in missing:
                fill(site, world, gap, is_stopped)
    finally:
        close_old_connections()


def fill(site: Site, world: World, gap: Gap, is_stopped: Callable[[], bool] = lambda: False) -> int:
    """Store the simulated visits that began and ended within `gap`; return how many there were."""
    zone = ZoneInfo(world.time_zone)
    days = _days(gap.since.astimezone(zone).date(), gap.until.astimezone(zone).date())
    name = f"simulated visits of {world.host} since {gap.since.isoformat()}"
    job = job_begin(site_id=site.id, file_name=name, digest=hashlib.sha256(name.encode()).digest())
    salts = Salts(job)
    entries: dict[int, str] = {}
    recent: list[Visit] = []
    count = 0
    for day in reversed(days) if gap.is_backwards else days:
        if is_stopped():
            break
        # Oldest first: a visit that goes on from another is found more easily than one that comes before it.
        visits = sorted(visits_of_day(world, day), key=lambda visit: visit.steps[0].at)
        told = [visit for visit in visits if gap.since < visit.steps[0].at and _end(visit) < gap.until]
        sealing.keep()
        append((_envelope(site, visit, salts, job.id) for visit in told), entries)
        wait_for_room()
        count += len(told)
        recent += [visit for visit in told if _end(visit) >= clock.now() - KEPT]
    wait_stored(entries)
    cookies_remember(site, recent)
    job_finish(job)
    return count


def _days(first: date, last: date) -> list[date]:
    return [first + timedelta(days=number) for number in range((last - first).days + 1)]


def _end(visit: Visit) -> datetime:
    last = visit.steps[-1]
    return last.at + timedelta(milliseconds=last.engaged_ms)


def _envelope(site: Site, visit: Visit, salts: Salts, import_id: int) -> Envelope:
    person, now_ms = visit.person, clock.now_ms()
    salt = salts.of(visit.steps[0].at.astimezone(UTC).date())
    hour = sealing.hour_of(now_ms)
    said = context(visit)
    agreed = consent(visit)
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
        consent=Consent(
            agreed.get("analytics", ""),
            agreed.get("marketing", ""),
            agreed.get("source", ""),
            agreed.get("at", 0),
            agreed.get("text_version", ""),
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
