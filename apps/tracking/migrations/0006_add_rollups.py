"""Sums by site and local day, with marks of the days that have to be summed up anew."""

from django.db import migrations, models


def composite(*names):
    return models.CompositePrimaryKey(*names, blank=True, editable=False, primary_key=True, serialize=False)


class Migration(migrations.Migration):
    dependencies = [("tracking", "0005_add_exclusion_rules")]

    operations = [
        migrations.CreateModel(
            name="Rollup",
            fields=[
                ("pk", composite("site_id", "dimension", "day", "number")),
                ("site_id", models.BigIntegerField()),
                ("dimension", models.SmallIntegerField()),
                ("day", models.DateField()),
                ("number", models.IntegerField()),
                ("country", models.TextField()),
                ("region", models.TextField()),
                ("value", models.TextField()),
                ("visitors", models.IntegerField()),
                ("visits", models.IntegerField()),
                ("bounces", models.IntegerField()),
                ("visit_views", models.IntegerField()),
                ("duration", models.DurationField()),
                ("engaged_ms", models.BigIntegerField()),
                ("count", models.IntegerField()),
            ],
            options={"db_table": "rollup"},
        ),
        migrations.CreateModel(
            name="RollupDay",
            fields=[
                ("pk", composite("site_id", "day")),
                ("site_id", models.BigIntegerField()),
                ("day", models.DateField()),
                ("built_at", models.DateTimeField()),
            ],
            options={"db_table": "rollup_day"},
        ),
        migrations.CreateModel(
            name="RollupMark",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("site_id", models.BigIntegerField()),
                ("day", models.DateField()),
            ],
            options={
                "db_table": "rollup_mark",
                "indexes": [models.Index(fields=["site_id", "day"], name="rollup_mark_day")],
            },
        ),
    ]
