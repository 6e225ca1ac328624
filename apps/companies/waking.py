"""Which visits of a fact somebody is woken for, so that not each of a visit's clicks wakes a worker."""

from uuid import UUID

from apps.tracking.facts import EventsStored

from .enrichment.service import is_remote

# Told of most lately, by this process. Who is forgotten is told of once more, which does no harm.
REMEMBERED = 20_000
_told: set[UUID] = set()


def to_be_asked(fact: EventsStored) -> list[UUID]:
    """Return the visits for whose networks IPinfo is to be asked and that weren't told of lately."""
    if fact.is_backfill or not is_remote():
        return []
    new = [session_id for session_id in fact.session_ids if session_id not in _told]
    if len(_told) + len(new) > REMEMBERED:
        _told.clear()
    _told.update(new)
    return new
