"""Marks say what is of the past and from when on a visit has gone; a company takes its changes along.

Of the past is what nobody has done just now: a conversion that was found later or has gone, a goal that counts
otherwise, a visit of before that was another company's. One that somebody is on goes on under its new name.
"""

from django.db import migrations, models

VISIT_BEFORE = """
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
VISIT = """
CREATE OR REPLACE FUNCTION score_mark_visit() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    is_fresh boolean := coalesce(NEW.ended_at, OLD.ended_at) > now() - interval '10 minutes';
    is_past boolean := FALSE;
    gone_from timestamptz;
BEGIN
    IF TG_OP = 'DELETE' THEN
        gone_from := OLD.started_at;
    ELSIF TG_OP = 'UPDATE' THEN
        is_past := OLD.company_id IS NOT NULL AND NEW.company_id IS DISTINCT FROM OLD.company_id AND NOT is_fresh;
    END IF;
    IF TG_OP <> 'INSERT' AND OLD.company_id IS NOT NULL THEN
        INSERT INTO score_due (site_id, company_id, is_fresh, is_past, gone_from)
        VALUES (OLD.site_id, OLD.company_id, is_fresh, is_past, gone_from);
    END IF;
    IF TG_OP <> 'DELETE' AND NEW.company_id IS NOT NULL
       AND (TG_OP = 'INSERT' OR NEW.company_id IS DISTINCT FROM OLD.company_id) THEN
        INSERT INTO score_due (site_id, company_id, is_fresh, is_past)
        VALUES (NEW.site_id, NEW.company_id, is_fresh, is_past);
    END IF;
    RETURN NULL;
END $$
"""
CONVERSION_BEFORE = """
CREATE OR REPLACE FUNCTION score_mark_conversion() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO score_due (site_id, company_id, is_fresh)
    SELECT site_id, company_id, coalesce(NEW.occurred_at, OLD.occurred_at) > now() - interval '10 minutes'
    FROM session
    WHERE id = coalesce(NEW.session_id, OLD.session_id) AND company_id IS NOT NULL;
    RETURN NULL;
END $$
"""
CONVERSION = """
CREATE OR REPLACE FUNCTION score_mark_conversion() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO score_due (site_id, company_id, is_fresh, is_past)
    SELECT site_id, company_id, coalesce(NEW.occurred_at, OLD.occurred_at) > now() - interval '10 minutes',
      TG_OP = 'DELETE' OR NEW.is_backfill
    FROM session
    WHERE id = coalesce(NEW.session_id, OLD.session_id) AND company_id IS NOT NULL;
    RETURN NULL;
END $$
"""
GOAL_BEFORE = """
CREATE OR REPLACE FUNCTION score_mark_goal() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO score_due (site_id, company_id)
    SELECT DISTINCT session.site_id, session.company_id
    FROM conversion JOIN session ON session.id = conversion.session_id
    WHERE conversion.goal_id = NEW.id AND session.company_id IS NOT NULL;
    RETURN NULL;
END $$
"""
GOAL = """
CREATE OR REPLACE FUNCTION score_mark_goal() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO score_due (site_id, company_id, is_past)
    SELECT DISTINCT session.site_id, session.company_id, TRUE
    FROM conversion JOIN session ON session.id = conversion.session_id
    WHERE conversion.goal_id = NEW.id AND session.company_id IS NOT NULL;
    RETURN NULL;
END $$
"""
COMPANY_GONE = """
CREATE FUNCTION score_forget_company() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    DELETE FROM score_change WHERE company_id = OLD.id;
    RETURN NULL;
END $$
"""
ON_COMPANY_GONE = """
CREATE TRIGGER score_company_gone AFTER DELETE ON company FOR EACH ROW EXECUTE FUNCTION score_forget_company()
"""
LEFT_BEHIND = """
DELETE FROM score_change WHERE NOT EXISTS (SELECT FROM company WHERE company.id = score_change.company_id)
"""


class Migration(migrations.Migration):
    dependencies = [("scoring", "0005_keep_arrays_blank_by_default")]

    operations = [
        migrations.AddField(model_name="scoredue", name="is_past", field=models.BooleanField(db_default=False)),
        migrations.AddField(model_name="scoredue", name="gone_from", field=models.DateTimeField(null=True)),
        migrations.RunSQL([VISIT], [VISIT_BEFORE]),
        migrations.RunSQL([CONVERSION], [CONVERSION_BEFORE]),
        migrations.RunSQL([GOAL], [GOAL_BEFORE]),
        migrations.RunSQL([COMPANY_GONE], ["DROP FUNCTION score_forget_company()"]),
        migrations.RunSQL([ON_COMPANY_GONE], ["DROP TRIGGER score_company_gone ON company"]),
        migrations.RunSQL([LEFT_BEHIND], migrations.RunSQL.noop),
    ]
