"""THE wiring: which fact wakes which work. The whole flow behind the writer on one page.

EventsStored    (tracking: the writer has committed)  -> companies: match the visits;  live: push them
CompanyMatched  (companies: visits have a name)       -> live: name the visitor

A wake-up may get lost: each of these is found again by a sweep or by the next look at the rows.
"""

from apps.companies.facts import CompanyMatched
from apps.companies.tasks import visits_match_task
from apps.core.facts import listen
from apps.live.frames import announce_companies, announce_events
from apps.tracking.facts import EventsStored


def match_companies(fact: EventsStored) -> None:
    # No retry: the writer may not wait for a broker that is away, and the sweep finds these visits.
    visits_match_task.apply_async((fact.schema, [str(session_id) for session_id in fact.session_ids]), retry=False)


listen(EventsStored, match_companies)
listen(EventsStored, announce_events)
listen(CompanyMatched, announce_companies)
