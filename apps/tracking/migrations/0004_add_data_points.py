"""More of what an event and its visit say: signals of bots, the page's own words, kinds of network."""

from django.db import migrations, models

# Each statement alone and on the parent: its leaves follow. A column with a constant default rewrites no row.
EVENT_COLUMNS = ("canonical_url", "content_group", "page_language")


class Migration(migrations.Migration):
    dependencies = [("tracking", "0003_wait_by_day_of_receipt")]

    operations = [
        migrations.AddField("session", "signals", models.TextField(default="", db_default="")),
        migrations.AddField("session", "postal", models.TextField(default="", db_default="")),
        migrations.AddField("session", "is_proxy", models.BooleanField(default=False, db_default=False)),
        migrations.AddField("session", "is_mobile_network", models.BooleanField(default=False, db_default=False)),
        *[
            migrations.RunSQL(
                [f"ALTER TABLE event ADD COLUMN {name} text NOT NULL DEFAULT ''"],
                [f"ALTER TABLE event DROP COLUMN {name}"],
                state_operations=[migrations.AddField("event", name, models.TextField())],
            )
            for name in EVENT_COLUMNS
        ],
    ]
