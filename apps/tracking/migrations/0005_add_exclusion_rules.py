"""Rules by which a site's visits are set aside, and which of them did it to a visit."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("tracking", "0004_add_data_points")]

    operations: list[object] = []
