"""Whether a site's tag works, as far as visits tell: heard of, quiet, silent, never seen, paused, or only imported."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from apps.sites.models import Site
from apps.tracking.selectors import Pulse, session_counts_in, site_pulses

# Nobody worries about less.
SILENCE = timedelta(hours=1)
QUIET = timedelta(days=1)
# A silence is an alarm where the same hours of the week before had at least so many visits.
USUAL_VISITS = 5
WEEK = timedelta(days=7)


class TagState(StrEnum):
    WORKING = "working"
    SILENT = "silent"  # and at this time of the week it usually isn't
    QUIET = "quiet"  # for a day or more, which is no wonder here
    WAITING = "waiting"  # for the first event
    PAUSED = "paused"
    IMPORTED = "imported"  # visits of a log, none of a tag
    ARCHIVED = "archived"


@dataclass(frozen=True, slots=True)
class SiteHealth:
    """`last_at`: the last sign of life by any door. `usual`: visits in the same hours a week ago, for a silent tag."""

    state: TagState
    last_at: datetime | None
    live: int
    usual: int = 0


def site_health(sites: Sequence[Site], *, now: datetime) -> Mapping[int, SiteHealth]:
    """Return the health of each site. Three queries at most, however many the sites."""
    pulses = site_pulses([site.id for site in sites], now=now)
    windows = {site.id: window for site in sites if (window := _same_hours(site, pulses[site.id], now)) is not None}
    usual = session_counts_in(windows) if windows else {}
    return {site.id: _health(site, pulses[site.id], usual.get(site.id, 0), now) for site in sites}


def _same_hours(site: Site, pulse: Pulse, now: datetime) -> tuple[datetime, datetime] | None:
    """Return the hours of the present silence a week earlier; of a longer one, the last week that wasn't silent."""
    heard = pulse.last.tag_at
    if site.status != Site.Status.ACTIVE or heard is None or now - heard < SILENCE:
        return None
    return (heard - WEEK, min(now - WEEK, heard))


def _health(site: Site, pulse: Pulse, usual: int, now: datetime) -> SiteHealth:
    last = pulse.last
    return SiteHealth(_state(site, pulse, usual, now), last.last_at, pulse.live, usual)


def _state(site: Site, pulse: Pulse, usual: int, now: datetime) -> TagState:
    if site.status == Site.Status.ARCHIVED:
        return TagState.ARCHIVED
    if site.status == Site.Status.PAUSED:
        return TagState.PAUSED
    heard = pulse.last.tag_at
    if heard is None:
        return TagState.IMPORTED if pulse.last.import_at else TagState.WAITING
    if usual >= USUAL_VISITS:
        return TagState.SILENT
    return TagState.QUIET if now - heard >= QUIET else TagState.WORKING
