"""Parked entries can be tried again; page views keep how long they lengthened their visit."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("tracking", "0006_add_rollups")]

    operations = [
        migrations.AddField("parkedentry", "tries", models.IntegerField(default=1)),
        migrations.AddField("parkedentry", "last_tried_at", models.DateTimeField(null=True)),
        migrations.AddField("parkedentry", "received_on", models.DateField(null=True)),
        migrations.AddField("parkedentry", "is_refusals", models.BooleanField(default=False)),
        migrations.RunSQL(
            ["ALTER TABLE event ADD COLUMN last_seen_at timestamptz"], ["ALTER TABLE event DROP COLUMN last_seen_at"]
        ),
    ]
