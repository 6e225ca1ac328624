from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("companies", "0002_drop_what_nobody_knows")]

    operations = [
        migrations.CreateModel(
            name="NetworkLookup",
            fields=[
                ("session_id", models.UUIDField(primary_key=True, serialize=False)),
                ("site_id", models.BigIntegerField()),
                ("source", models.TextField()),
                ("due_at", models.DateTimeField(null=True)),
                ("until_at", models.DateTimeField()),
                ("tries", models.SmallIntegerField(default=0)),
                ("resolved_at", models.DateTimeField(null=True)),
            ],
            options={
                "db_table": "network_lookup",
                "indexes": [
                    models.Index(
                        condition=models.Q(("due_at__isnull", False)), fields=["due_at"], name="network_lookup_due"
                    )
                ],
            },
        ),
    ]
