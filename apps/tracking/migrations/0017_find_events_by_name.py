"""Events of a name in a period, for what is sent of the past: a site has far more page views than events."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("tracking", "0016_add_conversion_match")]

    operations = [
        migrations.RunSQL(
            "CREATE INDEX event_site_named ON event (site_id, name, occurred_at) WHERE kind = 'event'",
            "DROP INDEX event_site_named",
        ),
    ]
