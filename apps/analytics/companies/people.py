"""Who of a company has said who they are: by the keyed hash of what their page told with consent. No name is kept."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Count, Max, QuerySet

from apps.tracking.models import Session

from .one import events_of

PEOPLE_SHOWN = 20
STUB_LETTERS = 8


@dataclass(frozen=True, slots=True)
class Person:
    """`stub`: the first letters of the hash, by which one person is told from another."""

    stub: str
    visits: int
    last_at: datetime


@dataclass(frozen=True, slots=True)
class People:
    count: int
    shown: Sequence[Person]


def people_of(visits: QuerySet[Session], *, since: datetime | None, until: datetime | None) -> People:
    """Return who identified themselves in these visits, the last seen first. One query; none without visits.

    `since`, `until`: when the first of them began and the last one ended: only those months' events are looked into.
    """
    if since is None or until is None:
        return People(0, [])
    found = (
        events_of(visits)
        .filter(occurred_at__gte=since, occurred_at__lte=until, user_id_hash__isnull=False)
        .values_list("user_id_hash")
        .annotate(visits=Count("session_id", distinct=True), last_at=Max("occurred_at"))
        .order_by("-last_at")
    )
    rows = list(found)
    shown = [Person(bytes(key or b"").hex()[:STUB_LETTERS], n, last_at) for key, n, last_at in rows[:PEOPLE_SHOWN]]
    return People(len(rows), shown)
