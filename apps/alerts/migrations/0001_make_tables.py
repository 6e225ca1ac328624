import django.contrib.postgres.fields
from django.db import migrations, models


class Migration(migrations.Migration):
    initial = True

    dependencies = []

    operations = [
        migrations.CreateModel(
            name="AlertSent",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("user_id", models.BigIntegerField()),
                ("site_id", models.BigIntegerField()),
                ("kind", models.TextField()),
                ("company_id", models.BigIntegerField(null=True)),
                ("day", models.DateField()),
                ("sent_at", models.DateTimeField(null=True)),
                ("tries", models.SmallIntegerField(default=0)),
                ("due_at", models.DateTimeField(null=True)),
                ("content", models.JSONField(default=dict)),
            ],
            options={
                "db_table": "alert_sent",
                "indexes": [
                    models.Index(
                        condition=models.Q(("due_at__isnull", False)), fields=["due_at"], name="alert_sent_due"
                    )
                ],
                "constraints": [
                    models.UniqueConstraint(
                        fields=("user_id", "site_id", "kind", "company_id", "day"),
                        name="alert_sent_once",
                        nulls_distinct=False,
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="Subscription",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("user_id", models.BigIntegerField()),
                ("site_id", models.BigIntegerField()),
                ("kind", models.TextField()),
                (
                    "pages",
                    django.contrib.postgres.fields.ArrayField(base_field=models.TextField(), default=list, size=None),
                ),
                ("created_at", models.DateTimeField()),
            ],
            options={
                "db_table": "alert_subscription",
                "constraints": [
                    models.UniqueConstraint(fields=("user_id", "site_id", "kind"), name="alert_subscription_once")
                ],
            },
        ),
    ]
