"""A site's scores made anew, company by company: after its rules have changed, or by command.

In slices, each a transaction; how far it is lies in its ScoreRun, so that whoever is killed is taken up by the next.
"""

from datetime import timedelta

from django.db import transaction
from django.db.models import Q, QuerySet

from apps.core import clock
from apps.sites.models import Site

from .loading import COMPANIES_TOGETHER, companies_next
from .locks import bulk_lock, scores_lock
from .models import ScoreRun
from .services import WORK_FOR, scores_make

# Whoever works on a run says so for this long, and again with each slice.
LEASE = timedelta(seconds=60)


def run_ask(*, site_id: int) -> None:
    """Have a site's scores made anew from the beginning, also where that is under way. In the caller's transaction."""
    anew = {
        "asked_at": clock.now(),
        "companies": None,
        "done": 0,
        "cursor_id": 0,
        "leased_until": None,
        "finished_at": None,
    }
    ScoreRun.objects.update_or_create(site_id=site_id, defaults=anew)


def run_work(site_id: int) -> bool:
    """Go on with a site's run as far as there is time; return whether it is done. Nothing where another is at it."""
    run_turn(site_id=site_id, turn=WORK_FOR)
    return not ScoreRun.objects.filter(site_id=site_id, finished_at__isnull=True).exists()


def run_turn(*, site_id: int, turn: timedelta) -> bool:
    """Go on with a site's run for a while; return whether anything was done.

    Nothing is where another is at it, or at another run of the agency: one makes all of its sites', in turns.
    """
    until, is_any = clock.now() + turn, False
    if not _unfinished().filter(site_id=site_id).update(leased_until=clock.now() + LEASE):
        return False
    while True:
        with transaction.atomic():
            is_mine = bulk_lock("runs")
            is_more = is_mine and run_slice(site_id)
        is_any = is_any or is_mine
        if not is_more or clock.now() >= until:
            ScoreRun.objects.filter(site_id=site_id).update(leased_until=None)
            return is_any


def runs_unfinished(*, after_id: int = 0) -> list[int]:
    """Return the sites whose run isn't done and that nobody works on, from the one behind `after_id` on, and around.

    Those of archived sites wait until the site is brought back. One query.
    """
    living = Site.objects.exclude(status=Site.Status.ARCHIVED).values("id")
    waiting = sorted(_unfinished().filter(site_id__in=living).values_list("site_id", flat=True))
    return [one for one in waiting if one > after_id] + [one for one in waiting if one <= after_id]


def run_of(site_id: int) -> ScoreRun | None:
    """Return how far a site's run is; None where there was none or it is done."""
    return ScoreRun.objects.filter(site_id=site_id, finished_at__isnull=True).first()


def run_slice(site_id: int) -> bool:
    """Do the next hundred companies of a run; return whether there may be more."""
    with transaction.atomic():
        # Of two at work one waits here, and then does the slice behind the other's.
        run = ScoreRun.objects.select_for_update().filter(site_id=site_id, finished_at__isnull=True).first()
        if run is None:
            return False
        if run.companies is None:
            run.companies = len(companies_next(site_id=site_id, after_id=0, limit=None))
        company_ids = companies_next(site_id=site_id, after_id=run.cursor_id, limit=COMPANIES_TOGETHER)
        if company_ids:
            scores_lock((site_id, company_id) for company_id in company_ids)
            scores_make(site_id=site_id, company_ids=company_ids, is_backfill=True)
            run.cursor_id, run.done = company_ids[-1], run.done + len(company_ids)
            run.leased_until = clock.now() + LEASE
        else:
            run.finished_at, run.leased_until = clock.now(), None
        run.save()
    return bool(company_ids)


def _unfinished() -> QuerySet[ScoreRun]:
    free = Q(leased_until__isnull=True) | Q(leased_until__lte=clock.now())
    return ScoreRun.objects.filter(free, finished_at__isnull=True)
