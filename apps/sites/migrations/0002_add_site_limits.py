"""A site's own rate of requests, and the parameters of addresses that it keeps beside the usual ones."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("sites", "0001_make_tables")]

    operations: list[object] = []
