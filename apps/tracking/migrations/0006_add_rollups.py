"""Sums by site and local day, with marks of the days that have to be summed up anew."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("tracking", "0005_add_exclusion_rules")]

    operations: list[object] = []
