"""Triggers that note which companies' scores are to be made anew, in the transaction that changes what they rest on.

Functions name tables without their schema: an agency's is renamed when it gets its spare, and every connection's search
path leads to the agency that it works for. Which columns a statement writes decides, not whether they differ: a page
view that was scrolled farther is seen by its visit being written, though none of the visit's own figures has changed.
Visits without a company, nearly all that the writer stores, cost the question whether they have one.
"""

from django.db import migrations, models

VISIT = """
CREATE FUNCTION score_mark_visit() RETURNS trigger LANGUAGE plpgsql AS $$
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
VISIT_MADE = """
CREATE TRIGGER score_visit_made AFTER INSERT ON session FOR EACH ROW
WHEN (NEW.company_id IS NOT NULL) EXECUTE FUNCTION score_mark_visit()
"""
VISIT_GONE = """
CREATE TRIGGER score_visit_gone AFTER DELETE ON session FOR EACH ROW
WHEN (OLD.company_id IS NOT NULL) EXECUTE FUNCTION score_mark_visit()
"""
VISIT_WRITTEN = """
CREATE TRIGGER score_visit_written
AFTER UPDATE OF set_aside, visitor_id, started_at, ended_at, engaged_ms, source, channel, campaign
ON session FOR EACH ROW
WHEN (OLD.company_id IS NOT NULL AND OLD.company_id IS NOT DISTINCT FROM NEW.company_id)
EXECUTE FUNCTION score_mark_visit()
"""
VISIT_LINKED = """
CREATE TRIGGER score_visit_linked AFTER UPDATE ON session FOR EACH ROW
WHEN (OLD.company_id IS DISTINCT FROM NEW.company_id) EXECUTE FUNCTION score_mark_visit()
"""
# A conversion that follows its visit into another one isn't asked: both visits are written with it.
CONVERSION = """
CREATE FUNCTION score_mark_conversion() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO score_due (site_id, company_id)
    SELECT site_id, company_id FROM session
    WHERE id = CASE TG_OP WHEN 'DELETE' THEN OLD.session_id ELSE NEW.session_id END AND company_id IS NOT NULL;
    RETURN NULL;
END $$
"""
CONVERSION_CHANGED = """
CREATE TRIGGER score_conversion_changed AFTER INSERT OR DELETE ON conversion FOR EACH ROW
EXECUTE FUNCTION score_mark_conversion()
"""
GOAL = """
CREATE FUNCTION score_mark_goal() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO score_due (site_id, company_id)
    SELECT DISTINCT session.site_id, session.company_id
    FROM conversion JOIN session ON session.id = conversion.session_id
    WHERE conversion.goal_id = NEW.id AND session.company_id IS NOT NULL;
    RETURN NULL;
END $$
"""
GOAL_CHANGED = """
CREATE TRIGGER score_goal_changed AFTER UPDATE ON sites_goal FOR EACH ROW
WHEN (OLD.counts_every <> NEW.counts_every OR (OLD.archived_at IS NULL) <> (NEW.archived_at IS NULL))
EXECUTE FUNCTION score_mark_goal()
"""
COMPANY = """
CREATE FUNCTION score_mark_company() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO score_due (site_id, company_id) SELECT site_id, company_id FROM score WHERE company_id = NEW.id;
    RETURN NULL;
END $$
"""
COMPANY_CHANGED = """
CREATE TRIGGER score_company_changed AFTER UPDATE ON company FOR EACH ROW
WHEN ((OLD.industry, OLD.employees_from, OLD.employees_to, OLD.country, OLD.technologies)
      IS DISTINCT FROM (NEW.industry, NEW.employees_from, NEW.employees_to, NEW.country, NEW.technologies))
EXECUTE FUNCTION score_mark_company()
"""
# Whoever is stored already gets a score, too.
ALL = """
INSERT INTO score_due (site_id, company_id)
SELECT DISTINCT site_id, company_id FROM session WHERE company_id IS NOT NULL
"""


def drop(trigger, table):
    return [f"DROP TRIGGER {trigger} ON {table}"]


class Migration(migrations.Migration):
    dependencies = [
        ("scoring", "0001_make_tables"),
        ("companies", "0004_correct_and_know_more"),
        ("tracking", "0014_add_goals"),
        ("sites", "0005_add_goals"),
    ]

    operations = [
        migrations.RunSQL([VISIT], ["DROP FUNCTION score_mark_visit()"]),
        migrations.RunSQL([VISIT_MADE], drop("score_visit_made", "session")),
        migrations.RunSQL([VISIT_GONE], drop("score_visit_gone", "session")),
        migrations.RunSQL([VISIT_WRITTEN], drop("score_visit_written", "session")),
        migrations.RunSQL([VISIT_LINKED], drop("score_visit_linked", "session")),
        migrations.RunSQL([CONVERSION], ["DROP FUNCTION score_mark_conversion()"]),
        migrations.RunSQL([CONVERSION_CHANGED], drop("score_conversion_changed", "conversion")),
        migrations.RunSQL([GOAL], ["DROP FUNCTION score_mark_goal()"]),
        migrations.RunSQL([GOAL_CHANGED], drop("score_goal_changed", "sites_goal")),
        migrations.RunSQL([COMPANY], ["DROP FUNCTION score_mark_company()"]),
        migrations.RunSQL([COMPANY_CHANGED], drop("score_company_changed", "company")),
        migrations.RunSQL([ALL], migrations.RunSQL.noop),
        # Marks come and go by the thousand: what is left behind is vacuumed before looking for the next ones reads it.
        migrations.RunSQL(
            ["ALTER TABLE score_due SET (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 5000)"],
            migrations.RunSQL.noop,
        ),
        migrations.AddIndex(
            model_name="score",
            index=models.Index(condition=models.Q(("told_temperature", "hot")), fields=["site_id"], name="score_hot"),
        ),
    ]
