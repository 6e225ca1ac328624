"""Having stored visits of a site looked at anew that came by a link, or were told by one, after its links changed.

In turns over all of the site's visits, the oldest first: which of some came by a link is read with no lock held, and
the site's lock is taken for marking those alone, so that the writer waits for moments. How far it is lies in a row
(`LinksRun`): whoever is killed is taken up by the sweep, and two at once do no harm.
"""

from collections.abc import Collection
from datetime import datetime, timedelta
from uuid import UUID

from django.db import transaction
from django.db.models import Q, QuerySet

from apps.core import clock
from apps.core.facts import publish
from apps.core.tenancy import current_schema
from apps.sites.models import Site
from apps.tracking.company_links import visits_queries_of, visits_reopen
from apps.tracking.models import Session
from apps.tracking.steps.company_clues import parameter_value

from ..facts import LinksChanged, VisitsReopened
from ..models import CompanyClue, CompanyMatch, LinksRun, LinkValue

# Read together.
SLICE_VISITS = 2_000
LEASE = timedelta(seconds=60)
# A task ends well before its message would be given to another; the sweep goes on.
WORK_FOR = timedelta(minutes=2)


def links_begin(*, site_id: int) -> None:
    """Have a site's stored visits looked at anew, by the links as they are from now on, from the first one."""
    anew = {"asked_at": clock.now(), "cursor_at": None, "cursor_id": None, "leased_until": None}
    LinksRun.objects.update_or_create(site_id=site_id, defaults=anew)
    publish(LinksChanged(schema=current_schema(), site_id=site_id))


def links_work(site_id: int) -> bool:
    """Go on as far as there is time; return whether it is done. Nothing where another is at it."""
    until = clock.now() + WORK_FOR
    if not _unfinished().filter(site_id=site_id).update(leased_until=clock.now() + LEASE):
        return False
    while links_slice(site_id):
        if clock.now() >= until:
            LinksRun.objects.filter(site_id=site_id).update(leased_until=None)
            break
    publish(VisitsReopened(schema=current_schema()))
    return not LinksRun.objects.filter(site_id=site_id).exists()


def links_unfinished() -> list[int]:
    """Return the sites that are on their way and that nobody works on. One query."""
    return list(_unfinished().values_list("site_id", flat=True).order_by("asked_at"))


def links_slice(site_id: int) -> bool:
    """Have the next visits of a site looked at anew that came by a link; return whether there may be more."""
    run = LinksRun.objects.filter(site_id=site_id).first()
    if run is None:
        return False
    visits = _next(run)
    found = _linked(site_id, visits)
    with transaction.atomic():
        if found:
            visits_reopen(site_ids=[site_id], session_ids=found)
        # Of the run that we have read alone: links may have been saved again meanwhile, and it begins anew.
        ours = LinksRun.objects.filter(site_id=site_id, asked_at=run.asked_at)
        if len(visits) < SLICE_VISITS:
            ours.delete()
            return False
        last_id, last_at, _ = visits[-1]
        ours.update(cursor_at=last_at, cursor_id=last_id, leased_until=clock.now() + LEASE)
    return True


def _next(run: LinksRun) -> list[tuple[UUID, datetime, datetime]]:
    """Return the next visits, with when each began and ended. What comes behind is matched by the links of now."""
    visits = Session.objects.filter(site_id=run.site_id, set_aside="")
    if run.cursor_at is not None:
        # Both: the row's comparison alone isn't looked up in the index by time.
        visits = visits.filter(started_at__gte=run.cursor_at).exclude(started_at=run.cursor_at, id__lte=run.cursor_id)
    return list(visits.order_by("started_at", "id").values_list("id", "started_at", "ended_at")[:SLICE_VISITS])


def _linked(site_id: int, visits: Collection[tuple[UUID, datetime, datetime]]) -> set[UUID]:
    """Return which visits came by a link of now, or were told by one before. Four queries."""
    ids = [id_ for id_, _, _ in visits]
    told = CompanyClue.objects.filter(session_id__in=ids, ground=CompanyMatch.Ground.LINK)
    found = set(told.values_list("session_id", flat=True))
    parameter = Site.objects.values_list("company_parameter", flat=True).filter(id=site_id).first()
    if parameter and visits:
        values = set(LinkValue.objects.filter(site_id=site_id).values_list("value", flat=True))
        for session_id, queries in visits_queries_of(visits):
            if any(parameter_value(query, parameter) in values for query in queries):
                found.add(session_id)
    return found


def _unfinished() -> QuerySet[LinksRun]:
    free = Q(leased_until__isnull=True) | Q(leased_until__lte=clock.now())
    return LinksRun.objects.filter(free)
