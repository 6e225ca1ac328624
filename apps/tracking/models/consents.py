"""What visitors have agreed to, as it was said: the proof beside their visits."""

from django.db import models


class ConsentRecord(models.Model):
    """One change of what a visit's visitor agrees to; it holds from `said_at` until the visit's next record.

    Before the first one nothing was said. What is repeated makes no record. Goes with its visit.
    """

    site_id = models.BigIntegerField()
    session_id = models.UUIDField()
    # The visitor's clock, corrected. A choice of an earlier day has its day alone, so that nothing links the days.
    said_at = models.DateTimeField()
    received_at = models.DateTimeField()
    analytics = models.TextField()  # granted, denied, or empty: never asked
    marketing = models.TextField()
    source = models.TextField()  # api, gcm, tcf, site_default, or empty: not said
    text_version = models.TextField()
    gpc = models.BooleanField()
    dnt = models.BooleanField()

    class Meta:
        db_table = "consent_record"
        constraints = [models.UniqueConstraint(fields=["session_id", "said_at"], name="consent_record_once")]
        indexes = [models.Index(fields=["site_id"], name="consent_record_site")]
