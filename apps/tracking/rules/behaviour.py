"""Impossible behaviour, the rule that is built in: visits as no person makes them are a bot's, whatever it says it is.

Judged like a site's own rules, on the visit as it stands: a burst that turns out to be the beginning of an ordinary
visit is counted again. Only how fast pages come, because that alone tells for sure:

- People behind one address with the same browser are one visitor here. A class of thirty that opens a page together
  makes thirty page views in some seconds. Half a minute at two a second, with nothing slower after it, it doesn't make.
- Engaged time longer than the visit proves nothing: several people behind one address are engaged at once, and a visit
  isn't lengthened by who reads on for more than half an hour.
- A server that sends for its visitors without naming them makes all of them one: its visits are never judged.
"""

from datetime import timedelta

from django.db.models import DurationField, ExpressionWrapper, F, Q

from ..models import Origin
from ..steps.sessions import SessionState

# At least so many page views, with less than so long for each on average: two a second, kept up for half a minute.
FAST_PAGEVIEWS = 60
FAST_MS_EACH = 500
# The same for a burst: twenty pages within a second.
BURST_PAGEVIEWS = 20
BURST_MS_EACH = 50
_LIMITS = ((FAST_PAGEVIEWS, FAST_MS_EACH), (BURST_PAGEVIEWS, BURST_MS_EACH))


def looks_impossible(session: SessionState) -> bool:
    """Return whether the visit is faster than any person's; whose it is (a server's?), its row says."""
    if session.pageviews < BURST_PAGEVIEWS:
        return False
    lasted = session.ended_ms - session.started_ms
    return any(session.pageviews >= most and lasted < session.pageviews * each for most, each in _LIMITS)


def impossible() -> Q:
    """Return the same for stored visits, a server's left out."""
    met = Q()
    for most, each in _LIMITS:
        took = ExpressionWrapper(F("pageviews") * timedelta(milliseconds=each), output_field=DurationField())
        met |= Q(pageviews__gte=most, ended_at__lt=F("started_at") + took)
    return met & ~Q(origin=Origin.SERVER)
