"""Making scores from what companies did.

A score follows from a company's visits, its profile and the site's rules, and from nothing else: so it may be made any
number of times, by several at once and after any of them was killed, and is the same in the end. Whoever makes one
takes its lock and only then reads; and a mark goes in the transaction that stores what it asked for.
"""

import logging
from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from celery.exceptions import SoftTimeLimitExceeded
from django.db import connection, transaction

from apps.core import clock, facts
from apps.core.tenancy import current_schema

from .at_moment import scores_differing
from .facts import ScoreChanged
from .fit import Profile, fit_of
from .loading import COMPANIES_TOGETHER, Loaded, activities_load
from .locks import bulk_lock, scores_lock
from .models import Score, ScoreChange, ScoreDue, ScoreRun, ScoringVersion
from .profiles import profiles_of
from .rows import MADE, row_of
from .running import sums_of
from .telling import changes_of, changes_of_gone, changes_tell, is_rise
from .versions import scoring_of

logger = logging.getLogger(__name__)

# Taken in one transaction, besides further ones of the same companies. Of those that aren't fresh fewer: somebody of
# one of these companies may come meanwhile, and waits for it.
MARKS_TOGETHER = 400
BULK_TOGETHER = 100
# Whoever works on by itself ends well before its message would be given to another; the sweep goes on.
WORK_FOR = timedelta(minutes=2)
# What a task works, before others' tasks that wait have their turn.
TURN = timedelta(seconds=2)
# What somebody did longer ago is the past, and nobody is mailed for it, though no worker has seen it till now.
NEWS_FOR = timedelta(days=1)
# How long what somebody did takes to be reckoned, at most: on its way here, and waiting for a worker.
NEWS_SLACK = timedelta(minutes=10)
COOLED_TOGETHER = 200

# The oldest marks, and with them all others of the same companies: one reckoning does for all that was there before it.
_TAKE = """
WITH oldest AS (
    SELECT site_id, company_id FROM score_due WHERE is_fresh = %s ORDER BY id LIMIT %s FOR UPDATE SKIP LOCKED
), same AS (
    SELECT score_due.id FROM (SELECT DISTINCT site_id, company_id FROM oldest) AS pair
    JOIN score_due USING (site_id, company_id) FOR UPDATE OF score_due SKIP LOCKED
)
DELETE FROM score_due WHERE id IN (SELECT id FROM same) RETURNING site_id, company_id
"""
Scores = Mapping[int, Score]


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
        by_site: defaultdict[int, set[int]] = defaultdict(set)
        for site_id, company_id in marks:
            by_site[site_id].add(company_id)
        scores_lock((site_id, company_id) for site_id, ids in by_site.items() for company_id in ids)
        for site_id in sorted(by_site):
            ids = sorted(by_site[site_id])
            try:
                with transaction.atomic():
                    scores_make(site_id=site_id, company_ids=ids)
            except SoftTimeLimitExceeded:
                raise
            except Exception:
                logger.exception("scores of site %d weren't made", site_id)
                ScoreDue.objects.bulk_create(ScoreDue(site_id=site_id, company_id=company_id) for company_id in ids)
            else:
                done += sum(1 for owner, _ in marks if owner == site_id)
    return done


def scores_make(*, site_id: int, company_ids: Sequence[int], is_backfill: bool = False) -> None:
    """Make the scores of a site's companies anew. To be called in a transaction, with their locks.

    Of a company without a visit that counts there is none. `is_backfill`: for another reason than that somebody was
    there; where a mark is waiting somebody may have been, and it is told as if by that. Twelve queries at most for a
    hundred companies.
    """
    for start in range(0, len(company_ids), COMPANIES_TOGETHER):
        _make(site_id, company_ids[start : start + COMPANIES_TOGETHER], is_backfill)


def scores_reckoned(*, site_id: int, company_ids: Sequence[int], at: datetime) -> tuple[Scores, dict[int, Loaded]]:
    """Return what the scores of companies should be, not stored, by company, and what they rest on."""
    in_force = scoring_of(site_id)
    scoring = in_force.scoring
    profiles = profiles_of(company_ids)
    loaded = activities_load(site_id=site_id, company_ids=company_ids)
    rows = {}
    for company_id, one in loaded.items():
        fit = fit_of(scoring.ideal, profiles.get(company_id, Profile()))
        sums = sums_of(one.activity, scoring, fit=fit)
        if sums is not None:
            rows[company_id] = row_of(
                sums,
                site_id=site_id,
                company_id=company_id,
                weights=scoring.weights,
                version_id=in_force.version_id,
                calculated_at=at,
            )
    return rows, loaded


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


def _make(site_id: int, company_ids: Sequence[int], is_backfill: bool) -> None:
    now = clock.now()
    before = {row.company_id: row for row in Score.objects.filter(site_id=site_id, company_id__in=company_ids)}
    rows, loaded = scores_reckoned(site_id=site_id, company_ids=company_ids, at=now)
    # Asked after the activity was read: a visit that is in it has its mark there, or with whoever waits for our locks.
    waiting = _waiting(site_id, company_ids) if is_backfill else set(company_ids)
    changes: list[ScoreChange] = []
    for company_id, row in rows.items():
        if company_id in before:
            row.told_temperature = before[company_id].told_temperature
            row.told_category = before[company_id].told_category
        is_past = company_id not in waiting or not _is_news(loaded[company_id], before.get(company_id), now)
        changes += changes_of(row, at=now, is_backfill=is_past)
    gone = [row for company_id, row in before.items() if company_id not in rows]
    for row in gone:
        changes += changes_of_gone(row, at=now)
    if gone:
        Score.objects.filter(id__in=[row.id for row in gone]).delete()
    Score.objects.bulk_create(
        rows.values(),
        update_conflicts=True,
        unique_fields=["site_id", "company_id"],
        update_fields=[*MADE, "told_temperature", "told_category"],
    )
    changes_tell(changes)
    facts.publish(ScoreChanged(current_schema(), site_id, tuple(company_ids), is_backfill))


def _waiting(site_id: int, company_ids: Sequence[int]) -> set[int]:
    """Return the companies that a mark is waiting for. One query."""
    due = ScoreDue.objects.filter(site_id=site_id, company_id__in=company_ids)
    return set(due.values_list("company_id", flat=True))


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


def _is_news(loaded: Loaded, before: Score | None, now: datetime) -> bool:
    """Return whether somebody is there just now, or has been since the score was last made (workers stood still).

    Else visits moved, a profile was learned or a goal applied to the past: nobody did anything that is worth a mail.
    """
    last = loaded.last_live_at
    if last is None:
        return False
    was_awaited = before is not None and last > before.calculated_at and last >= now - NEWS_FOR
    return last >= now - NEWS_SLACK or was_awaited
