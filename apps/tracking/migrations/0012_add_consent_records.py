"""What visitors have agreed to, as it was said; and on the visit, by whom, on which text and when it was said last."""

from django.db import migrations, models


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
        migrations.AddField(
            model_name="session", name="consent_source", field=models.TextField(db_default="", default="")
        ),
        migrations.AddField(
            model_name="session", name="consent_version", field=models.TextField(db_default="", default="")
        ),
    ]
