"""Applying a correction, or its undoing, to stored visits: they are matched anew, by the corrections in force.

In slices. How far it is lies in the correction's row, so that whoever is killed is taken up by the next; visits that
were marked to be matched anew are found by the matching's sweep in any case. Two at once do no harm: whose a visit is
follows from its grounds and the corrections in force, not from who looks first.
"""

from datetime import timedelta

from django.db import transaction
from django.db.models import F, Q, QuerySet

from apps.core import clock
from apps.tracking.company_links import visits_unmatch
from apps.tracking.locks import site_lock

from .correction_reach import SLICE_VISITS, reach_count, reach_of, reach_slice
from .models import CompanyCorrection
from .services import visits_resolve

# Whoever works on a correction says so for this long, and again with each slice.
LEASE = timedelta(seconds=60)
# A task ends well before its message would be given to another; the sweep goes on.
WORK_FOR = timedelta(minutes=2)


def correction_work(correction_id: int) -> bool:
    """Go on with a correction as far as there is time; return whether it is done. Nothing where another is at it."""
    until = clock.now() + WORK_FOR
    if not _unfinished().filter(id=correction_id).update(leased_until=clock.now() + LEASE):
        return False
    while correction_slice(correction_id):
        if clock.now() >= until:
            CompanyCorrection.objects.filter(id=correction_id).update(leased_until=None)
            return False
    return True


def corrections_unfinished() -> list[int]:
    """Return the corrections that are on their way and that nobody works on. One query."""
    return list(_unfinished().values_list("id", flat=True).order_by("id"))


def correction_slice(correction_id: int) -> bool:
    """Match the next visits that a correction concerns anew; return whether there may be more."""
    with transaction.atomic():
        row = CompanyCorrection.objects.select_for_update().filter(id=correction_id, is_carried_out=False).first()
        if row is None:
            return False
        reach = reach_of(row)
        found = reach_slice(reach, after=row.cursor_id, limit=SLICE_VISITS)
        is_done = len(found) < SLICE_VISITS
        if row.visits_total is None:
            row.visits_total = len(found) if is_done else reach_count(reach)
        # The writer, retention and deletion take it too: nobody else writes these visits meanwhile.
        site_lock({site_id for _, site_id in found})
        ids = [session_id for session_id, _ in found]
        visits_unmatch(ids)
        row.visits_done += len(ids)
        row.cursor_id = ids[-1] if ids else row.cursor_id
        row.is_carried_out = is_done
        row.leased_until = None if is_done else clock.now() + LEASE
        row.save(update_fields=["visits_total", "visits_done", "cursor_id", "is_carried_out", "leased_until"])
    if ids:
        moved = visits_resolve(session_ids=ids, limit=SLICE_VISITS).moved
        CompanyCorrection.objects.filter(id=correction_id).update(visits_moved=F("visits_moved") + moved)
    return not is_done


def _unfinished() -> QuerySet[CompanyCorrection]:
    free = Q(leased_until__isnull=True) | Q(leased_until__lte=clock.now())
    return CompanyCorrection.objects.filter(free, is_carried_out=False)
