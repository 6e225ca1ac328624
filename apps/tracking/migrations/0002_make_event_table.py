"""The event table: range-partitioned by occurred_at. Leaves are made by apps.tracking.partitions, each with its own
UNIQUE (site_id, event_id). Every statement stands alone at top level, as Citus needs it."""

from django.db import migrations

EVENT = """
CREATE TABLE event (
    site_id bigint NOT NULL,
    event_id uuid NOT NULL,
    occurred_at timestamptz NOT NULL,
    received_at timestamptz NOT NULL,
    session_id uuid NOT NULL,
    visitor_id bigint NOT NULL,
    page_id uuid,
    kind text NOT NULL,
    name text NOT NULL DEFAULT '',
    origin text NOT NULL,
    set_aside text NOT NULL DEFAULT '',
    clock_skew_ms integer NOT NULL DEFAULT 0,
    is_late boolean NOT NULL DEFAULT false,
    is_interactive boolean NOT NULL DEFAULT false,
    host text NOT NULL DEFAULT '',
    path text NOT NULL DEFAULT '',
    query text NOT NULL DEFAULT '',
    fragment text NOT NULL DEFAULT '',
    title text NOT NULL DEFAULT '',
    referrer text NOT NULL DEFAULT '',
    engaged_ms integer NOT NULL DEFAULT 0,
    scroll_percent smallint NOT NULL DEFAULT 0,
    ttfb_ms integer,
    fcp_ms integer,
    lcp_ms integer,
    inp_ms integer,
    load_ms integer,
    cls double precision,
    value numeric(18, 4),
    currency text NOT NULL DEFAULT '',
    transaction_id text NOT NULL DEFAULT '',
    items jsonb,
    props jsonb,
    target jsonb,
    user_id_hash bytea,
    PRIMARY KEY (site_id, occurred_at, event_id)
) PARTITION BY RANGE (occurred_at)
"""


class Migration(migrations.Migration):
    dependencies = [("tracking", "0001_make_tables")]

    operations = [
        migrations.RunSQL([EVENT], ["DROP TABLE event"]),
        migrations.RunSQL(["CREATE INDEX event_session ON event (session_id)"], migrations.RunSQL.noop),
        # Sessions are updated many times while a visit lasts: room on the page keeps those updates HOT.
        migrations.RunSQL(["ALTER TABLE session SET (fillfactor = 80)"], migrations.RunSQL.noop),
    ]
