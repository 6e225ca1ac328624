"""Visits that are on a site now, as the live list shows them."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from django.db.models import QuerySet

from apps.networks.labels import network_label
from apps.scoring.selectors import ScoreNow
from apps.tracking.models import Session
from apps.tracking.wording import city_words


class Row(NamedTuple):
    """The columns of a visit that the list and the feed show."""

    id: UUID
    company_id: int | None
    network_kind: str
    city: str
    country: str
    exit_path: str
    source: str
    channel: str
    started_at: datetime


@dataclass(frozen=True, slots=True)
class Visit:
    """A present visit as the list shows it."""

    id: UUID
    company_id: int | None
    company_name: str
    network_kind: str
    city: str
    country: str
    path: str
    source: str
    is_paid: bool
    started_at: datetime
    score: int | None = None  # the company's total on this site; None: it has none yet
    temperature: str = ""

    @property
    def who(self) -> str:
        """The company's name, else what sort of network the visitor sits in."""
        return self.company_name or network_label(self.network_kind)

    @property
    def place(self) -> str:
        return ", ".join(part for part in (self.city, self.country) if part)

    @property
    def came_by(self) -> str:
        return f"{self.source or 'Direct'}, paid" if self.is_paid else self.source or "Direct"


def rows_of(visits: QuerySet[Session]) -> list[Row]:
    return [Row(*row) for row in visits.values_list(*Row._fields)]


def visit_of(row: Row, names: Mapping[int, str], scores: Mapping[int, ScoreNow]) -> Visit:
    name = names.get(row.company_id or 0, "")
    score = scores.get(row.company_id or 0) if name else None
    return Visit(
        id=row.id,
        # A company that was erased a moment ago has no page to lead to; one that is ignored isn't named here.
        company_id=row.company_id if name else None,
        company_name=name,
        network_kind=row.network_kind,
        city=city_words(row.city),
        country=row.country,
        path=row.exit_path,
        source=row.source,
        is_paid=row.channel.startswith("Paid"),
        started_at=row.started_at,
        score=score.shown if score else None,
        temperature=score.parts.temperature.value if score else "",
    )
