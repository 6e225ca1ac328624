"""What destinations were told of an event, as the timelines of visits and companies show it beneath the event."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, tzinfo

from apps.core import clock, formats
from apps.destinations.timelines import Sent

# The rest stands in the delivery log; a company's page names fewer than its visit's.
SHOWN = 12


@dataclass(frozen=True, slots=True)
class SentLine:
    """A delivery. `text`, `at_label`, `at`, `rest` are read in this order; `day`: where it isn't the event's."""

    url: str
    state: str
    icon: str
    text: str
    at_label: str
    at: datetime | None
    day: str
    rest: str


@dataclass(frozen=True, slots=True)
class SentLines:
    lines: Sequence[SentLine] = ()
    more: int = 0


NOTHING_SENT = SentLines()


def sent_lines(
    sent: Sequence[Sent], *, happened_at: datetime | None, zone: tzinfo, site_slug: str, limit: int = SHOWN
) -> SentLines:
    """Return the first `limit` deliveries of an event as lines."""
    return SentLines(
        [_line(one, happened_at=happened_at, zone=zone, site_slug=site_slug) for one in sent[:limit]],
        max(0, len(sent) - limit),
    )


def _line(one: Sent, *, happened_at: datetime | None, zone: tzinfo, site_slug: str) -> SentLine:
    day = ""
    if one.at and (happened_at is None or one.at.astimezone(zone).date() != happened_at.astimezone(zone).date()):
        day = formats.weekday(one.at, zone=zone, now=clock.now())
    return SentLine(one.url(site_slug), one.state, one.icon, one.text, one.at_label, one.at, day, one.rest)
