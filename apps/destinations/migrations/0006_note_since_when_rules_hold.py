from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("destinations", "0005_keep_when_it_was_last_off")]

    operations = [
        migrations.AddField("routingrule", "holds_since", models.DateTimeField(null=True)),
        migrations.RunSQL(
            ["UPDATE routing_rule SET holds_since = created_at WHERE holds_since IS NULL"], migrations.RunSQL.noop
        ),
    ]
