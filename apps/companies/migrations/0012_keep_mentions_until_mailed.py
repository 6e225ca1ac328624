from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("companies", "0011_take_turns_over_links")]

    operations = [
        migrations.CreateModel(
            name="CompanyMention",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("user_id", models.BigIntegerField()),
                ("by_id", models.BigIntegerField()),
                ("path", models.TextField()),
                ("due_at", models.DateTimeField()),
                ("tries", models.PositiveSmallIntegerField(default=0)),
                (
                    "note",
                    models.ForeignKey(
                        on_delete=models.deletion.CASCADE, related_name="mentions", to="companies.companynote"
                    ),
                ),
            ],
            options={"db_table": "company_mention"},
        ),
        migrations.AddIndex(
            model_name="companymention",
            index=models.Index(fields=["due_at"], name="company_mention_due"),
        ),
    ]
