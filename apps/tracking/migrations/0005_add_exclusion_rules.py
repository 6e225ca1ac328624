"""Rules by which a site's visits are set aside, and which of them did it to a visit."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("tracking", "0004_add_data_points")]

    operations = [
        migrations.CreateModel(
            name="ExclusionRule",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("site_id", models.BigIntegerField()),
                ("conditions", models.JSONField()),
                ("reaches_back", models.BooleanField(default=False)),
                ("state", models.TextField(default="active")),
                ("created_at", models.DateTimeField()),
                ("created_by_id", models.BigIntegerField()),
                ("created_by", models.TextField()),
                ("undone_at", models.DateTimeField(null=True)),
                ("undone_by_id", models.BigIntegerField(null=True)),
                ("undone_by", models.TextField(default="")),
                ("leased_until", models.DateTimeField(null=True)),
                ("cursor_at", models.DateTimeField(null=True)),
                ("cursor_id", models.UUIDField(null=True)),
                ("visits_done", models.BigIntegerField(default=0)),
                ("visits_total", models.BigIntegerField(null=True)),
            ],
            options={
                "db_table": "exclusion_rule",
                "indexes": [models.Index(fields=["site_id"], name="exclusion_rule_site")],
            },
        ),
        migrations.CreateModel(
            name="VisitToJudge",
            fields=[
                ("session_id", models.UUIDField(primary_key=True, serialize=False)),
                ("site_id", models.BigIntegerField()),
                ("due_at", models.DateTimeField()),
            ],
            options={
                "db_table": "visit_to_judge",
                "indexes": [models.Index(fields=["due_at"], name="visit_to_judge_due")],
            },
        ),
        migrations.AddField(
            model_name="session",
            name="excluded_by",
            field=models.BigIntegerField(null=True),
        ),
        migrations.AddIndex(
            model_name="session",
            index=models.Index(
                condition=models.Q(("excluded_by__isnull", False)),
                fields=["excluded_by", "started_at"],
                name="session_excluded",
            ),
        ),
    ]
