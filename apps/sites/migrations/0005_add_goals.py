"""What visitors are to do on a site."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("sites", "0004_add_switches"),
    ]

    operations = [
        migrations.CreateModel(
            name="Goal",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("name", models.CharField(max_length=100)),
                ("kind", models.CharField(max_length=16)),
                ("page", models.CharField(blank=True, default="", max_length=500)),
                ("event_name", models.CharField(blank=True, default="", max_length=64)),
                ("conditions", models.JSONField(default=list)),
                ("threshold", models.PositiveIntegerField(default=0)),
                ("value_from", models.CharField(default="none", max_length=8)),
                ("value", models.DecimalField(decimal_places=4, max_digits=18, null=True)),
                ("currency", models.CharField(blank=True, default="", max_length=3)),
                ("counts_every", models.BooleanField(default=False)),
                ("is_active", models.BooleanField(default=True)),
                ("archived_at", models.DateTimeField(null=True)),
                ("created_at", models.DateTimeField()),
                ("created_by", models.CharField(max_length=200)),
                ("changed_at", models.DateTimeField()),
                ("changed_by", models.CharField(max_length=200)),
                (
                    "site",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="goals", to="sites.site"
                    ),
                ),
            ],
            options={
                "ordering": ["id"],
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("archived_at__isnull", True)),
                        fields=("site", "name"),
                        name="goal_name_once",
                    )
                ],
            },
        ),
    ]
