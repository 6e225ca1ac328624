"""The migration that lays events out anew: what is stored stays as it is, and leaves of before go on being filled."""

from importlib import import_module
from types import SimpleNamespace

import pytest
from django.db import connection

from apps.tracking import partitions
from apps.tracking.models import Event
from tests.cast import Cast

from .arrivals import click, engagement, envelope, store, view, visits

BEFORE = import_module("apps.tracking.migrations.0002_make_event_table").EVENT
LAY_OUT = import_module("apps.tracking.migrations.0011_lay_events_out").lay_out
SINCE = ("ALTER TABLE event ADD COLUMN email_domain text",)
INDEXES = "SELECT indexdef FROM pg_indexes WHERE schemaname = current_schema() AND tablename = %s ORDER BY 1"
KEPT = "site_id, event_id, occurred_at, received_at, session_id, visitor_id, kind, origin, host, path"
LATER = ("canonical_url", "content_group", "page_language")
LEAF = "event_y2026m11"


def execute(*statements: str) -> None:
    with connection.cursor() as cursor:
        for statement in statements:
            cursor.execute(statement)


def lay_out() -> None:
    """Do it as the migration does, and what has come since, which the writer needs."""
    LAY_OUT(None, SimpleNamespace(connection=connection))
    execute(*SINCE)


def indexes() -> list[str]:
    """Return the columns of the leaf's indexes."""
    with connection.cursor() as cursor:
        cursor.execute(INDEXES, [LEAF])
        return sorted(definition.partition("USING btree ")[2] for (definition,) in cursor.fetchall())


@pytest.fixture
def of_before(in_alder: Cast) -> Cast:
    """The event table as it was, with a leaf in which a page view lies."""
    partitions.make_ahead()
    store(envelope(in_alder.site, view(0, "/kept", title="Kept")))
    execute(
        "CREATE TEMPORARY TABLE stored AS SELECT * FROM event",
        "DROP TABLE event",
        BEFORE,
        "CREATE INDEX event_session ON event (session_id)",
        *(f"ALTER TABLE event ADD COLUMN {name} text NOT NULL DEFAULT ''" for name in LATER),
        "ALTER TABLE event ADD COLUMN last_seen_at timestamptz",
        f"CREATE TABLE {LEAF} (LIKE event INCLUDING ALL)",
        f"ALTER TABLE {LEAF} ADD UNIQUE (site_id, event_id)",
        f"ALTER TABLE event ATTACH PARTITION {LEAF} FOR VALUES FROM ('2026-11-01') TO ('2026-12-01')",
        f"INSERT INTO event ({KEPT}) SELECT {KEPT} FROM stored",
    )
    return in_alder


def test_events_of_before_stay_and_their_leaf_goes_on(of_before: Cast) -> None:
    lay_out()
    site, page = of_before.site, view(10, "/new")
    store(envelope(site, page), envelope(site, engagement(11, page, 5), click(12)))
    rows = Event.objects.filter(site_id=site.id, kind="pageview").order_by("occurred_at")
    assert [(row.path, row.engaged_ms) for row in rows] == [("/kept", 0), ("/new", 5_000)]
    assert len(visits(site)) == 1
    assert indexes() == ["(session_id)", "(site_id, event_id)", "(site_id, occurred_at)"]


def test_a_leaf_of_before_still_refuses_an_id_twice(of_before: Cast) -> None:
    lay_out()
    known = Event.objects.get(path="/kept")
    again = view(1, event_id=known.event_id)
    store(envelope(of_before.site, again))
    assert Event.objects.get(event_id=known.event_id).occurred_at == known.occurred_at


def test_columns_lie_by_falling_width(in_alder: Cast) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT typlen FROM pg_attribute JOIN pg_type ON pg_type.oid = atttypid "
            "WHERE attrelid = 'event'::regclass AND attnum > 0 ORDER BY attnum"
        )
        widths = [min(width, 8) if width > 0 else 0 for (width,) in cursor.fetchall()]
    assert widths == sorted(widths, reverse=True)
