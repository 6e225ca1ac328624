"""Companies of an agency, what each client knows of them, and why a visit was matched."""

from django.db import models


class Company(models.Model):
    """An organisation that visited; belongs to the agency as a whole."""

    name = models.TextField()
    domain = models.TextField(unique=True)
    kind = models.TextField(default="business")  # business, education, government
    created_at = models.DateTimeField()
    updated_at = models.DateTimeField()

    class Meta:
        db_table = "company"
        verbose_name_plural = "companies"

    def __str__(self) -> str:
        return self.name


class CompanyClient(models.Model):
    """What one client knows of a company. `client_id` is a plain value of apps.sites."""

    company = models.ForeignKey(Company, on_delete=models.CASCADE, related_name="clients")
    client_id = models.BigIntegerField()
    first_seen_at = models.DateTimeField()
    last_seen_at = models.DateTimeField()

    class Meta:
        db_table = "company_client"
        constraints = [models.UniqueConstraint(fields=["company", "client_id"], name="company_client_once")]


class CompanyMatch(models.Model):
    """Why a visit is said to be a company's: the ground, how sure we are (0-1), and the evidence in words."""

    class Ground(models.TextChoices):
        NETWORK = "network", "Network registered to the company"

    company = models.ForeignKey(Company, on_delete=models.CASCADE, related_name="matches")
    site_id = models.BigIntegerField()
    session_id = models.UUIDField()
    ground = models.TextField()  # Ground
    confidence_ratio = models.FloatField()
    evidence = models.JSONField(default=dict)
    created_at = models.DateTimeField()

    class Meta:
        db_table = "company_match"
        constraints = [models.UniqueConstraint(fields=["session_id", "ground"], name="company_match_once")]
        indexes = [models.Index(fields=["company", "site_id"], name="company_match_site")]


class NetworkLookup(models.Model):
    """Who told a visit's network, and while `due_at` is set, when IPinfo is to be asked for it.

    Made only while there is a token. A visit without such a row has what the local databases say.
    """

    session_id = models.UUIDField(primary_key=True)
    site_id = models.BigIntegerField()
    source = models.TextField()  # enrichment.providers.base.Source
    due_at = models.DateTimeField(null=True)
    until_at = models.DateTimeField()  # its sealed address is gone then
    tries = models.SmallIntegerField(default=0)
    resolved_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "network_lookup"
        indexes = [
            models.Index(fields=["due_at"], name="network_lookup_due", condition=models.Q(due_at__isnull=False)),
        ]
