"""Goals that were reached, and how far applying one to the past is."""

from django.db import models


class Conversion(models.Model):
    """An event that met a goal: once for each goal and event, whatever comes twice.

    All that met one are kept; which of them count follows when they are read (apps.tracking.goals.selectors): those of
    visits that aren't set aside, and of a goal that counts once a visit the earliest of each visit. So that is right
    after events came late, visits were joined, a rule was undone or the goal was changed. Goes with its visit.
    """

    site_id = models.BigIntegerField()
    goal_id = models.BigIntegerField()
    event_id = models.UUIDField()  # for scroll depth and engaged time the page view's
    session_id = models.UUIDField()
    occurred_at = models.DateTimeField()  # the event's
    value = models.DecimalField(max_digits=18, decimal_places=4, null=True)
    currency = models.TextField(default="")
    # Found in the past or in an imported log: nothing is sent anywhere for it.
    is_backfill = models.BooleanField(default=False)

    class Meta:
        db_table = "conversion"
        constraints = [models.UniqueConstraint(fields=["goal_id", "event_id"], name="conversion_once")]
        indexes = [
            models.Index(fields=["site_id", "occurred_at"], name="conversion_site"),
            models.Index(fields=["session_id"], name="conversion_session"),
        ]


class ConversionMatch(models.Model):
    """What ad platforms recognise the visitor of a conversion by, sealed (apps.tracking.match_keys opens it).

    Of conversions that may be sent on alone, with marketing consent, for a week at most.
    """

    event_id = models.UUIDField(primary_key=True)
    site_id = models.BigIntegerField()
    session_id = models.UUIDField()
    sealed = models.BinaryField()
    stored_at = models.DateTimeField()

    class Meta:
        db_table = "conversion_match"
        indexes = [
            models.Index(fields=["session_id"], name="conversion_match_session"),
            models.Index(fields=["stored_at"], name="conversion_match_stored"),
        ]


class GoalRun(models.Model):
    """A goal on its way through what was stored before it; events before `cursor_at` are done."""

    class State(models.TextChoices):
        APPLYING = "applying"
        DONE = "done"

    goal_id = models.BigIntegerField(primary_key=True)
    site_id = models.BigIntegerField()
    state = models.TextField(default=State.APPLYING)
    asked_at = models.DateTimeField()
    # The events that there were, as it began; null: not looked yet.
    first_at = models.DateTimeField(null=True)
    last_at = models.DateTimeField(null=True)
    cursor_at = models.DateTimeField(null=True)
    cursor_id = models.UUIDField(null=True)
    found = models.BigIntegerField(default=0)
    # Who works on it says until when, so that a killed one's work is taken up.
    leased_until = models.DateTimeField(null=True)

    class Meta:
        db_table = "goal_run"
