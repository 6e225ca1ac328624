"""The function and the index by which companies are found. Changes no table; see apps.companies.search_index."""

from django.db import migrations

from apps.companies.search_index import search_index_make


def make(apps, schema_editor):
    search_index_make()


class Migration(migrations.Migration):
    dependencies = [
        ("companies", "0006_assign_links_and_ask_for_names"),
        ("companies", "0007_keep_who_knew_what"),
    ]

    operations = [migrations.RunPython(make, migrations.RunPython.noop)]
