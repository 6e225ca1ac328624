"""Leaves of the event table: a month each, and a year each before last year.

A leaf is made beside the table and attached, because CREATE TABLE ... PARTITION OF would lock the table against
everybody. Each statement stands alone at top level, as Citus needs it.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime

from django.db import OperationalError, connection, transaction

from apps.core import clock
from apps.core.tenancy import current_schema, quoted

from .locks import partitions_lock

LEAF_NAME = re.compile(r"^event_y(\d{4})(?:m(\d{2}))?$")
# Dropping a leaf locks the table: rather try again in an hour than make everybody queue behind a long query.
DROP_LOCK_TIMEOUT = "2s"

# Page views are updated by their engagement soon after they came. A little room on each page keeps most such updates
# off the indexes, which saves more there than it takes here; vacuumed early, what is left behind is filled again.
STORAGE = "fillfactor = 93, autovacuum_vacuum_scale_factor = 0.05, autovacuum_vacuum_insert_scale_factor = 0.1"

LEAVES = """
SELECT child.relname FROM pg_inherits
JOIN pg_class child ON child.oid = inhrelid
WHERE inhparent = to_regclass('event')
"""


@dataclass(frozen=True, slots=True, order=True)
class Leaf:
    """A leaf's span: `starts_at` included, `ends_at` not. Months have a month, years none."""

    starts_at: datetime
    ends_at: datetime
    name: str

    def holds(self, moment: datetime) -> bool:
        return self.starts_at <= moment < self.ends_at


def month_leaf(year: int, month: int) -> Leaf:
    following = (year + 1, 1) if month == 12 else (year, month + 1)
    return Leaf(_start(year, month), _start(*following), f"event_y{year:04}m{month:02}")


def year_leaf(year: int) -> Leaf:
    return Leaf(_start(year, 1), _start(year + 1, 1), f"event_y{year:04}")


def leaf_for(moment: datetime, *, today: date, existing: Iterable[Leaf] = ()) -> Leaf:
    """Return the leaf that holds or should hold `moment`.

    By year before last year, unless that year already has leaves of months from when it was young.
    """
    leaves = list(existing)
    for leaf in leaves:
        if leaf.holds(moment):
            return leaf
    year = moment.astimezone(UTC).year
    whole = year_leaf(year)
    if year < today.year - 1 and not any(whole.holds(leaf.starts_at) for leaf in leaves):
        return whole
    return month_leaf(year, moment.astimezone(UTC).month)


def leaf_list() -> list[Leaf]:
    """Return the current agency's leaves, oldest first. One query."""
    with connection.cursor() as cursor:
        cursor.execute(LEAVES)
        found = [LEAF_NAME.match(name) for (name,) in cursor.fetchall()]
    return sorted(
        month_leaf(int(match[1]), int(match[2])) if match[2] else year_leaf(int(match[1])) for match in found if match
    )


def ensure(moments: Iterable[datetime]) -> list[Leaf]:
    """Make the leaves that `moments` need in the current agency; return all that there are. May run side by side."""
    with transaction.atomic():
        partitions_lock()
        leaves = leaf_list()
        for moment in sorted(moments):
            leaf = leaf_for(moment, today=clock.today(), existing=leaves)
            if leaf not in leaves:
                _make(leaf)
                leaves.append(leaf)
    return sorted(leaves)


def make_ahead() -> None:
    """Make the leaves of this month and the next."""
    today = clock.today()
    this = month_leaf(today.year, today.month)
    ensure([this.starts_at, this.ends_at])


def drop_empty(*, before: datetime) -> list[str]:
    """Drop leaves without a row that end before `before`; return their names. One in use is left for another time."""
    return [leaf.name for leaf in leaf_list() if leaf.ends_at <= before and _drop_if_empty(leaf)]


def _make(leaf: Leaf) -> None:
    name = quoted(leaf.name)
    with connection.cursor() as cursor:
        cursor.execute(f"CREATE TABLE {name} (LIKE event INCLUDING ALL) WITH ({STORAGE})")
        # An id counts once in a site. Across leaves the writer looks, as a partitioned table's key must hold the time.
        # So the key is the leaf's own, and the table has none.
        cursor.execute(f"ALTER TABLE {name} ADD PRIMARY KEY (site_id, event_id)")
        cursor.execute(
            f"ALTER TABLE event ATTACH PARTITION {name} "
            f"FOR VALUES FROM ('{leaf.starts_at.isoformat()}') TO ('{leaf.ends_at.isoformat()}')"
        )


def _drop_if_empty(leaf: Leaf) -> bool:
    name = quoted(leaf.name)
    if not _is_empty(name):
        return False
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            partitions_lock()
            cursor.execute(f"SET LOCAL lock_timeout = '{DROP_LOCK_TIMEOUT}'")
            # The parent first, as writers do: in the other order the two could wait for each other.
            cursor.execute("LOCK TABLE event IN ACCESS EXCLUSIVE MODE")
            if not _is_empty(name):
                return False
            cursor.execute(f"DROP TABLE {name}")
    except OperationalError:
        return False
    return True


def _is_empty(name: str) -> bool:
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT EXISTS (SELECT FROM {quoted(current_schema())}.{name})")
        return not cursor.fetchone()[0]


def _start(year: int, month: int) -> datetime:
    return datetime(year, month, 1, tzinfo=UTC)
