"""A member has one mail of a company a day, of whichever kind and site; of several that are there the first is kept."""

from django.db import migrations, models

FIRST_ALONE = """
DELETE FROM alert_sent AS further USING alert_sent AS kept
WHERE further.company_id IS NOT NULL
  AND (kept.user_id, kept.company_id, kept.day) = (further.user_id, further.company_id, further.day)
  AND (further.due_at IS NOT NULL OR further.sent_at IS NOT NULL)
  AND (kept.due_at IS NOT NULL OR kept.sent_at IS NOT NULL)
  AND (kept.sent_at IS NULL, kept.id) < (further.sent_at IS NULL, further.id)
"""


class Migration(migrations.Migration):
    dependencies = [("alerts", "0001_make_tables")]

    operations = [
        migrations.RunSQL(FIRST_ALONE, migrations.RunSQL.noop),
        migrations.AddConstraint(
            model_name="alertsent",
            constraint=models.UniqueConstraint(
                fields=["user_id", "company_id", "day"],
                name="alert_sent_one_a_day",
                condition=models.Q(company_id__isnull=False)
                & (models.Q(due_at__isnull=False) | models.Q(sent_at__isnull=False)),
            ),
        ),
    ]
