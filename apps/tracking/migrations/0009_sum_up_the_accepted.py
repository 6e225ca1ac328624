"""Days from before the accepted were counted by themselves get their line: what became of them, summed up."""

from django.db import migrations

SUM_UP = """
INSERT INTO ledger (site_id, day, state, reason, count)
SELECT site_id, day, 'accepted', '', sum(count) FROM ledger
WHERE state IN ('counted', 'folded', 'set_aside', 'repeated', 'parked', 'erased')
GROUP BY site_id, day
ON CONFLICT (site_id, day, state, reason) DO NOTHING
"""


class Migration(migrations.Migration):
    dependencies = [("tracking", "0008_vacuum_early")]

    operations = [
        migrations.RunSQL([SUM_UP], migrations.RunSQL.noop),
    ]
