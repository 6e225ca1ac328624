"""Looking for silences, every few minutes: alarms are raised, kept up to date, and cleared by themselves.

Nobody's silence is believed while our own side isn't well: then what would have come isn't stored, or nobody is heard
at all. After that each site's silence counts from the moment at which all was well again.
"""

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import httpx
from django.conf import settings
from django.db import DatabaseError, transaction

from apps.core.tenancy import current_schema, in_schema
from apps.sites.models import Site
from apps.tracking.health import readiness
from apps.tracking.locks import try_lock
from apps.tracking.selectors import sites_heard

from ..models import Silence, Watch
from .hours import hours_count, past_of
from .mails import silences_tell
from .rhythm import Judgement, judge

logger = logging.getLogger(__name__)
# A look that comes later than this after the last one found the pipeline, or us, away in between. (Beat: 5 minutes.)
LONGEST_GAP = timedelta(minutes=15)
# So many sites that fall silent together, while no other is heard, are an outage of ours and not theirs.
TOGETHER = 2
DOOR_SECONDS = 3.0


@dataclass(frozen=True, slots=True)
class Look:
    """What an agency's look has found, before anything is raised. `heard_at`: the last sign of life of any site."""

    schema: str
    silent: dict[int, tuple[datetime, Judgement]]
    heard_at: datetime | None


def agencies_watch(schemas: Sequence[str], *, now: datetime) -> None:
    """Look in every agency, then raise and clear. One that fails doesn't keep the others waiting."""
    is_well, checks = readiness.look()
    if not is_well:
        logger.warning("no silences are raised: %s", ", ".join(name for name, one in checks.items() if not one.ok))
        _each(schemas, lambda: alive_reset(now=now))
        return
    looks = [look for schema in schemas if (look := _look_in(schema, now)) is not None]
    if is_outage(looks) and not door_answers():
        logger.warning("no silences are raised: no site at all is heard of, and the door doesn't answer")
        return
    by_schema = {look.schema: look for look in looks}
    _each(list(by_schema), lambda: silences_raise(by_schema[current_schema()].silent, now=now))
    _each(list(by_schema), lambda: silences_tell(now=now))


def is_outage(looks: Sequence[Look]) -> bool:
    """Return whether it may be we who don't hear: several sites fell silent together, and no other was heard since.

    With a single site nobody can tell by that: it is believed.
    """
    silent = [since for look in looks for since, _ in look.silent.values()]
    heard = [look.heard_at for look in looks if look.heard_at is not None]
    if not silent or max(heard) > max(silent):
        return False
    return sum(max(silent) - since <= LONGEST_GAP for since in silent) >= TOGETHER


def door_answers() -> bool:
    """Return whether the door can be reached where tags reach it. Blocks for DOOR_SECONDS at most."""
    try:
        return httpx.get(f"{settings.BEACON_TRACK_URL}/health", timeout=DOOR_SECONDS).status_code == 200
    except httpx.HTTPError:
        return False


def agency_look(*, now: datetime) -> Look | None:
    """Return what the current agency's sites tell. None where somebody else is looking."""
    with transaction.atomic():
        if not try_lock("silences"):
            return None
        sites = list(Site.objects.filter(status=Site.Status.ACTIVE))
        alive_since = _alive(now)
        hours_count(sites, now=now)
        pasts = past_of(sites)
        heard = sites_heard([site.id for site in sites])
        silent: dict[int, tuple[datetime, Judgement]] = {}
        for site in sites:
            at = heard.get(site.id)
            if at is None or site.id not in pasts:
                continue
            since = max(at, alive_since) if alive_since else at
            judgement = judge(pasts[site.id], zone=ZoneInfo(site.time_zone), since=since, now=now)
            if judgement.is_silent:
                silent[site.id] = (at, judgement)
        return Look(current_schema(), silent, max(heard.values(), default=None))


def silences_raise(silent: dict[int, tuple[datetime, Judgement]], *, now: datetime) -> None:
    """Raise alarms for sites that have gone silent, refresh those that go on, clear the others. May run twice."""
    _clear(now)
    open_now = {row.site_id: row for row in Silence.objects.filter(ended_at=None)}
    for site_id, (heard_at, judgement) in silent.items():
        row = open_now.get(site_id)
        if row is None:
            Silence.objects.bulk_create(
                [Silence(site_id=site_id, heard_at=heard_at, raised_at=now, usual=judgement.usual)],
                ignore_conflicts=True,
            )
        elif judgement.usual > row.usual:
            Silence.objects.filter(id=row.id).update(usual=judgement.usual)


def alive_reset(*, now: datetime) -> None:
    """Have silences count from now on: before, nobody would have been heard."""
    Watch.objects.update_or_create(id=1, defaults={"alive_since": now, "looked_at": now})


def _clear(now: datetime) -> None:
    """Clear the alarms of sites that were heard again, or rest. An alarm doesn't end by growing less unlikely."""
    for row in Silence.objects.filter(ended_at=None).select_related("site"):
        if row.site.status != Site.Status.ACTIVE:
            Silence.objects.filter(id=row.id).update(ended_at=now, end=Silence.End.RESTS)
            continue
        heard_at = sites_heard([row.site_id], after=row.heard_at).get(row.site_id)
        if heard_at is not None:
            Silence.objects.filter(id=row.id).update(ended_at=heard_at, end=Silence.End.HEARD)


def _alive(now: datetime) -> datetime | None:
    """Note this look, and return since when all was well; None: as long as anybody has looked."""
    watch = Watch.objects.filter(id=1).first()
    alive_since = watch.alive_since if watch else None
    if watch is not None and now - watch.looked_at > LONGEST_GAP:
        alive_since = now
    Watch.objects.update_or_create(id=1, defaults={"alive_since": alive_since, "looked_at": now})
    return alive_since


def _look_in(schema: str, now: datetime) -> Look | None:
    try:
        with in_schema(schema):
            return agency_look(now=now)
    except DatabaseError:
        logger.exception("agency %s was left out", schema)
        return None


def _each(schemas: Sequence[str], work: Callable[[], object]) -> None:
    for schema in schemas:
        try:
            with in_schema(schema):
                work()
        except DatabaseError:
            logger.exception("agency %s was left out", schema)
