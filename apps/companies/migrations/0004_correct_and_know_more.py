import django.contrib.postgres.fields
import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("companies", "0003_note_who_told_networks"),
    ]

    operations = [
        migrations.CreateModel(
            name="SavedView",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("name", models.TextField()),
                ("site_id", models.BigIntegerField(null=True)),
                ("owner_id", models.BigIntegerField()),
                ("is_shared", models.BooleanField(default=False)),
                ("query", models.TextField()),
                ("created_at", models.DateTimeField()),
            ],
            options={
                "db_table": "company_view",
            },
        ),
        migrations.AddField(
            model_name="company",
            name="city",
            field=models.TextField(db_default="", default=""),
        ),
        migrations.AddField(
            model_name="company",
            name="country",
            field=models.TextField(db_default="", default=""),
        ),
        migrations.AddField(
            model_name="company",
            name="employees_from",
            field=models.IntegerField(null=True),
        ),
        migrations.AddField(
            model_name="company",
            name="employees_to",
            field=models.IntegerField(null=True),
        ),
        migrations.AddField(
            model_name="company",
            name="industry",
            field=models.TextField(db_default="", default=""),
        ),
        migrations.AddField(
            model_name="company",
            name="profile",
            field=models.JSONField(db_default={}, default=dict),
        ),
        migrations.AddField(
            model_name="company",
            name="technologies",
            field=django.contrib.postgres.fields.ArrayField(
                base_field=models.TextField(), db_default=[], default=list, size=None
            ),
        ),
        migrations.AddField(
            model_name="companyclient",
            name="is_ignored",
            field=models.BooleanField(db_default=False, default=False),
        ),
        migrations.AddField(
            model_name="companyclient",
            name="owner_id",
            field=models.BigIntegerField(null=True),
        ),
        migrations.AddField(
            model_name="companyclient",
            name="tags",
            field=django.contrib.postgres.fields.ArrayField(
                base_field=models.TextField(), db_default=[], default=list, size=None
            ),
        ),
        migrations.CreateModel(
            name="CompanyClue",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("site_id", models.BigIntegerField()),
                ("session_id", models.UUIDField()),
                ("ground", models.TextField()),
                ("domain", models.TextField()),
                ("name", models.TextField(default="")),
                ("evidence", models.JSONField(default=dict)),
                ("created_at", models.DateTimeField()),
            ],
            options={
                "db_table": "company_clue",
                "indexes": [models.Index(fields=["site_id"], name="company_clue_site")],
                "constraints": [
                    models.UniqueConstraint(fields=("session_id", "ground", "domain"), name="company_clue_once")
                ],
            },
        ),
        migrations.CreateModel(
            name="CompanyCorrection",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("kind", models.TextField()),
                ("domain", models.TextField()),
                ("condition", models.JSONField(default=dict)),
                ("to_domain", models.TextField(default="")),
                ("to_name", models.TextField(default="")),
                ("made_at", models.DateTimeField()),
                ("made_by", models.TextField()),
                ("undone_at", models.DateTimeField(null=True)),
                ("undone_by", models.TextField(default="")),
            ],
            options={
                "db_table": "company_correction",
                "indexes": [
                    models.Index(
                        condition=models.Q(("undone_at__isnull", True)),
                        fields=["domain"],
                        name="company_correction_in_force",
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="ProfileLookup",
            fields=[
                (
                    "company",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        primary_key=True,
                        related_name="lookup",
                        serialize=False,
                        to="companies.company",
                    ),
                ),
                ("source", models.TextField(default="")),
                ("due_at", models.DateTimeField()),
                ("asked_at", models.DateTimeField(null=True)),
                ("found", models.JSONField(null=True)),
                ("tries", models.SmallIntegerField(default=0)),
                ("error", models.TextField(default="")),
            ],
            options={
                "db_table": "profile_lookup",
                "indexes": [models.Index(fields=["due_at"], name="profile_lookup_due")],
            },
        ),
        migrations.CreateModel(
            name="TargetAccount",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("client_id", models.BigIntegerField()),
                ("domain", models.TextField()),
                ("name", models.TextField(default="")),
                ("added_at", models.DateTimeField()),
                ("added_by", models.TextField()),
            ],
            options={
                "db_table": "target_account",
                "constraints": [models.UniqueConstraint(fields=("client_id", "domain"), name="target_account_once")],
            },
        ),
        migrations.CreateModel(
            name="CompanyNote",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("client_id", models.BigIntegerField()),
                ("text", models.TextField()),
                (
                    "mentioned_ids",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.BigIntegerField(), default=list, size=None
                    ),
                ),
                ("author_id", models.BigIntegerField()),
                ("author_name", models.TextField()),
                ("written_at", models.DateTimeField()),
                ("edited_at", models.DateTimeField(null=True)),
                (
                    "company",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="notes", to="companies.company"
                    ),
                ),
            ],
            options={
                "db_table": "company_note",
                "indexes": [models.Index(fields=["company", "client_id", "-written_at"], name="company_note_of")],
            },
        ),
    ]
