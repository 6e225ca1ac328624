from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("destinations", "0003_find_deliveries_by_state")]

    operations = [
        migrations.AddField("destination", "form_key", models.UUIDField(null=True)),
        migrations.AddField("routingrule", "form_key", models.UUIDField(null=True)),
        migrations.AddField("destination", "problem_telling_until", models.DateTimeField(null=True)),
        migrations.AddField("destination", "off_since", models.DateTimeField(null=True)),
        migrations.AddField("destination", "on_since", models.DateTimeField(null=True)),
        migrations.AddField("delivery", "counted_by", models.TextField(default="", db_default="")),
        migrations.AddConstraint(
            "destination", models.UniqueConstraint(fields=("site_id", "form_key"), name="destination_form_once")
        ),
        migrations.AddConstraint(
            "routingrule", models.UniqueConstraint(fields=("destination", "form_key"), name="routing_rule_form_once")
        ),
    ]
