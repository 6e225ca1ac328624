"""What visitors have agreed to, as it was said; and on the visit, by whom, on which text and when it was said last."""

from django.db import migrations, models

from apps.tracking.models.fields import SparseTextField


class Migration(migrations.Migration):
    dependencies = [("tracking", "0011_lay_events_out")]

    operations = [
        migrations.CreateModel(
            name="ConsentRecord",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("site_id", models.BigIntegerField()),
                ("session_id", models.UUIDField()),
                ("said_at", models.DateTimeField()),
                ("received_at", models.DateTimeField()),
                ("analytics", models.TextField()),
                ("marketing", models.TextField()),
                ("source", models.TextField()),
                ("text_version", models.TextField()),
                ("gpc", models.BooleanField()),
                ("dnt", models.BooleanField()),
            ],
            options={
                "db_table": "consent_record",
                "indexes": [models.Index(fields=["site_id"], name="consent_record_site")],
                "constraints": [models.UniqueConstraint(fields=("session_id", "said_at"), name="consent_record_once")],
            },
        ),
        migrations.AddField(model_name="session", name="consent_at", field=models.DateTimeField(null=True)),
        # SparseTextField: NULL where nothing was said, which the model reads as empty.
        migrations.RunSQL(
            ["ALTER TABLE session ADD COLUMN consent_source text, ADD COLUMN consent_version text"],
            ["ALTER TABLE session DROP COLUMN consent_source, DROP COLUMN consent_version"],
            state_operations=[
                migrations.AddField("session", "consent_source", SparseTextField()),
                migrations.AddField("session", "consent_version", SparseTextField()),
            ],
        ),
    ]
