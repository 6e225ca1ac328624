"""What companies knows first and tells the apps to its right."""

from dataclasses import dataclass
from uuid import UUID


@dataclass(frozen=True, slots=True)
class VisitsReopened:
    """Visits of the past are to be matched anew."""

    schema: str


@dataclass(frozen=True, slots=True)
class LinksChanged:
    """A site's links are others, and of stored visits, too."""

    schema: str
    site_id: int


@dataclass(frozen=True, slots=True)
class CompanyMatched:
    """Visits of one site have been told a company's. `left_company_ids`: whose some of the site's visits were before.

    Where visits are nobody's any more, only the latter says so.
    """

    schema: str
    site_id: int
    session_ids: tuple[UUID, ...]
    left_company_ids: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class CorrectionChanged:
    """A correction was made or undone, and not all stored visits that it concerns have been matched anew."""

    schema: str
    correction_id: int


@dataclass(frozen=True, slots=True)
class ColleagueMentioned:
    """A note mentions a member of the agency who is to be mailed. The mention is stored."""

    schema: str
    mention_id: int
