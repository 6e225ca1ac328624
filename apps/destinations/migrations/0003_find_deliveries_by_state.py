from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("destinations", "0001_destinations")]

    operations = [
        migrations.AddIndex(
            model_name="delivery",
            index=models.Index(
                condition=models.Q(("is_test", False)),
                fields=["destination", "state", "-created_at"],
                name="delivery_by_state",
            ),
        ),
    ]
