"""Are scores what events, profiles and rules make them? Reckons them anew and compares, to the last bit."""

from collections.abc import Iterator
from dataclasses import dataclass

from django.db import transaction

from apps.core import clock

from .loading import COMPANIES_TOGETHER, companies_next
from .locks import scores_lock
from .models import Score, ScoreDue
from .reckoning import scores_reckoned
from .rows import MADE

# A version that changes no score makes none anew.
COMPARED = tuple(name for name in MADE if name not in ("calculated_at", "version_id"))


@dataclass(frozen=True, slots=True)
class Checked:
    """A company's score. `differing`: what isn't as it should be. `is_due`: it is about to be made anew anyway."""

    company_id: int
    differing: tuple[str, ...]
    is_due: bool


def scores_check(*, site_id: int) -> Iterator[Checked]:
    """Yield each company of a site. Nothing has to stand still: whoever makes scores waits for a hundred at a time."""
    after = 0
    while company_ids := companies_next(site_id=site_id, after_id=after, limit=COMPANIES_TOGETHER):
        after = company_ids[-1]
        with transaction.atomic():
            scores_lock((site_id, company_id) for company_id in company_ids)
            stored = {row.company_id: row for row in Score.objects.filter(site_id=site_id, company_id__in=company_ids)}
            reckoned = scores_reckoned(site_id=site_id, company_ids=company_ids, at=clock.now()).rows
            # Last: what was stored while the others were read has left its mark by now.
            due = set(ScoreDue.objects.filter(site_id=site_id).values_list("company_id", flat=True))
        for company_id in company_ids:
            differing = _differing(stored.get(company_id), reckoned.get(company_id))
            yield Checked(company_id, differing, company_id in due)


def _differing(stored: Score | None, reckoned: Score | None) -> tuple[str, ...]:
    if stored is None or reckoned is None:
        return () if stored is reckoned else ("missing" if stored is None else "there without a visit",)
    return tuple(name for name in COMPARED if getattr(stored, name) != getattr(reckoned, name))
