"""Impossible behaviour, the rule that is built in: visits as no person makes them are a bot's, whatever it says it is.

Judged like a site's own rules, on the visit as it stands: a burst that turns out to be the beginning of an ordinary
visit is counted again. Only how fast pages come, because that alone tells for sure:

- People behind one address with the same browser are one visitor here. A class of thirty that opens a page together
  makes thirty page views in some seconds. Half a minute at two a second, with nothing slower after it, it doesn't make.
- A visitor is a site, an address and a user agent, which browsers freeze: a carrier has hundreds of telephones behind
  one address that are one visitor here, and so has an office whose mails are opened through its gateway. Where many
  people may be behind one address, as far as the network tells, haste alone proves nothing; together with something
  else that speaks for a bot it does. A hidden or shared network isn't such a sign.
- Mails are opened through gateways and image proxies, by all their readers at once: the pixel's visits are never
  judged.
- Engaged time longer than the visit proves nothing: several people behind one address are engaged at once, and a visit
  isn't lengthened by who reads on for more than half an hour.
- A server that sends for its visitors without naming them makes all of them one: its visits are never judged.
"""

from collections.abc import Mapping
from datetime import timedelta
from itertools import combinations

from django.db.models import DurationField, ExpressionWrapper, F, Q

from apps.networks.lookup import NetworkKind

from ..models import Origin
from ..steps.sessions import SessionState
from ..steps.signals import Signal

# At least so many page views, with less than so long for each on average: two a second, kept up for half a minute.
FAST_PAGEVIEWS = 60
FAST_MS_EACH = 500
# The same for a burst: twenty pages within a second.
BURST_PAGEVIEWS = 20
BURST_MS_EACH = 50
_LIMITS = ((FAST_PAGEVIEWS, FAST_MS_EACH), (BURST_PAGEVIEWS, BURST_MS_EACH))
# Doors that send for many at once.
_FOR_MANY = (Origin.SERVER.value, Origin.PIXEL.value)
# Networks that have many people behind one address. A data centre is among them where it carries people (relays,
# gateways): one that doesn't has given its signal.
_SHARED_KINDS = tuple(
    kind.value
    for kind in (NetworkKind.CONSUMER, NetworkKind.EDUCATION, NetworkKind.VPN, NetworkKind.PROXY, NetworkKind.TOR)
)
_SHARED_COLUMNS = ("is_mobile_network", "is_vpn", "is_proxy", "is_tor", "is_hosting")
# All that `session.signals` can be where nothing speaks for a bot but a network that hides people.
_HIDING = sorted((Signal.VPN.value, Signal.PROXY.value, Signal.TOR.value))
_NO_SIGNS = frozenset(",".join(names) for number in range(len(_HIDING) + 1) for names in combinations(_HIDING, number))


def looks_impossible(session: SessionState) -> bool:
    """Return whether the visit is faster than any person's; whether it is one person's, its columns say."""
    if session.pageviews < BURST_PAGEVIEWS:
        return False
    lasted = session.ended_ms - session.started_ms
    return any(session.pageviews >= most and lasted < session.pageviews * each for most, each in _LIMITS)


def new_is_impossible(session: SessionState) -> bool:
    """Return whether a visit that isn't stored yet is no person's."""
    return looks_impossible(session) and _is_ones(session.facts)


def _is_ones(facts: Mapping[str, object]) -> bool:
    """Return whether the visit can be told to be one machine's."""
    if facts["origin"] in _FOR_MANY:
        return False
    if facts["signals"] not in _NO_SIGNS:
        return True
    return facts["network_kind"] not in _SHARED_KINDS and not any(facts[name] for name in _SHARED_COLUMNS)


def impossible() -> Q:
    """Return the same for stored visits."""
    met = Q()
    for most, each in _LIMITS:
        took = ExpressionWrapper(F("pageviews") * timedelta(milliseconds=each), output_field=DurationField())
        met |= Q(pageviews__gte=most, ended_at__lt=F("started_at") + took)
    alone = ~Q(network_kind__in=_SHARED_KINDS) & Q(**dict.fromkeys(_SHARED_COLUMNS, False))
    return met & ~Q(origin__in=_FOR_MANY) & (~Q(signals__in=sorted(_NO_SIGNS)) | alone)
