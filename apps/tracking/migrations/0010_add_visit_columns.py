"""Narrow copies of whole local days, an array a column, by which filtered reports count."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("tracking", "0009_sum_up_the_accepted"),
    ]

    operations = [
        migrations.CreateModel(
            name="VisitColumns",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "site_id", "day", blank=True, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("site_id", models.BigIntegerField()),
                ("day", models.DateField()),
                ("visits", models.IntegerField()),
                ("channel", models.BinaryField()),
                ("source", models.BinaryField()),
                ("medium", models.BinaryField()),
                ("campaign", models.BinaryField()),
                ("referrer_host", models.BinaryField()),
                ("entry_host", models.BinaryField()),
                ("network_kind", models.BinaryField()),
                ("organisation", models.BinaryField()),
                ("device", models.BinaryField()),
                ("browser", models.BinaryField()),
                ("system", models.BinaryField()),
                ("language", models.BinaryField()),
                ("company_id", models.BinaryField()),
                ("place", models.BinaryField()),
                ("visitor_id", models.BinaryField()),
                ("pageviews", models.BinaryField()),
                ("engaged_ms", models.BinaryField()),
                ("duration", models.BinaryField()),
                ("flags", models.BinaryField()),
                ("paths", models.BinaryField()),
                ("names", models.BinaryField()),
                ("entry_path", models.BinaryField()),
                ("exit_path", models.BinaryField()),
                ("views_of_visit", models.BinaryField()),
                ("view_path", models.BinaryField()),
                ("view_count", models.BinaryField()),
                ("view_engaged", models.BinaryField()),
                ("events_of_visit", models.BinaryField()),
                ("event_name", models.BinaryField()),
                ("event_path", models.BinaryField()),
                ("event_count", models.BinaryField()),
                ("event_engaged", models.BinaryField()),
                ("later", models.BinaryField()),
            ],
            options={
                "db_table": "visit_columns",
            },
        ),
        migrations.AddField(
            model_name="rollupday",
            name="has_columns",
            field=models.BooleanField(db_default=False, default=False),
        ),
    ]
