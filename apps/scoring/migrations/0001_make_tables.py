import django.contrib.postgres.fields
from django.db import migrations, models


class Migration(migrations.Migration):
    initial = True

    dependencies = []

    operations = [
        migrations.CreateModel(
            name="ScoreDue",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("site_id", models.BigIntegerField()),
                ("company_id", models.BigIntegerField()),
            ],
            options={
                "db_table": "score_due",
            },
        ),
        migrations.CreateModel(
            name="ScoreRun",
            fields=[
                ("site_id", models.BigIntegerField(primary_key=True, serialize=False)),
                ("asked_at", models.DateTimeField()),
                ("companies", models.IntegerField(null=True)),
                ("done", models.IntegerField(default=0)),
                ("cursor_id", models.BigIntegerField(default=0)),
                ("leased_until", models.DateTimeField(null=True)),
                ("finished_at", models.DateTimeField(null=True)),
            ],
            options={
                "db_table": "score_run",
            },
        ),
        migrations.CreateModel(
            name="Score",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("site_id", models.BigIntegerField()),
                ("company_id", models.BigIntegerField()),
                ("version_id", models.BigIntegerField(null=True)),
                ("as_of", models.DateTimeField()),
                ("visits", models.FloatField()),
                ("views", models.FloatField()),
                ("engaged_minutes", models.FloatField()),
                ("scroll_ratio", models.FloatField()),
                ("visitors", models.FloatField()),
                (
                    "rule_sums",
                    django.contrib.postgres.fields.ArrayField(base_field=models.FloatField(), default=list, size=None),
                ),
                (
                    "rule_caps",
                    django.contrib.postgres.fields.ArrayField(base_field=models.FloatField(), default=list, size=None),
                ),
                (
                    "brief_rules",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.IntegerField(), default=list, size=None
                    ),
                ),
                (
                    "brief_points",
                    django.contrib.postgres.fields.ArrayField(base_field=models.FloatField(), default=list, size=None),
                ),
                (
                    "brief_until",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.DateTimeField(), default=list, size=None
                    ),
                ),
                ("fit", models.FloatField(null=True)),
                ("contact", models.FloatField(null=True)),
                ("learned", models.FloatField(null=True)),
                ("weights", django.contrib.postgres.fields.ArrayField(base_field=models.FloatField(), size=None)),
                ("temperature", models.TextField()),
                ("category", models.TextField()),
                ("told_temperature", models.TextField(default="cold")),
                ("told_category", models.TextField(default="looker")),
                ("calculated_at", models.DateTimeField()),
            ],
            options={
                "db_table": "score",
                "indexes": [models.Index(fields=["company_id"], name="score_company")],
                "constraints": [models.UniqueConstraint(fields=("site_id", "company_id"), name="score_once")],
            },
        ),
        migrations.CreateModel(
            name="ScoreChange",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("site_id", models.BigIntegerField()),
                ("company_id", models.BigIntegerField()),
                ("what", models.TextField()),
                ("before", models.TextField()),
                ("after", models.TextField()),
                ("score", models.SmallIntegerField()),
                ("is_backfill", models.BooleanField(default=False)),
                ("at", models.DateTimeField()),
            ],
            options={
                "db_table": "score_change",
                "indexes": [
                    models.Index(fields=["site_id", "at"], name="score_change_site"),
                    models.Index(fields=["company_id", "at"], name="score_change_company"),
                ],
            },
        ),
        migrations.CreateModel(
            name="ScoringVersion",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("site_id", models.BigIntegerField(null=True)),
                ("version", models.IntegerField()),
                ("content", models.JSONField()),
                ("note", models.TextField(default="")),
                ("made_at", models.DateTimeField()),
                ("made_by", models.TextField()),
            ],
            options={
                "db_table": "scoring_version",
                "constraints": [
                    models.UniqueConstraint(
                        fields=("site_id", "version"), name="scoring_version_once", nulls_distinct=False
                    )
                ],
            },
        ),
    ]
