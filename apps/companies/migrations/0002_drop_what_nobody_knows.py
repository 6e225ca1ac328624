"""A company's seat and industry aren't known from its network; its country stood for the first visitor's."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("companies", "0001_make_tables")]

    operations = [
        migrations.RemoveField(model_name="company", name="country"),
        migrations.RemoveField(model_name="company", name="industry"),
    ]
