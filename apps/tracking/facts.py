"""What tracking knows first and tells the apps to its right."""

from dataclasses import dataclass
from uuid import UUID


@dataclass(frozen=True, slots=True)
class EventsStored:
    """The writer has committed events of one site. Told again when a batch is done again."""

    schema: str
    site_id: int
    session_ids: tuple[UUID, ...]  # sessions touched, none twice, set-aside ones left out
    is_backfill: bool  # imported: no live, no mails, no destinations
    unmatched_ids: tuple[UUID, ...] = ()  # of those sessions, the ones that company matching has to look at


@dataclass(frozen=True, slots=True)
class RuleChanged:
    """An exclusion rule is to be applied to the past, or undone."""

    schema: str
    rule_id: int


@dataclass(frozen=True, slots=True)
class SiteRemoved:
    """A site was deleted: nobody sees it any more, and what was stored of it is to be erased."""

    schema: str
    site_id: int


@dataclass(frozen=True, slots=True)
class SiteErased:
    """A deleted site's visits and events are gone; others have to follow. Told again if that broke off."""

    schema: str
    site_id: int
