"""A site's own rate of requests, and what it takes beyond the usual: parameters of addresses, pages without origin."""

import django.contrib.postgres.fields
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("sites", "0001_make_tables")]

    operations = [
        migrations.AddField(
            model_name="site",
            name="rate_per_second",
            field=models.PositiveIntegerField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name="site",
            name="query_parameters",
            field=django.contrib.postgres.fields.ArrayField(
                base_field=models.CharField(max_length=64), blank=True, default=list, size=None
            ),
        ),
        migrations.AddField(
            model_name="site",
            name="allows_null_origin",
            field=models.BooleanField(default=False),
        ),
    ]
