"""Which kinds of organisation become companies, and the parameter by which the agency names one.

What code of before makes has neither: it follows the agency, and no parameter is the agency's.
"""

import django.contrib.postgres.fields
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("sites", "0005_add_goals"),
    ]

    operations = [
        migrations.CreateModel(
            name="CompanyDefaults",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "kinds",
                    django.contrib.postgres.fields.ArrayField(base_field=models.CharField(max_length=16), size=None),
                ),
            ],
            options={"verbose_name_plural": "company defaults"},
        ),
        migrations.AddField(
            model_name="site",
            name="company_kinds",
            field=django.contrib.postgres.fields.ArrayField(
                base_field=models.CharField(max_length=16), null=True, size=None
            ),
        ),
        migrations.AddField(
            model_name="site",
            name="company_parameter",
            field=models.CharField(blank=True, db_default="", default="", max_length=64),
        ),
    ]
