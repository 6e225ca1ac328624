"""What the marks of a company say of why its score is made anew."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from .models import ScoreDue

# As `services` takes them and `ScoreDue` has them: the site, the company, whether it is of the past, from when on a
# visit is gone.
MarkRow = tuple[int, int, bool, datetime | None]


@dataclass(slots=True)
class Marked:
    """`is_live`: somebody may have done something; `is_past`: something of the past was changed. Both may be.

    `gone`: when visits began that were deleted.
    """

    is_live: bool = False
    is_past: bool = False
    gone: tuple[datetime, ...] = ()


def marked_of(rows: Iterable[MarkRow]) -> dict[int, Marked]:
    """Return what marks of one site say, by company."""
    marked: dict[int, Marked] = {}
    for _, company_id, is_past, gone_from in rows:
        one = marked.setdefault(company_id, Marked())
        if gone_from is not None:
            one.gone = (*one.gone, gone_from)
        elif is_past:
            one.is_past = True
        else:
            one.is_live = True
    return marked


def marks_waiting(*, site_id: int, company_ids: Sequence[int]) -> list[MarkRow]:
    """Return the marks of companies that nobody is done with yet. One query."""
    due = ScoreDue.objects.filter(site_id=site_id, company_id__in=company_ids)
    return list(due.values_list("site_id", "company_id", "is_past", "gone_from").distinct())


def marks_leave(rows: Iterable[MarkRow]) -> None:
    """Leave marks for whoever comes next, not as fresh: once where they say the same. One query."""
    ScoreDue.objects.bulk_create(
        ScoreDue(site_id=site_id, company_id=company_id, is_past=is_past, gone_from=gone_from)
        for site_id, company_id, is_past, gone_from in dict.fromkeys(rows)
    )
