"""Parts of user agents by which the door refuses events of a site."""

import django.contrib.postgres.fields
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("sites", "0002_add_site_limits")]

    operations = [
        migrations.AddField(
            model_name="site",
            name="ignored_user_agents",
            field=django.contrib.postgres.fields.ArrayField(
                base_field=models.CharField(max_length=200), blank=True, default=list, size=None
            ),
        ),
    ]
