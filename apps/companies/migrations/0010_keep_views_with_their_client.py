from django.db import migrations, models

# Stored views are of the client that has their site today.
_FILL = """
UPDATE company_view AS kept SET client_id = site.client_id
FROM sites_site AS site WHERE site.id = kept.site_id AND kept.client_id IS NULL
"""


class Migration(migrations.Migration):
    dependencies = [
        ("companies", "0008_find_companies"),
        ("sites", "0006_choose_kinds_of_companies"),
    ]

    operations = [
        migrations.AddField(model_name="savedview", name="client_id", field=models.BigIntegerField(null=True)),
        migrations.RunSQL(_FILL, migrations.RunSQL.noop),
    ]
