"""What a site has measured, of whom, and what its tag may keep. Sites that exist get no extras by themselves."""

import django.contrib.postgres.fields
from django.db import migrations, models

import apps.sites.switches

# Code of before, which runs on while agencies are migrated, makes sites without these columns.
DEFAULTS = """
ALTER TABLE sites_site ALTER COLUMN extras SET DEFAULT '{}', ALTER COLUMN requires_consent SET DEFAULT false,
  ALTER COLUMN honours_dnt SET DEFAULT false, ALTER COLUMN allows_storage SET DEFAULT false
"""


class Migration(migrations.Migration):
    dependencies = [("sites", "0003_add_ignored_user_agents")]

    operations = [
        migrations.AddField(
            model_name="site",
            name="extras",
            field=django.contrib.postgres.fields.ArrayField(
                base_field=models.CharField(max_length=32), blank=True, default=list, size=None
            ),
        ),
        migrations.AlterField(
            model_name="site",
            name="extras",
            field=django.contrib.postgres.fields.ArrayField(
                base_field=models.CharField(max_length=32),
                blank=True,
                default=apps.sites.switches.extras_of_new_site,
                size=None,
            ),
        ),
        migrations.AddField(model_name="site", name="requires_consent", field=models.BooleanField(default=False)),
        migrations.AddField(model_name="site", name="honours_dnt", field=models.BooleanField(default=False)),
        migrations.AddField(model_name="site", name="allows_storage", field=models.BooleanField(default=False)),
        migrations.RunSQL(DEFAULTS, migrations.RunSQL.noop),
    ]
