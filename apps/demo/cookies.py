"""What the tag would have found in past visitors' cookies: the past comes by the import door, which takes none."""

from collections.abc import Iterable
from uuid import UUID

from apps.core import clock
from apps.sites.models import Site
from apps.tracking.match_keys import KEPT, match_seal
from apps.tracking.models import Conversion, ConversionMatch

from .journeys import Visit
from .payloads import has_agreed, match


def cookies_remember(site: Site, visits: Iterable[Visit]) -> None:
    """Keep what is known of the last days' conversions of those who agreed, so that a replay is like what was live."""
    known: dict[UUID, Visit] = {}
    for visit in visits:
        if has_agreed(visit):
            known |= {id_: visit for step in visit.steps for id_ in (step.id, *(action.id for action in step.actions))}
    now = clock.now()
    met = Conversion.objects.filter(site_id=site.id, event_id__in=list(known), occurred_at__gte=now - KEPT)
    rows = {
        event_id: ConversionMatch(
            event_id=event_id,
            site_id=site.id,
            session_id=session_id,
            sealed=match_seal(event_id, _keys(known[event_id])),
            stored_at=now,
        )
        for event_id, session_id in met.values_list("event_id", "session_id")
    }
    ConversionMatch.objects.bulk_create(rows.values(), ignore_conflicts=True)


def _keys(visit: Visit) -> dict[str, str]:
    return {**match(visit), "user_agent": visit.person.user_agent}
