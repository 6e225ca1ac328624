"""The domain of a business e-mail address that a page has given. Code of before leaves it empty."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("tracking", "0014_add_goals")]

    operations = [
        migrations.RunSQL(
            ["ALTER TABLE event ADD COLUMN email_domain text"], ["ALTER TABLE event DROP COLUMN email_domain"]
        ),
    ]
