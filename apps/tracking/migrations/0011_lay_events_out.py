"""Events laid out for less room: fixed columns by falling width, so that no padding lies between them, rare texts as
NULL, and one key.

The table had two indexes that hold each event's id. A leaf's own key is (site_id, event_id), which is what the writer
looks up and what keeps an event from being stored twice; the other need was to find a site's events by time, and that
is now an index without the id. A leaf's key needn't hold the time: the table above has none, and no rows either.

The leaves that are there are taken over as they are, with the new indexes. Takes about a second for a million events.
Every statement stands alone at top level, as Citus needs it.
"""

from django.db import migrations

COLUMNS = """
SELECT quote_ident(a.attname), format_type(a.atttypid, a.atttypmod), a.attnotnull, pg_get_expr(d.adbin, d.adrelid),
  t.typlen
FROM pg_attribute a JOIN pg_type t ON t.oid = a.atttypid
LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
WHERE a.attrelid = to_regclass('event') AND a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attnum
"""
LEAVES = """
SELECT quote_ident(child.relname), pg_get_expr(child.relpartbound, child.oid)
FROM pg_inherits JOIN pg_class child ON child.oid = inhrelid
WHERE inhparent = to_regclass('event') ORDER BY child.relname
"""
KEYS = "SELECT quote_ident(conname) FROM pg_constraint WHERE conrelid = to_regclass(%s) AND contype IN ('p', 'u')"
# Texts that nearly no event has: NULL takes no room.
SPARSE = ("fragment", "currency", "transaction_id", "canonical_url", "content_group", "page_language")
# What a value is aligned to is its width, for all fixed types here but uuid, whose 16 bytes may lie anywhere.
WIDEST = 8


def lay_out(apps, schema_editor):
    with schema_editor.connection.cursor() as cursor:
        cursor.execute(COLUMNS)
        columns = sorted(cursor.fetchall(), key=_place)
        cursor.execute(LEAVES)
        leaves = cursor.fetchall()
        cursor.execute("ALTER TABLE event RENAME TO event_before")
        cursor.execute(f"CREATE TABLE event ({', '.join(map(_written, columns))}) PARTITION BY RANGE (occurred_at)")
        for name, bounds in leaves:
            _take_over(cursor, name, bounds)
        cursor.execute("DROP TABLE event_before")
        cursor.execute("CREATE INDEX event_session ON event (session_id)")
        cursor.execute("CREATE INDEX event_site_occurred ON event (site_id, occurred_at)")


def _place(column):
    """Return where a column goes: fixed ones first, by falling width, and of one width what is never null first."""
    _, _, is_never_null, _, length = column
    return (length < 0, -min(length, WIDEST), length > 0 and not is_never_null)


def _written(column):
    name, kind, is_never_null, default, _ = column
    if name in SPARSE:
        return f"{name} {kind}"
    return " ".join(
        [name, kind, *(["NOT NULL"] if is_never_null else []), *([f"DEFAULT {default}"] if default else [])]
    )


def _take_over(cursor, leaf, bounds):
    cursor.execute(f"ALTER TABLE event_before DETACH PARTITION {leaf}")
    cursor.execute(KEYS, [leaf])
    for (key,) in cursor.fetchall():
        cursor.execute(f"ALTER TABLE {leaf} DROP CONSTRAINT {key}")
    for name in SPARSE:
        cursor.execute(f"ALTER TABLE {leaf} ALTER COLUMN {name} DROP NOT NULL")
    cursor.execute(f"ALTER TABLE {leaf} ADD PRIMARY KEY (site_id, event_id)")
    cursor.execute(f"ALTER TABLE event ATTACH PARTITION {leaf} {bounds}")


class Migration(migrations.Migration):
    dependencies = [("tracking", "0010_add_visit_columns")]

    operations = [
        migrations.RunPython(lay_out, migrations.RunPython.noop),
        # Since company matching leaves most visits alone, their updates need less room to stay off the indexes.
        migrations.RunSQL(["ALTER TABLE session SET (fillfactor = 90)"], migrations.RunSQL.noop),
    ]
