"""What became of every event: the ledger, how far the writer has come, and what it couldn't store."""

from datetime import UTC, date

from django.db import models


class LedgerLine(models.Model):
    """How many events of a site met one fate on one UTC day of receipt.

    `ACCEPTED` is none of the fates but their sum, counted by itself as events come in: what the check holds them
    against. No reader adds it to the others.
    """

    class State(models.TextChoices):
        REFUSED = "refused"
        ACCEPTED = "accepted"
        COUNTED = "counted"
        FOLDED = "folded"
        SET_ASIDE = "set_aside"
        REPEATED = "repeated"
        PARKED = "parked"
        ERASED = "erased"
        # Beside the sum: events that a rule moved from counted to set aside (`rule:<id>`), and back (`undo:<id>`).
        ADJUSTED = "adjusted"

    site_id = models.BigIntegerField()
    day = models.DateField()
    state = models.TextField()  # State
    reason = models.TextField(default="")
    count = models.BigIntegerField(default=0)

    class Meta:
        db_table = "ledger"
        constraints = [models.UniqueConstraint(fields=["site_id", "day", "state", "reason"], name="ledger_line_once")]


class WriterPosition(models.Model):
    """Up to which entry of a partition this agency has stored; moves in the transaction that stores the entries."""

    partition = models.SmallIntegerField(primary_key=True)
    last_entry = models.CharField(max_length=32, default="0-0")
    epoch = models.BigIntegerField(default=0)

    class Meta:
        db_table = "writer_position"


class ParkedEntry(models.Model):
    """A stream entry that couldn't be stored, with why; its address is sealed and soon unreadable."""

    partition = models.SmallIntegerField()
    entry = models.CharField(max_length=32)
    site_id = models.BigIntegerField()
    payload = models.BinaryField()
    error = models.TextField()
    events = models.IntegerField()
    parked_at = models.DateTimeField()
    received_on = models.DateField(null=True)  # the ledger's day; null in old rows: the day on which it was parked
    is_refusals = models.BooleanField(default=False)  # the door's refusals rather than events
    tries = models.IntegerField(default=1)
    last_tried_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "parked_entry"
        constraints = [models.UniqueConstraint(fields=["partition", "entry"], name="parked_entry_once")]

    @property
    def ledger_day(self) -> date:
        return self.received_on or self.parked_at.astimezone(UTC).date()
