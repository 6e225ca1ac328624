"""What companies knows first and tells the apps to its right."""

from dataclasses import dataclass
from uuid import UUID


@dataclass(frozen=True, slots=True)
class VisitsReopened:
    """Visits of the past are to be matched anew."""

    schema: str


@dataclass(frozen=True, slots=True)
class CompanyMatched:
    """Visits of one site have been told a company's."""

    schema: str
    site_id: int
    session_ids: tuple[UUID, ...]
