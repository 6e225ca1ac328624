"""Arrays that 0004 added are blank where nobody says otherwise: older code, which doesn't know them, can write rows."""

import django.contrib.postgres.fields
from django.db import migrations, models


def array(of):
    return django.contrib.postgres.fields.ArrayField(base_field=of, db_default=[], default=list, size=None)


class Migration(migrations.Migration):
    dependencies = [("scoring", "0004_search_brief_hits")]

    operations = [
        migrations.AlterField(model_name="score", name="brief_amounts", field=array(models.FloatField())),
        migrations.AlterField(model_name="score", name="brief_keys", field=array(models.BigIntegerField())),
        migrations.AlterField(model_name="score", name="rule_keys", field=array(models.TextField())),
        migrations.AlterField(model_name="scorechange", name="rule_keys", field=array(models.TextField())),
    ]
