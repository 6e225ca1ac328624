"""Which events have met a goal, and how far applying one to the past is."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("tracking", "0012_add_consent_records"),
    ]

    operations = [
        migrations.CreateModel(
            name="GoalRun",
            fields=[
                ("goal_id", models.BigIntegerField(primary_key=True, serialize=False)),
                ("site_id", models.BigIntegerField()),
                ("state", models.TextField(default="applying")),
                ("asked_at", models.DateTimeField()),
                ("first_at", models.DateTimeField(null=True)),
                ("last_at", models.DateTimeField(null=True)),
                ("cursor_at", models.DateTimeField(null=True)),
                ("cursor_id", models.UUIDField(null=True)),
                ("found", models.BigIntegerField(default=0)),
                ("leased_until", models.DateTimeField(null=True)),
            ],
            options={
                "db_table": "goal_run",
            },
        ),
        migrations.CreateModel(
            name="Conversion",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("site_id", models.BigIntegerField()),
                ("goal_id", models.BigIntegerField()),
                ("event_id", models.UUIDField()),
                ("session_id", models.UUIDField()),
                ("occurred_at", models.DateTimeField()),
                ("value", models.DecimalField(decimal_places=4, max_digits=18, null=True)),
                ("currency", models.TextField(default="")),
                ("is_backfill", models.BooleanField(default=False)),
            ],
            options={
                "db_table": "conversion",
                "indexes": [
                    models.Index(fields=["site_id", "occurred_at"], name="conversion_site"),
                    models.Index(fields=["session_id"], name="conversion_session"),
                ],
                "constraints": [models.UniqueConstraint(fields=("goal_id", "event_id"), name="conversion_once")],
            },
        ),
    ]
