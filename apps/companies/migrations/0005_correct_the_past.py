from django.db import migrations, models

# What companies are called so far, visits have told: to be told from what corrections say. The rank is that of a name
# of which nobody noted who told it (apps.companies.naming).
TOLD = """
UPDATE company SET told = jsonb_build_object(
    'name', jsonb_build_array(3, floor(extract(epoch FROM created_at) * 1000)::bigint, name),
    'kind', jsonb_build_array(floor(extract(epoch FROM created_at) * 1000)::bigint, kind)
) WHERE told = '{}' AND name <> ''
"""


class Migration(migrations.Migration):
    dependencies = [("companies", "0004_correct_and_know_more")]

    operations = [
        migrations.AddField("company", "told", models.JSONField(db_default={}, default=dict)),
        migrations.RunSQL(TOLD, migrations.RunSQL.noop),
        migrations.AddField("companyclient", "is_left", models.BooleanField(db_default=False, default=False)),
        migrations.AddField("companymatch", "visit_ratio", models.FloatField(null=True)),
        migrations.AddField("companycorrection", "is_carried_out", models.BooleanField(db_default=True, default=True)),
        migrations.AddField("companycorrection", "leased_until", models.DateTimeField(null=True)),
        migrations.AddField("companycorrection", "cursor_id", models.UUIDField(null=True)),
        migrations.AddField("companycorrection", "visits_total", models.BigIntegerField(null=True)),
        migrations.AddField("companycorrection", "visits_done", models.BigIntegerField(db_default=0, default=0)),
        migrations.AddField("companycorrection", "visits_moved", models.BigIntegerField(db_default=0, default=0)),
        migrations.AddIndex("companyclue", models.Index(fields=["domain"], name="company_clue_domain")),
    ]
