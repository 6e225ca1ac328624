"""Links that the agency gives to companies, and which visits' addresses were asked for their names."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("companies", "0004_correct_and_know_more"),
    ]

    operations = [
        migrations.CreateModel(
            name="HostLookup",
            fields=[
                ("session_id", models.UUIDField(primary_key=True, serialize=False)),
                ("site_id", models.BigIntegerField()),
                ("due_at", models.DateTimeField(null=True)),
                ("until_at", models.DateTimeField()),
                ("tries", models.SmallIntegerField(default=0)),
            ],
            options={
                "db_table": "host_lookup",
                "indexes": [
                    models.Index(
                        condition=models.Q(("due_at__isnull", False)), fields=["due_at"], name="host_lookup_due"
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="LinkValue",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("site_id", models.BigIntegerField()),
                ("value", models.TextField()),
                ("domain", models.TextField()),
                ("name", models.TextField(default="")),
                ("added_at", models.DateTimeField()),
                ("added_by", models.TextField()),
            ],
            options={
                "db_table": "link_value",
                "constraints": [models.UniqueConstraint(fields=("site_id", "value"), name="link_value_once")],
            },
        ),
    ]
