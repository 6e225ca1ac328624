"""Checks of a site's installation, and silences of sites. Small tables: the last checks, and a row a silence."""

from django.db import models

from apps.sites.models import Site


class CheckState(models.TextChoices):
    QUEUED = "queued"
    FETCHING = "fetching"
    RENDERING = "rendering"
    DONE = "done"
    FAILED = "failed"  # of ours: nobody was free, or the check itself broke off


class SiteCheck(models.Model):
    """One check of a page. `result`: {"causes": [[cause, values], ...], "evidence": [[ms, text], ...], "url": ...}."""

    site = models.ForeignKey(Site, on_delete=models.CASCADE, related_name="checks")
    url = models.TextField()
    state = models.CharField(max_length=16, default=CheckState.QUEUED)
    cause = models.CharField(max_length=32, blank=True, default="")
    result = models.JSONField(default=dict)
    requested_by = models.CharField(max_length=100, blank=True, default="")
    created_at = models.DateTimeField()
    started_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["site"],
                condition=models.Q(finished_at__isnull=True),
                name="site_check_one_at_a_time",
            )
        ]

    def __str__(self) -> str:
        return f"check {self.pk} of site {self.site_id}: {self.cause or self.state}"


class HourCount(models.Model):
    """People's visits that began on a site in an hour (UTC), and their page views. Hours without any have no row."""

    pk = models.CompositePrimaryKey("site_id", "hour")
    site = models.ForeignKey(Site, on_delete=models.CASCADE, related_name="+")
    hour = models.DateTimeField()
    visits = models.IntegerField()
    pageviews = models.IntegerField()


class HoursKnown(models.Model):
    """From which hour on a site's hours are counted, and up to which (excluded)."""

    site = models.OneToOneField(Site, on_delete=models.CASCADE, primary_key=True, related_name="+")
    since = models.DateTimeField()
    until = models.DateTimeField()


class Watch(models.Model):
    """One row an agency: since when what would have been heard would also have been stored, and the last look."""

    id = models.SmallIntegerField(primary_key=True, default=1)
    alive_since = models.DateTimeField(null=True)  # null: always, as far as anybody knows
    looked_at = models.DateTimeField()

    class Meta:
        constraints = [models.CheckConstraint(condition=models.Q(id=1), name="watch_one_row")]

    def __str__(self) -> str:
        return f"watched at {self.looked_at}"


class Silence(models.Model):
    """A site that went silent. `usual`: page views that would have come by the last look. Open until `ended_at`."""

    class End(models.TextChoices):
        HEARD = "heard"
        RESTS = "rests"  # paused or archived

    site = models.ForeignKey(Site, on_delete=models.CASCADE, related_name="silences")
    heard_at = models.DateTimeField()  # the last sign of life
    raised_at = models.DateTimeField()
    usual = models.FloatField()
    ended_at = models.DateTimeField(null=True)
    end = models.CharField(max_length=8, blank=True, default="")

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["site"], condition=models.Q(ended_at__isnull=True), name="silence_one_at_a_time"
            )
        ]

    def __str__(self) -> str:
        return f"site {self.site_id} silent since {self.heard_at}"


class SilenceNotice(models.Model):
    """A silence told to somebody by mail. One mail tells of several: its notices have the same `sent_at`."""

    silence = models.ForeignKey(Silence, on_delete=models.CASCADE, related_name="notices")
    user_id = models.BigIntegerField()
    sent_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["silence", "user_id"], name="silence_notice_once")]
        indexes = [models.Index(fields=["user_id", "sent_at"], name="silence_notice_user")]

    def __str__(self) -> str:
        return f"silence {self.silence_id} told to user {self.user_id}"
