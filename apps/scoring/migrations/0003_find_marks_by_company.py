"""An index by which whoever takes a company's mark finds the others of the same company."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("scoring", "0002_mark_what_changed")]

    operations = [
        migrations.AddIndex(
            model_name="scoredue",
            index=models.Index(fields=["site_id", "company_id"], name="score_due_pair"),
        ),
    ]
