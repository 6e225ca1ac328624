"""Hits that count up to a moment only are found by halves; rows and changes know their rules; fresh marks go first.

All scores are made anew for it: until a worker has done so, a row counts without such hits.
"""

import django.contrib.postgres.fields
from django.db import migrations, models

BEFORE = """
CREATE OR REPLACE FUNCTION score_mark_visit() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP <> 'INSERT' AND OLD.company_id IS NOT NULL THEN
        INSERT INTO score_due (site_id, company_id) VALUES (OLD.site_id, OLD.company_id);
    END IF;
    IF TG_OP <> 'DELETE' AND NEW.company_id IS NOT NULL
       AND (TG_OP = 'INSERT' OR NEW.company_id IS DISTINCT FROM OLD.company_id) THEN
        INSERT INTO score_due (site_id, company_id) VALUES (NEW.site_id, NEW.company_id);
    END IF;
    RETURN NULL;
END $$
"""
# Whoever is there, or was just now: what is deleted, moved or set aside of the past comes after it.
VISIT = """
CREATE OR REPLACE FUNCTION score_mark_visit() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    is_fresh boolean := coalesce(NEW.ended_at, OLD.ended_at) > now() - interval '10 minutes';
BEGIN
    IF TG_OP <> 'INSERT' AND OLD.company_id IS NOT NULL THEN
        INSERT INTO score_due (site_id, company_id, is_fresh) VALUES (OLD.site_id, OLD.company_id, is_fresh);
    END IF;
    IF TG_OP <> 'DELETE' AND NEW.company_id IS NOT NULL
       AND (TG_OP = 'INSERT' OR NEW.company_id IS DISTINCT FROM OLD.company_id) THEN
        INSERT INTO score_due (site_id, company_id, is_fresh) VALUES (NEW.site_id, NEW.company_id, is_fresh);
    END IF;
    RETURN NULL;
END $$
"""
CONVERSION_BEFORE = """
CREATE OR REPLACE FUNCTION score_mark_conversion() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO score_due (site_id, company_id)
    SELECT site_id, company_id FROM session
    WHERE id = CASE TG_OP WHEN 'DELETE' THEN OLD.session_id ELSE NEW.session_id END AND company_id IS NOT NULL;
    RETURN NULL;
END $$
"""
CONVERSION = """
CREATE OR REPLACE FUNCTION score_mark_conversion() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO score_due (site_id, company_id, is_fresh)
    SELECT site_id, company_id, coalesce(NEW.occurred_at, OLD.occurred_at) > now() - interval '10 minutes'
    FROM session
    WHERE id = coalesce(NEW.session_id, OLD.session_id) AND company_id IS NOT NULL;
    RETURN NULL;
END $$
"""
ALL = "INSERT INTO score_due (site_id, company_id) SELECT site_id, company_id FROM score"


def array(of):
    return django.contrib.postgres.fields.ArrayField(base_field=of, default=list, size=None)


class Migration(migrations.Migration):
    dependencies = [("scoring", "0003_find_marks_by_company")]

    operations = [
        migrations.RemoveField(model_name="score", name="brief_rules"),
        migrations.RemoveField(model_name="score", name="brief_points"),
        migrations.RemoveField(model_name="score", name="brief_until"),
        migrations.AddField(model_name="score", name="brief_keys", field=array(models.BigIntegerField())),
        migrations.AddField(model_name="score", name="brief_amounts", field=array(models.FloatField())),
        migrations.AddField(model_name="score", name="rule_keys", field=array(models.TextField())),
        # As many as there are rules: which they are is known once the row is made anew.
        migrations.RunSQL(
            ["UPDATE score SET rule_keys = array_fill(''::text, ARRAY[cardinality(rule_sums)])"],
            migrations.RunSQL.noop,
        ),
        migrations.AddField(model_name="scorechange", name="rule_keys", field=array(models.TextField())),
        migrations.AddField(model_name="scoredue", name="is_fresh", field=models.BooleanField(db_default=False)),
        migrations.AddIndex(
            model_name="scoredue",
            index=models.Index(condition=models.Q(("is_fresh", True)), fields=["id"], name="score_due_fresh"),
        ),
        migrations.RunSQL([VISIT], [BEFORE]),
        migrations.RunSQL([CONVERSION], [CONVERSION_BEFORE]),
        migrations.RunSQL([ALL], [ALL]),
    ]
