from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("destinations", "0005_keep_when_it_was_last_off")]

    operations = [
        migrations.AddField("routingrule", "holds_since", models.DateTimeField(null=True)),
        migrations.RunSQL(
            ["UPDATE routing_rule SET holds_since = created_at WHERE holds_since IS NULL"], migrations.RunSQL.noop
        ),
        migrations.CreateModel(
            name="RoutedEvent",
            fields=[
                ("event_id", models.UUIDField(primary_key=True, serialize=False)),
                ("routed_at", models.DateTimeField()),
            ],
            options={
                "db_table": "routed_event",
                "indexes": [models.Index(fields=["routed_at"], name="routed_event_at")],
            },
        ),
    ]
