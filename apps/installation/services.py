"""Starting, finishing and closing checks."""

from datetime import datetime, timedelta

from django.db import IntegrityError, transaction

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
NO_TIME = "The workers were busy, or none is running: nobody took this check up in time. Check again in a minute."
BROKEN = "The check itself broke off. Check again; if it stays like this, the operator finds why in the worker’s log."


def check_start(*, site: Site, written: str = "", requested_by: str = "") -> SiteCheck:
    """Ask for a check of a page. One that is under way is returned instead: it is the answer in a moment.

    Raises Refused where `written` is no address.
    """
    url = page_url(site, written)
    checks_close_overdue(site_id=site.id)
    try:
        with transaction.atomic():
            check = SiteCheck.objects.create(
                site=site, url=url, requested_by=requested_by[:100], created_at=clock.now()
            )
    except IntegrityError:
        running = SiteCheck.objects.filter(site=site, finished_at=None).first()
        if running is None:
            raise Refused("Another check has just ended: look at it, or check again.") from None
        return running
    publish(CheckAsked(current_schema(), check.id))
    return check


def check_take(check_id: int) -> SiteCheck | None:
    """Take a check that waits; None where somebody has, or it is gone. Safe to run twice."""
    taken = SiteCheck.objects.filter(id=check_id, state=CheckState.QUEUED, finished_at=None).update(
        state=CheckState.FETCHING, started_at=clock.now()
    )
    return SiteCheck.objects.select_related("site").filter(id=check_id).first() if taken else None


def check_rendering(check: SiteCheck) -> None:
    SiteCheck.objects.filter(id=check.id, finished_at=None).update(state=CheckState.RENDERING)


def check_finish(check: SiteCheck, *, cause: str, result: dict[str, object]) -> bool:
    """Store a check's answer, unless it was closed meanwhile; keep the site's last ones only."""
    done = SiteCheck.objects.filter(id=check.id, finished_at=None).update(
        state=CheckState.DONE, cause=cause, result=result, finished_at=clock.now()
    )
    old = SiteCheck.objects.filter(site_id=check.site_id).order_by("-id").values_list("id", flat=True)[KEPT:]
    SiteCheck.objects.filter(id__in=list(old)).delete()
    return bool(done)


def check_fail(check_id: int, why: str) -> None:
    SiteCheck.objects.filter(id=check_id, finished_at=None).update(
        state=CheckState.FAILED, result={"why": why}, finished_at=clock.now()
    )


def checks_close_overdue(*, site_id: int) -> None:
    """Close a site's checks whose time is over: whoever ran them is gone, or never came. Two queries."""
    waiting = SiteCheck.objects.filter(site_id=site_id, finished_at=None, created_at__lt=clock.now() - LIMIT)
    waiting.filter(state=CheckState.QUEUED).update(
        state=CheckState.FAILED, result={"why": NO_TIME}, finished_at=clock.now()
    )
    waiting.update(state=CheckState.FAILED, result={"why": BROKEN}, finished_at=clock.now())


def seconds_left(check: SiteCheck, *, now: datetime | None = None) -> float:
    """Return how many of the check's seconds are left."""
    return (check.created_at + LIMIT - (now or clock.now())).total_seconds()
