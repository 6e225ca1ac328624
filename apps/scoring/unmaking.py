"""Taking back what was told of companies by visits that are deleted, so that no line of time tells of these any more.

Which changes those were follows from what is left: a company's activity is followed anew up to the moment of each
change, and one that can't have been so goes. It may have been so if it lies between what could be known then and what
is known today of the same time.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from apps.sites.models import Site

from .formulas import HORIZON
from .marks import Marked
from .models import Score, ScoreChange
from .news import NEWS_FOR
from .ordered import activity_before, activity_until
from .reckoning import Reckoned
from .telling import rank_of, state_of

# What a visit adds has faded to a three-hundredth by then, and makes no change any more.
REACH = timedelta(days=60)


@dataclass(frozen=True, slots=True)
class _Gone:
    """A company's visit that was deleted; `since`: when it began."""

    company_id: int
    since: datetime


def changes_unmake(
    *, site_id: int, marked: Mapping[int, Marked], reckoned: Reckoned, before: Mapping[int, Score], now: datetime
) -> set[int]:
    """Take back what deleted visits of companies had made, and note in their rows what was told without it.

    Return whose rows that changed. Visits that the site no longer keeps tell nothing: their changes go with the tidy.
    Two queries where visits were deleted, and two for each company that something was told of since.
    """
    deleted = {company_id: one.gone for company_id, one in marked.items() if one.gone}
    if not deleted:
        return set()
    kept_days = Site.objects.filter(id=site_id).values_list("retention_days", flat=True).first()
    oldest = None if kept_days is None else now - timedelta(days=kept_days)
    gone = [
        _Gone(company_id, at)
        for company_id, moments in deleted.items()
        for at in sorted(set(moments))
        if oldest is None or at > oldest
    ]
    if not gone:
        return set()
    told = ScoreChange.objects.filter(
        site_id=site_id, company_id__in={one.company_id for one in gone}, at__gte=min(one.since for one in gone)
    )
    rows = list(told.order_by("at", "id"))
    return {one.company_id for one in gone if _unmake(one, rows, reckoned, before.get(one.company_id))}


def _unmake(gone: _Gone, rows: list[ScoreChange], reckoned: Reckoned, score: Score | None) -> bool:
    is_any = False
    for what in ScoreChange.What:
        mine = [row for row in rows if (row.company_id, row.what) == (gone.company_id, what) and row.at >= gone.since]
        left, state = _left(gone, mine, reckoned)
        if len(left) == len(mine):
            continue
        is_any, ids = True, {row.id for row in mine} - {row.id for row in left}
        ScoreChange.objects.filter(id__in=ids).delete()
        ScoreChange.objects.bulk_update(left, ["before"])
        # Of several deleted visits each takes its own.
        rows[:] = [row for row in rows if row.id not in ids]
        if score is not None:
            setattr(score, f"told_{what}", state)
    return is_any


def _left(gone: _Gone, rows: Sequence[ScoreChange], reckoned: Reckoned) -> tuple[list[ScoreChange], str]:
    """Return the changes that stay, each beginning where the one before ends, and where the last one ends."""
    state, left = (rows[0].before if rows else ""), []
    for row in rows:
        if row.after == state or not _may_be(row, gone, reckoned):
            continue
        row.before = state
        left.append(row)
        state = row.after
    return left, state


def _may_be(change: ScoreChange, gone: _Gone, reckoned: Reckoned) -> bool:
    """Return whether a change may have come about without the visit."""
    if change.at > gone.since + REACH:
        return True
    row = reckoned.rows.get(gone.company_id)
    if row is None:
        return False
    if change.at < row.as_of - HORIZON + REACH:
        # Too long ago to be followed anew: what was told while the visit was news is taken for its own.
        return change.at > gone.since + NEWS_FOR
    activity = reckoned.loaded[gone.company_id].activity
    known = reckoned.parts(gone.company_id, activity_before(activity, change.at), change.at)
    known_today = reckoned.parts(gone.company_id, activity_until(activity, change.at), change.at)
    if known_today is None:
        return False
    lowest = 0 if known is None else rank_of(state_of(known, change.what), change.what)
    highest = rank_of(state_of(known_today, change.what), change.what)
    # Of a page that counts against a company less is known, too.
    return min(lowest, highest) <= rank_of(change.after, change.what) <= max(lowest, highest)
