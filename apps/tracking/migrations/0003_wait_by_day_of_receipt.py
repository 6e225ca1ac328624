"""Totals wait for their page view by UTC day of receipt: those of one page may come on two days, a row each."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("tracking", "0002_make_event_table")]

    operations = [
        migrations.RemoveConstraint(model_name="pendingengagement", name="pending_engagement_once"),
        migrations.AddConstraint(
            model_name="pendingengagement",
            constraint=models.UniqueConstraint(
                fields=("site_id", "page_id", "received_on"), name="pending_engagement_once"
            ),
        ),
    ]
