from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("destinations", "0004_make_tell_and_send_once")]

    operations = [migrations.AddField("destination", "off_at", models.DateTimeField(null=True))]
