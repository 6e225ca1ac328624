"""Sums of whole local days, with marks of those that have to be summed up anew."""

from django.db import models


class Rollup(models.Model):
    """What the raw rows of one local day add up to for one value of a dimension (dimensions.py, sums.py).

    Counts only where its day is built and unmarked. `number` tells the values of a day apart: they themselves may be
    longer than an index can hold.
    """

    pk = models.CompositePrimaryKey("site_id", "dimension", "day", "number")
    site_id = models.BigIntegerField()
    dimension = models.SmallIntegerField()
    day = models.DateField()
    number = models.IntegerField()
    country = models.TextField()
    region = models.TextField()
    value = models.TextField()
    visitors = models.IntegerField()
    visits = models.IntegerField()
    bounces = models.IntegerField()
    visit_views = models.IntegerField()
    duration = models.DurationField()
    engaged_ms = models.BigIntegerField()
    count = models.IntegerField()

    class Meta:
        db_table = "rollup"


class RollupDay(models.Model):
    """A local day of a site that has been summed up."""

    pk = models.CompositePrimaryKey("site_id", "day")
    site_id = models.BigIntegerField()
    day = models.DateField()
    built_at = models.DateTimeField()

    class Meta:
        db_table = "rollup_day"


class RollupMark(models.Model):
    """Rows of a local day have changed since it was summed up, if it was. Only ever inserted, so that nobody waits."""

    site_id = models.BigIntegerField()
    day = models.DateField()

    class Meta:
        db_table = "rollup_mark"
        indexes = [models.Index(fields=["site_id", "day"], name="rollup_mark_day")]
