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
class GoalReached:
    """Events met one goal of a site. Each is told once; those of set-aside visits are left out.

    Of a goal that counts once a visit a later event of the same visit is told as well, and an earlier one may come
    late: which conversion counts, apps.tracking.goals.selectors says.
    """

    schema: str
    site_id: int
    goal_id: int
    conversion_ids: tuple[int, ...]
    session_ids: tuple[UUID, ...]  # none twice
    is_backfill: bool  # found in the past or imported: no live, no mails, no destinations


@dataclass(frozen=True, slots=True)
class GoalChanged:
    """A goal is to be applied to the past."""

    schema: str
    goal_id: int


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
