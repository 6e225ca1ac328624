"""Who wants which mail, and what was sent to whom."""

from django.contrib.postgres.fields import ArrayField
from django.db import models


class Subscription(models.Model):
    """A member's wish to be told by mail of a site's companies. `user_id` is a plain value of agencies."""

    class Kind(models.TextChoices):
        HOT = "hot", "A company turns hot"
        TARGET = "target", "A target account is on a page that matters"
        DIGEST = "digest", "New and rising companies, each week"

    user_id = models.BigIntegerField()
    site_id = models.BigIntegerField()
    kind = models.TextField()  # Kind
    pages = ArrayField(models.TextField(), default=list)  # of TARGET: patterns; empty: every page
    created_at = models.DateTimeField()

    class Meta:
        db_table = "alert_subscription"
        constraints = [models.UniqueConstraint(fields=["user_id", "site_id", "kind"], name="alert_subscription_once")]


class AlertSent(models.Model):
    """A mail that was sent, is to be sent, or was found to be unwanted; once each, whoever works on it twice.

    Of a company a member has one that is sent or to be sent a day, whatever its kind and site. One that came to nothing
    (`due_at` and `sent_at` NULL) doesn't stand in the way of another kind's or site's, only of its own like.
    """

    user_id = models.BigIntegerField()
    site_id = models.BigIntegerField()
    kind = models.TextField()  # Subscription.Kind
    company_id = models.BigIntegerField(null=True)  # null: a digest
    day = models.DateField()  # of the site's zone; a digest's Monday
    sent_at = models.DateTimeField(null=True)
    tries = models.SmallIntegerField(default=0)
    due_at = models.DateTimeField(null=True)
    content = models.JSONField(default=dict)  # what the mail says; a digest's is made anew where it has waited

    class Meta:
        db_table = "alert_sent"
        constraints = [
            models.UniqueConstraint(
                fields=["user_id", "site_id", "kind", "company_id", "day"],
                name="alert_sent_once",
                nulls_distinct=False,
            ),
            models.UniqueConstraint(
                fields=["user_id", "company_id", "day"],
                name="alert_sent_one_a_day",
                condition=models.Q(company_id__isnull=False)
                & (models.Q(due_at__isnull=False) | models.Q(sent_at__isnull=False)),
            ),
        ]
        indexes = [models.Index(fields=["due_at"], name="alert_sent_due", condition=models.Q(due_at__isnull=False))]
