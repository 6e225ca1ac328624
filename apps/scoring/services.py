"""Making scores from what companies did.

A score follows from a company's visits, its profile and the site's rules, and from nothing else: so it may be made any
number of times, by several at once and after any of them was killed, and is the same in the end. Whoever makes one
takes its lock and only then reads; and a mark goes in the transaction that stores what it asked for.
"""

import logging
from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime, timedelta

from celery.exceptions import SoftTimeLimitExceeded
from django.db import connection, transaction

from apps.companies.models import Company
from apps.core import clock, facts
from apps.core.tenancy import current_schema
from apps.sites.models import Site

from .at_moment import scores_differing
from .facts import ScoreChanged
from .loading import COMPANIES_TOGETHER
from .locks import bulk_lock, scores_lock
from .marks import MarkRow, marked_of, marks_leave
from .models import Score, ScoreChange, ScoreDue, ScoreRun, ScoringVersion
from .news import past_note
from .reckoning import scores_reckoned
from .rows import MADE
from .telling import changes_of, changes_of_gone, changes_tell, is_rise
from .unmaking import changes_unmake

logger = logging.getLogger(__name__)

# Taken in one transaction, besides further ones of the same companies. Of those that aren't fresh fewer: somebody of
# one of these companies may come meanwhile, and waits for it.
MARKS_TOGETHER = 400
BULK_TOGETHER = 100
# Whoever works on by itself ends well before its message would be given to another; the sweep goes on.
WORK_FOR = timedelta(minutes=2)
# What a task works, before others' tasks that wait have their turn.
TURN = timedelta(seconds=2)
COOLED_TOGETHER = 200

# The oldest marks, and with them all others of the same companies: one reckoning does for all that was there before it.
_TAKE = """
WITH oldest AS (
    SELECT site_id, company_id FROM score_due WHERE is_fresh = %s ORDER BY id LIMIT %s FOR UPDATE SKIP LOCKED
), same AS (
    SELECT score_due.id FROM (SELECT DISTINCT site_id, company_id FROM oldest) AS pair
    JOIN score_due USING (site_id, company_id) FOR UPDATE OF score_due SKIP LOCKED
)
DELETE FROM score_due WHERE id IN (SELECT id FROM same) RETURNING site_id, company_id, is_past, gone_from
"""


def scores_work(*, turn: timedelta = WORK_FOR) -> int:
    """Make the scores that are due, as far as there is time; return how many marks were done with.

    Companies that somebody of is there just now go first, whatever else waits. May run twice and side by side: each
    takes marks that nobody else has, and waits for whoever makes the same score; of an agency one at most takes those
    that aren't fresh.
    """
    until, done = clock.now() + turn, 0
    while marks := _marks_work(is_fresh=True) or _marks_work(is_fresh=False):
        done += marks
        if clock.now() >= until:
            break
    return done


def are_due() -> bool:
    """Return whether any marks are waiting in the current agency. One query."""
    return ScoreDue.objects.exists()


def _marks_work(*, is_fresh: bool) -> int:
    """Make the scores of some marks; return how many are done with. A site that fails keeps its own, not as fresh."""
    done = 0
    with transaction.atomic():
        if not is_fresh and not bulk_lock("marks"):
            return 0
        with connection.cursor() as cursor:
            cursor.execute(_TAKE, [is_fresh, MARKS_TOGETHER if is_fresh else BULK_TOGETHER])
            marks = cursor.fetchall()
        if not marks:
            return 0
        by_site: defaultdict[int, list[MarkRow]] = defaultdict(list)
        for mark in marks:
            by_site[mark[0]].append(mark)
        scores_lock({(site_id, company_id) for site_id, company_id, *_ in marks})
        for site_id in sorted(by_site):
            mine = by_site[site_id]
            try:
                with transaction.atomic():
                    scores_make(site_id=site_id, company_ids=sorted({mark[1] for mark in mine}), marks=mine)
            except SoftTimeLimitExceeded:
                raise
            except Exception:
                logger.exception("scores of site %d weren't made", site_id)
                marks_leave(mine)
            else:
                done += len(mine)
    return done


def scores_make(
    *, site_id: int, company_ids: Sequence[int], marks: Sequence[MarkRow] = (), is_backfill: bool = False
) -> None:
    """Make the scores of a site's companies anew. To be called in a transaction, with their locks.

    Of a company without a visit that counts there is none. `marks`: those that were taken for it. `is_backfill`: for
    another reason than that somebody was there; where a mark is waiting somebody may have been, and it is told as if by
    that. Thirteen queries at most for a hundred companies, and some where visits were deleted.
    """
    for start in range(0, len(company_ids), COMPANIES_TOGETHER):
        some = company_ids[start : start + COMPANIES_TOGETHER]
        wanted = set(some)
        _make(site_id, some, [mark for mark in marks if mark[1] in wanted], is_backfill)


