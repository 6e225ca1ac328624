"""What the scores of a site's companies should be, by what is stored of them. Nothing is written here."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from .activity import Activity
from .fit import Profile, fit_of
from .loading import Loaded, activities_load
from .models import Score
from .profiles import profiles_of
from .reading import parts_at
from .rows import row_of
from .rules import Scoring
from .running import sums_of
from .sums import Parts
from .versions import scoring_of


@dataclass(frozen=True, slots=True)
class Reckoned:
    """By company: `rows`, not stored, none where no visit counts, and what they rest on."""

    rows: Mapping[int, Score]
    loaded: Mapping[int, Loaded]
    scoring: Scoring
    fits: Mapping[int, float | None]

    def parts(self, company_id: int, activity: Activity, at: datetime) -> Parts | None:
        """Return what a company's score would be at a moment, had it done this alone; None where that is nothing."""
        sums = sums_of(activity, self.scoring, fit=self.fits[company_id])
        return None if sums is None else parts_at(sums, self.scoring.weights, max(at, sums.as_of))


def scores_reckoned(*, site_id: int, company_ids: Sequence[int], at: datetime) -> Reckoned:
    """Return what the scores of companies should be."""
    in_force = scoring_of(site_id)
    scoring = in_force.scoring
    profiles = profiles_of(company_ids)
    fits = {one: fit_of(scoring.ideal, profiles.get(one, Profile())) for one in company_ids}
    loaded = activities_load(site_id=site_id, company_ids=company_ids)
    rows = {}
    for company_id, one in loaded.items():
        sums = sums_of(one.activity, scoring, fit=fits[company_id])
        if sums is not None:
            rows[company_id] = row_of(
                sums,
                site_id=site_id,
                company_id=company_id,
                weights=scoring.weights,
                version_id=in_force.version_id,
                calculated_at=at,
            )
    return Reckoned(rows, loaded, scoring, fits)
