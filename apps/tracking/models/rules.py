"""A site's exclusion rules, and the visits about which they are to be asked again."""

from django.db import models


class ExclusionRule(models.Model):
    """A rule by which visits of a site are set aside. Which visits it has, the sessions say (`excluded_by`)."""

    class State(models.TextChoices):
        ACTIVE = "active"
        APPLYING = "applying"  # in force, and on its way through the visits that were stored before it
        UNDOING = "undoing"  # not in force any more, its visits on their way back
        UNDONE = "undone"

    site_id = models.BigIntegerField()
    conditions = models.JSONField()  # all must hold: [{"field": "country", "op": "is", "values": ["DE", "AT"]}, ...]
    reaches_back = models.BooleanField(default=False)  # also to visits that began before the rule was made
    state = models.TextField(default=State.ACTIVE)
    created_at = models.DateTimeField()
    created_by_id = models.BigIntegerField()
    created_by = models.TextField()
    undone_at = models.DateTimeField(null=True)
    undone_by_id = models.BigIntegerField(null=True)
    undone_by = models.TextField(default="")
    # How far applying or undoing is. Who works on it says until when, so that a killed one's work is taken up.
    leased_until = models.DateTimeField(null=True)
    cursor_at = models.DateTimeField(null=True)
    cursor_id = models.UUIDField(null=True)
    visits_done = models.BigIntegerField(default=0)
    visits_total = models.BigIntegerField(null=True)

    class Meta:
        db_table = "exclusion_rule"
        indexes = [models.Index(fields=["site_id"], name="exclusion_rule_site")]


class VisitToJudge(models.Model):
    """A visit that has changed since the site's rules were asked about it, and when to ask them."""

    session_id = models.UUIDField(primary_key=True)
    site_id = models.BigIntegerField()
    due_at = models.DateTimeField()

    class Meta:
        db_table = "visit_to_judge"
        indexes = [models.Index(fields=["due_at"], name="visit_to_judge_due")]
