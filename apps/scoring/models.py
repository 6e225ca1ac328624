"""Rules in their versions, what a score is made of, and which scores are to be made anew."""

from django.contrib.postgres.fields import ArrayField
from django.db import models


class ScoringVersion(models.Model):
    """Rules, weights and ideal customer of a site, or of the agency where a site has none of its own.

    Never changed: each saving is a version, the highest is in force. What it holds is a `rules.Scoring`.
    """

    site_id = models.BigIntegerField(null=True)  # null: the agency's defaults
    version = models.IntegerField()
    content = models.JSONField()  # rules.Scoring; null: the site follows the agency's again from here on
    note = models.TextField(default="")
    made_at = models.DateTimeField()
    made_by = models.TextField()

    class Meta:
        db_table = "scoring_version"
        constraints = [
            models.UniqueConstraint(fields=["site_id", "version"], name="scoring_version_once", nulls_distinct=False)
        ]


class Score(models.Model):
    """A company's score on a site, as what it can be read from at any later moment.

    All amounts are decayed to `as_of`, the company's last activity; at any moment after it each is worth
    2^(-age / 7 days) of that. How a score is read from them: `sums.parts_at`, and the same in SQL: `at_moment`.
    """

    site_id = models.BigIntegerField()
    company_id = models.BigIntegerField()
    version_id = models.BigIntegerField(null=True)  # ScoringVersion; null: the product's own defaults
    as_of = models.DateTimeField()
    visits = models.FloatField()
    views = models.FloatField()
    engaged_minutes = models.FloatField()
    scroll_ratio = models.FloatField()  # mean over page views, 0-1
    visitors = models.FloatField()
    # Of each rule with hits, by key: what its hits sum up to, and where that ends (below zero for negative ones).
    rule_keys = ArrayField(models.TextField(), default=list, db_default=[])
    rule_sums = ArrayField(models.FloatField(), default=list)
    rule_caps = ArrayField(models.FloatField(), default=list)
    # Hits that count up to a moment only, because their rule looks back so far and no farther. Keys in order: of which
    # rule (an index into the arrays above, counted from one as PostgreSQL does) and until when, as `rows` writes them;
    # amounts: what the rule's that count until then or longer add up to, at `as_of`. Found by halves, however many.
    brief_keys = ArrayField(models.BigIntegerField(), default=list, db_default=[])
    brief_amounts = ArrayField(models.FloatField(), default=list, db_default=[])
    fit = models.FloatField(null=True)  # 0-100; null: nothing is known to compare
    contact = models.FloatField(null=True)
    learned = models.FloatField(null=True)
    weights = ArrayField(models.FloatField())  # contact, fit, intent, engagement, learned
    # As the activity left it, by the thresholds with their hysteresis.
    temperature = models.TextField()
    category = models.TextField()
    # As was told last: what has cooled down since is found by comparing.
    told_temperature = models.TextField(default="cold")
    told_category = models.TextField(default="looker")
    calculated_at = models.DateTimeField()

    class Meta:
        db_table = "score"
        constraints = [models.UniqueConstraint(fields=["site_id", "company_id"], name="score_once")]
        indexes = [
            models.Index(fields=["company_id"], name="score_company"),
            models.Index(fields=["site_id"], name="score_hot", condition=models.Q(told_temperature="hot")),
        ]


class ScoreDue(models.Model):
    """A company's activity on a site has changed. Written by triggers with the change itself, so none is forgotten.

    The same may stand there several times: whoever writes must never wait for whoever reckons. Fresh ones are taken
    first: of a visit that ended, or a conversion that came, within ten minutes before the mark.
    """

    site_id = models.BigIntegerField()
    company_id = models.BigIntegerField()
    is_fresh = models.BooleanField(db_default=False)
    # Nobody did anything: a goal was applied to the past, or a visit of before was another company's.
    is_past = models.BooleanField(db_default=False)
    gone_from = models.DateTimeField(null=True)  # where a visit was deleted: when it began

    class Meta:
        db_table = "score_due"
        indexes = [
            models.Index(fields=["site_id", "company_id"], name="score_due_pair"),
            models.Index(fields=["id"], name="score_due_fresh", condition=models.Q(is_fresh=True)),
        ]


class ScoreChange(models.Model):
    """A temperature or category that changed, as it was told: what alerts, automations and the inbox rest on."""

    class What(models.TextChoices):
        TEMPERATURE = "temperature"
        CATEGORY = "category"

    site_id = models.BigIntegerField()
    company_id = models.BigIntegerField()
    what = models.TextField()  # What
    before = models.TextField()
    after = models.TextField()
    score = models.SmallIntegerField()  # the total, or the intent, as shown then
    # Rules that brought points then, the heaviest first.
    rule_keys = ArrayField(models.TextField(), default=list, db_default=[])
    is_backfill = models.BooleanField(default=False)  # reckoned from the past: nobody is mailed for it
    at = models.DateTimeField()

    class Meta:
        db_table = "score_change"
        indexes = [
            models.Index(fields=["site_id", "at"], name="score_change_site"),
            models.Index(fields=["company_id", "at"], name="score_change_company"),
        ]


class ScoreRun(models.Model):
    """A site's scores on their way to being made anew: after its rules changed, or by command."""

    site_id = models.BigIntegerField(primary_key=True)
    asked_at = models.DateTimeField()
    companies = models.IntegerField(null=True)  # null: not counted yet
    done = models.IntegerField(default=0)
    cursor_id = models.BigIntegerField(default=0)  # the last company that is done
    leased_until = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "score_run"
