from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("companies", "0010_keep_views_with_their_client")]

    operations = [
        migrations.CreateModel(
            name="LinksRun",
            fields=[
                ("site_id", models.BigIntegerField(primary_key=True, serialize=False)),
                ("asked_at", models.DateTimeField()),
                ("cursor_at", models.DateTimeField(null=True)),
                ("cursor_id", models.UUIDField(null=True)),
                ("leased_until", models.DateTimeField(null=True)),
            ],
            options={"db_table": "links_run"},
        ),
    ]
