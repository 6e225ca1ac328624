"""What ad platforms recognise the visitors of conversions by, sealed and for a week at most."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("tracking", "0015_add_email_domain"),
    ]

    operations = [
        migrations.CreateModel(
            name="ConversionMatch",
            fields=[
                ("event_id", models.UUIDField(primary_key=True, serialize=False)),
                ("site_id", models.BigIntegerField()),
                ("session_id", models.UUIDField()),
                ("sealed", models.BinaryField()),
                ("stored_at", models.DateTimeField()),
            ],
            options={
                "db_table": "conversion_match",
                "indexes": [
                    models.Index(fields=["session_id"], name="conversion_match_session"),
                    models.Index(fields=["stored_at"], name="conversion_match_stored"),
                ],
            },
        ),
    ]
