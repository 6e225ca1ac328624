"""Whether a site's tag works, as far as visits tell: heard of, quiet, silent, never seen, paused, or only imported."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from apps.installation.models import Silence
from apps.installation.selectors import silences_open
from apps.sites.models import Site
from apps.tracking.selectors import Pulse, site_pulses

QUIET = timedelta(days=1)


class TagState(StrEnum):
    WORKING = "working"
    SILENT = "silent"  # an alarm was raised (apps.installation.silence), and nothing has come since
    QUIET = "quiet"  # for a day or more, which is no wonder here
    WAITING = "waiting"  # for the first event
    PAUSED = "paused"
    IMPORTED = "imported"  # visits of a log, none of a tag
    ARCHIVED = "archived"


@dataclass(frozen=True, slots=True)
class SiteHealth:
    """`last_at`: the last sign of life by any door. `silence`: the alarm of a silent tag."""

    state: TagState
    last_at: datetime | None
    live: int
    silence: Silence | None = None


def site_health(sites: Sequence[Site], *, now: datetime) -> Mapping[int, SiteHealth]:
    """Return the health of each site. Three queries, however many the sites."""
    pulses = site_pulses([site.id for site in sites], now=now)
    silences = silences_open([site.id for site in sites])
    return {site.id: _health(site, pulses[site.id], silences.get(site.id), now) for site in sites}


def _health(site: Site, pulse: Pulse, silence: Silence | None, now: datetime) -> SiteHealth:
    # Heard again since the last look: the alarm is about to be cleared.
    is_over = silence is not None and pulse.last.tag_at is not None and pulse.last.tag_at > silence.heard_at
    alarm = None if is_over else silence
    state = _state(site, pulse, alarm, now)
    return SiteHealth(state, pulse.last.last_at, pulse.live, alarm if state is TagState.SILENT else None)


def _state(site: Site, pulse: Pulse, silence: Silence | None, now: datetime) -> TagState:
    if site.status == Site.Status.ARCHIVED:
        return TagState.ARCHIVED
    if site.status == Site.Status.PAUSED:
        return TagState.PAUSED
    # A site that only servers write of has no tag to judge: theirs are its signs of life.
    heard = pulse.last.tag_at or pulse.last.server_at
    if heard is None:
        return TagState.IMPORTED if pulse.last.import_at else TagState.WAITING
    if silence is not None:
        return TagState.SILENT
    return TagState.QUIET if now - heard >= QUIET else TagState.WORKING
