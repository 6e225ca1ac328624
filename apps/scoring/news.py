"""Whether a change is news: made by what somebody does just now, or reckoned from the past while somebody is there."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from .loading import Loaded
from .marks import Marked, MarkRow, marked_of, marks_waiting
from .models import Score, ScoreChange
from .ordered import activity_before
from .reckoning import Reckoned
from .telling import is_rise, state_of

# What somebody did longer ago is the past, and nobody is mailed for it, though no worker has seen it till now.
NEWS_FOR = timedelta(days=1)
# How long what somebody did takes to be reckoned, at most: on its way here, and waiting for a worker.
NEWS_SLACK = timedelta(minutes=10)
# The same where all goes well. Older than that, what came together with a change of the past made nothing by itself.
JUST_NOW = timedelta(minutes=1)


def past_note(
    changes: Sequence[ScoreChange],
    *,
    reckoned: Reckoned,
    before: Mapping[int, Score],
    marks: Sequence[MarkRow],
    now: datetime,
) -> None:
    """Note in the changes of a site, of companies that are there, which are no news. One query, where any may be."""
    undecided = []
    for change in changes:
        company_id = change.company_id
        if _is_there(reckoned.loaded[company_id], before.get(company_id), now):
            undecided.append(change)
        else:
            change.is_backfill = True
    if not undecided:
        return
    # Asked after the activity was read: what is in it has its mark among these, or among those that were taken.
    waiting = marks_waiting(site_id=undecided[0].site_id, company_ids=sorted({one.company_id for one in undecided}))
    marked = marked_of([*marks, *waiting])
    for change in undecided:
        change.is_backfill = _is_past(change, marked.get(change.company_id, Marked()), reckoned, now)


def _is_there(loaded: Loaded, before: Score | None, now: datetime) -> bool:
    """Return whether somebody is there just now, or has been since the score was last made (workers stood still)."""
    last = loaded.last_live_at
    if last is None:
        return False
    was_awaited = before is not None and last > before.calculated_at and last >= now - NEWS_FOR
    return last >= now - NEWS_SLACK or was_awaited


def _is_past(change: ScoreChange, marked: Marked, reckoned: Reckoned, now: datetime) -> bool:
    """Return whether a change would have come to the same without what was done lately.

    A visit that was given to the company, a goal that was applied to the past, visits that were matched late: whoever
    happens to be there hasn't made that. What a page view of just now makes is news, whatever came along with it.
    """
    if not marked.is_live:
        return True
    if not marked.is_past and not is_rise(change):
        return False
    since = now - (JUST_NOW if marked.is_past else NEWS_FOR)
    activity = activity_before(reckoned.loaded[change.company_id].activity, since)
    parts = reckoned.parts(change.company_id, activity, now)
    return parts is not None and state_of(parts, change.what) == change.after
