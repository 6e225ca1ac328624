"""What updates leave behind is vacuumed early, so that it is filled again by what comes next."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("tracking", "0007_count_tries_of_parked")]

    operations = [
        migrations.RunSQL(["ALTER TABLE session SET (autovacuum_vacuum_scale_factor = 0.05)"], migrations.RunSQL.noop),
    ]
