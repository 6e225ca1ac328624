"""Access logs on their way in."""

from django.db import models


class ImportJob(models.Model):
    """One access log on its way in: how far it is and what became of its lines. Its daily salts go when it is done."""

    site_id = models.BigIntegerField()
    file_name = models.TextField()
    digest = models.BinaryField()  # SHA-256 of the file's first MiB and its length, to recognise a resumed one
    lines_read = models.BigIntegerField(default=0)
    counts = models.JSONField(default=dict)
    unparsed = models.JSONField(default=list)  # numbers of the first lines that aren't of the format
    salts_wrapped = models.BinaryField(null=True)
    started_at = models.DateTimeField()
    finished_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "import_job"