def scores_cool() -> int:
    """Tell of companies that have cooled down, or warmed up, by time alone; return how many.

    Which they are the database finds out, so that only those are looked at here. Not of those whose score is about to
    be made anew.
    """
    told, after = 0, 0
    while True:
        now = clock.now()
        with connection.cursor() as cursor:
            differing = scores_differing(at=now, after_id=after, limit=COOLED_TOGETHER)
            cursor.execute(differing.sql, differing.params)
            found = cursor.fetchall()
        if not found:
            return told
        after = found[-1][0]
        told += _tell_cooled([(site_id, company_id) for _, site_id, company_id in found])


def site_forget(*, site_id: int) -> None:
    """Erase a deleted site's scores, their history and its rules. May run twice."""
    for model in (ScoreRun, ScoreDue, Score, ScoreChange, ScoringVersion):
        model.objects.filter(site_id=site_id).delete()


def changes_tidy() -> int:
    """Forget what was told longer ago than the site keeps visits; return how many changes. May run twice."""
    now, gone = clock.now(), 0
    for site_id, days in Site.objects.filter(retention_days__isnull=False).values_list("id", "retention_days"):
        gone += ScoreChange.objects.filter(site_id=site_id, at__lt=now - timedelta(days=days or 0)).delete()[0]
    return gone


def _make(site_id: int, company_ids: Sequence[int], marks: Sequence[MarkRow], is_backfill: bool) -> None:
    now = clock.now()
    before = {row.company_id: row for row in Score.objects.filter(site_id=site_id, company_id__in=company_ids)}
    reckoned = scores_reckoned(site_id=site_id, company_ids=company_ids, at=now)
    unmade = changes_unmake(site_id=site_id, marked=marked_of(marks), reckoned=reckoned, before=before, now=now)
    changes: list[ScoreChange] = []
    for company_id, row in reckoned.rows.items():
        if company_id in before:
            row.told_temperature = before[company_id].told_temperature
            row.told_category = before[company_id].told_category
        changes += changes_of(row, at=now, is_backfill=company_id in unmade)
    past_note(
        [change for change in changes if not change.is_backfill],
        reckoned=reckoned,
        before=before,
        marks=marks,
        now=now,
    )
    changes += _leave([row for company_id, row in before.items() if company_id not in reckoned.rows], now)
    Score.objects.bulk_create(
        reckoned.rows.values(),
        update_conflicts=True,
        unique_fields=["site_id", "company_id"],
        update_fields=[*MADE, "told_temperature", "told_category"],
    )
    changes_tell(changes)
    facts.publish(ScoreChanged(current_schema(), site_id, tuple(company_ids), is_backfill))


def _leave(gone: Sequence[Score], now: datetime) -> list[ScoreChange]:
    """Delete the scores of companies without a visit that counts; return what is to be told of it.

    Nothing of a company that is gone itself: what was told of it goes, also where that was stored after it had gone.
    """
    if not gone:
        return []
    Score.objects.filter(id__in=[row.id for row in gone]).delete()
    ids = [row.company_id for row in gone]
    left = set(Company.objects.filter(id__in=ids).values_list("id", flat=True))
    if len(left) < len(ids):
        ScoreChange.objects.filter(company_id__in=set(ids) - left).delete()
    return [change for row in gone if row.company_id in left for change in changes_of_gone(row, at=now)]


def _tell_cooled(pairs: Sequence[tuple[int, int]]) -> int:
    with transaction.atomic():
        scores_lock(pairs)
        now, company_ids = clock.now(), {company_id for _, company_id in pairs}
        # Whoever was there since has a mark: what the score is by then is told with it.
        waiting = set(ScoreDue.objects.filter(company_id__in=company_ids).values_list("site_id", "company_id"))
        asked = set(pairs) - waiting
        rows = [
            row for row in Score.objects.filter(company_id__in=company_ids) if (row.site_id, row.company_id) in asked
        ]
        changes = {row.id: changes_of(row, at=now, is_backfill=False) for row in rows}
        changed = [row for row in rows if changes[row.id]]
        for change in (one for row in changed for one in changes[row.id]):
            # Nobody was there: something that spoke against the company has fallen out of its window.
            change.is_backfill = is_rise(change)
        Score.objects.bulk_update(changed, ["told_temperature", "told_category"])
        changes_tell([change for row in changed for change in changes[row.id]])
    return len(changed)
