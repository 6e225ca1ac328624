"""What scoring knows first and tells the apps to its right."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class ScoreChanged:
    """Scores of one site's companies were made anew."""

    schema: str
    site_id: int
    company_ids: tuple[int, ...]
    is_backfill: bool  # for another reason than that somebody was there lately: rules, an imported log


@dataclass(frozen=True, slots=True)
class TemperatureChanged:
    """A company's temperature on a site is another than was told last; `change_id` is its models.ScoreChange.

    Told once for each change, also where it has merely cooled down, after what it rests on is stored. It may get lost:
    the row says the same.
    """

    schema: str
    change_id: int
    site_id: int
    company_id: int
    before: str  # sums.Temperature
    after: str
    score: int  # the total, as shown
    at: datetime
    rule_keys: tuple[str, ...]  # the rules that brought points then, the heaviest first
    is_backfill: bool  # reckoned from the past: no mails, no destinations


@dataclass(frozen=True, slots=True)
class CategoryChanged:
    """The same of a company's category; `score` is the intent, as shown."""

    schema: str
    change_id: int
    site_id: int
    company_id: int
    before: str  # sums.Category
    after: str
    score: int
    at: datetime
    rule_keys: tuple[str, ...]
    is_backfill: bool


@dataclass(frozen=True, slots=True)
class ScoringChanged:
    """Other rules are in force for a site: its scores are to be made anew."""

    schema: str
    site_id: int
