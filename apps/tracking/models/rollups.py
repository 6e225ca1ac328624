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
    has_columns = models.BooleanField(default=False, db_default=False)  # its VisitColumns too, if it had a visit

    class Meta:
        db_table = "rollup_day"


class VisitColumns(models.Model):
    """The visits that began on a local day, and what happened in them, as an array a column (columns/layout.py).

    Counts only where its day is built and unmarked. Filtered reports read these instead of the wide raw rows.
    """

    pk = models.CompositePrimaryKey("site_id", "day")
    site_id = models.BigIntegerField()
    day = models.DateField()
    visits = models.IntegerField()
    # Of each visit. Texts:
    channel = models.BinaryField()
    source = models.BinaryField()
    medium = models.BinaryField()
    campaign = models.BinaryField()
    referrer_host = models.BinaryField()
    entry_host = models.BinaryField()
    network_kind = models.BinaryField()
    organisation = models.BinaryField()
    device = models.BinaryField()
    browser = models.BinaryField()
    system = models.BinaryField()
    language = models.BinaryField()
    company_id = models.BinaryField()
    place = models.BinaryField()  # country, region and city
    # Numbers:
    visitor_id = models.BinaryField()
    pageviews = models.BinaryField()
    engaged_ms = models.BinaryField()
    duration = models.BinaryField()  # microseconds
    flags = models.BinaryField()
    # Dictionaries of all paths and of events' names, and numbers into them.
    paths = models.BinaryField()
    names = models.BinaryField()
    entry_path = models.BinaryField()
    exit_path = models.BinaryField()
    # How many of the following rows are of each visit, and the rows: page views by visit and path, ...
    views_of_visit = models.BinaryField()
    view_path = models.BinaryField()
    view_count = models.BinaryField()
    view_engaged = models.BinaryField()
    # ... and events by visit, name and path.
    events_of_visit = models.BinaryField()
    event_name = models.BinaryField()
    event_path = models.BinaryField()
    event_count = models.BinaryField()
    event_engaged = models.BinaryField()
    later = models.BinaryField()  # what happened after their day

    class Meta:
        db_table = "visit_columns"


class RollupMark(models.Model):
    """Rows of a local day have changed since it was summed up, if it was. Only ever inserted, so that nobody waits."""

    site_id = models.BigIntegerField()
    day = models.DateField()

    class Meta:
        db_table = "rollup_mark"
        indexes = [models.Index(fields=["site_id", "day"], name="rollup_mark_day")]
