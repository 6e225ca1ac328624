"""Leaves of the event table: which there should be, made by whoever needs them, dropped when empty."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime

import pytest
from django.db import connection

from apps.agencies.models import Agency
from apps.core.tenancy import in_schema
from apps.tracking import partitions
from apps.tracking.partitions import Leaf, leaf_for, month_leaf, year_leaf
from tests.cast import Cast
from tests.factories_tracking import visit_make

TODAY = date(2026, 11, 18)


@pytest.mark.parametrize(
    ("moment", "existing", "expected"),
    [
        (datetime(2026, 11, 18, tzinfo=UTC), [], "event_y2026m11"),
        (datetime(2026, 12, 31, 23, 59, 59, 999_999, tzinfo=UTC), [], "event_y2026m12"),
        (datetime(2025, 1, 1, tzinfo=UTC), [], "event_y2025m01"),
        (datetime(2024, 12, 31, tzinfo=UTC), [], "event_y2024"),
        (datetime(2015, 5, 17, tzinfo=UTC), [], "event_y2015"),
        # Made of months when that year was young, it stays so.
        (datetime(2024, 5, 1, tzinfo=UTC), [month_leaf(2024, 3)], "event_y2024m05"),
        (datetime(2025, 5, 1, tzinfo=UTC), [year_leaf(2025)], "event_y2025"),
    ],
)
def test_events_lie_by_month_and_by_year_before_last_year(
    moment: datetime, existing: list[Leaf], expected: str
) -> None:
    assert leaf_for(moment, today=TODAY, existing=existing).name == expected


def test_a_year_ends_where_the_next_begins() -> None:
    assert month_leaf(2026, 12).ends_at == month_leaf(2027, 1).starts_at == year_leaf(2026).ends_at


def test_making_ahead_may_run_twice(in_alder: Cast) -> None:
    partitions.make_ahead()
    leaves = partitions.leaf_list()
    partitions.make_ahead()
    assert partitions.leaf_list() == leaves
    assert len(leaves) >= 2


def test_an_id_is_unique_in_a_leaf(in_alder: Cast) -> None:
    partitions.ensure([datetime(2031, 5, 1, tzinfo=UTC)])
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT array_agg(pg_get_constraintdef(oid)) FROM pg_constraint "
            "WHERE contype IN ('p', 'u') AND conrelid = to_regclass('event_y2031m05')"
        )
        assert cursor.fetchone() == (["PRIMARY KEY (site_id, event_id)"],)


def test_it_drops_empty_leaves_alone(in_alder: Cast) -> None:
    visit_make(in_alder.site, datetime(2015, 5, 17, tzinfo=UTC))
    partitions.ensure([datetime(2016, 5, 17, tzinfo=UTC)])
    assert partitions.drop_empty(before=datetime(2020, 1, 1, tzinfo=UTC)) == ["event_y2016"]
    assert "event_y2015" in [leaf.name for leaf in partitions.leaf_list()]


@pytest.mark.real
def test_several_may_make_the_same_leaves_at_once(real_agency: Agency) -> None:
    moments = [datetime(2030, month, 1, tzinfo=UTC) for month in (1, 2, 3)]

    def make(order: int) -> list[Leaf]:
        try:
            with in_schema(str(real_agency.schema_name)):
                return partitions.ensure(moments[order:] + moments[:order])
        finally:
            connection.close()

    with ThreadPoolExecutor(3) as threads:
        found = list(threads.map(make, range(3)))
    assert all(
        {"event_y2030m01", "event_y2030m02", "event_y2030m03"} <= {leaf.name for leaf in leaves} for leaves in found
    )
