"""Starting, finishing and closing checks."""

from datetime import datetime, timedelta
from math import ceil

from django.db import connection, transaction

from apps.core import clock
from apps.core.errors import Refused
from apps.core.facts import publish
from apps.core.tenancy import current_schema
from apps.sites.models import Site

from .addresses import page_url
from .facts import CheckAsked
from .models import CheckState, SiteCheck

# From the press of the button to the answer.
LIMIT = timedelta(seconds=20)
KEPT = 10
# An agency's share, so that one that checks all its sites at once doesn't keep the others waiting.
MOST_RUNNING = 2
MOST_AN_HOUR = 30
HOUR = timedelta(hours=1)
NO_TIME = "The workers were busy, or none is running: nobody took this check up in time. Check again in a minute."
BROKEN = "The check itself broke off. Check again; if it stays like this, the operator finds why in the worker’s log."


class TooMany(Refused):
    """The agency's share is used up. `seconds`: after which another check may be asked for."""

    def __init__(self, text: str, seconds: int) -> None:
        super().__init__(text)
        self.seconds = seconds


def check_start(*, site: Site, written: str = "", requested_by: str = "") -> SiteCheck:
    """Ask for a check of a page. One of the site that is under way is returned instead: it is the answer in a moment.

    Raises Refused where `written` is no address, TooMany where the agency's share is used up.
    """
    url = page_url(site, written)
    now = clock.now()
    checks_close_overdue()
    with transaction.atomic():
        _lock()
        running = SiteCheck.objects.filter(site=site, finished_at=None).first()
        if running is not None:
            return running
        _share_or_refuse(now)
        check = SiteCheck.objects.create(site=site, url=url, requested_by=requested_by[:100], created_at=now)
    publish(CheckAsked(current_schema(), check.id))
    return check


def _lock() -> None:
    """Have an agency's checks start one after the other until the transaction ends: shares are counted, then taken."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtext('site-check'), hashtext(%s))", [current_schema()])


def _share_or_refuse(now: datetime) -> None:
    if SiteCheck.objects.filter(finished_at=None).count() >= MOST_RUNNING:
        seconds = round(LIMIT.total_seconds())
        raise TooMany(f"{MOST_RUNNING} checks of this agency are under way: ask again in {seconds} seconds.", seconds)
    recent = SiteCheck.objects.filter(created_at__gt=now - HOUR).order_by("-created_at")
    last = list(recent.values_list("created_at", flat=True)[:MOST_AN_HOUR])
    if len(last) == MOST_AN_HOUR:
        seconds = ceil((last[-1] + HOUR - now).total_seconds())
        minutes = ceil(seconds / 60)
        raise TooMany(
            f"This agency has had {MOST_AN_HOUR} checks within an hour: the next one can start in {minutes} "
            f"minute{'' if minutes == 1 else 's'}.",
            seconds,
        )


def check_take(check_id: int) -> SiteCheck | None:
    """Take a check that waits; None where somebody has, or it is gone. Safe to run twice."""
    taken = SiteCheck.objects.filter(id=check_id, state=CheckState.QUEUED, finished_at=None).update(
        state=CheckState.FETCHING, started_at=clock.now()
    )
    return SiteCheck.objects.select_related("site").filter(id=check_id).first() if taken else None


def check_rendering(check: SiteCheck) -> None:
    SiteCheck.objects.filter(id=check.id, finished_at=None).update(state=CheckState.RENDERING)


def check_finish(check: SiteCheck, *, cause: str, result: dict[str, object]) -> bool:
    """Store a check's answer, unless it was closed meanwhile; keep the site's last ones, and those of the hour that the
    agency's share is counted by."""
    done = SiteCheck.objects.filter(id=check.id, finished_at=None).update(
        state=CheckState.DONE, cause=cause, result=result, finished_at=clock.now()
    )
    old = SiteCheck.objects.filter(site_id=check.site_id).order_by("-id").values_list("id", flat=True)[KEPT:]
    SiteCheck.objects.filter(id__in=list(old), created_at__lt=clock.now() - HOUR).delete()
    return bool(done)


def check_fail(check_id: int, why: str) -> None:
    SiteCheck.objects.filter(id=check_id, finished_at=None).update(
        state=CheckState.FAILED, result={"why": why}, finished_at=clock.now()
    )


def checks_close_overdue(*, site_id: int | None = None) -> None:
    """Close a site's checks, or all, whose time is over: whoever ran them is gone, or never came. Two queries."""
    waiting = SiteCheck.objects.filter(finished_at=None, created_at__lt=clock.now() - LIMIT)
    if site_id is not None:
        waiting = waiting.filter(site_id=site_id)
    waiting.filter(state=CheckState.QUEUED).update(
        state=CheckState.FAILED, result={"why": NO_TIME}, finished_at=clock.now()
    )
    waiting.update(state=CheckState.FAILED, result={"why": BROKEN}, finished_at=clock.now())


def seconds_left(check: SiteCheck, *, now: datetime | None = None) -> float:
    """Return how many of the check's seconds are left."""
    return (check.created_at + LIMIT - (now or clock.now())).total_seconds()
