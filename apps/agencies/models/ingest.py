"""What the ingest door and the writer need before they know an agency's schema."""

from django.contrib.postgres.fields import ArrayField
from django.db import models

from .agency import Agency


class SiteRoute(models.Model):
    """Site key -> schema and site, with all that the door must know of a site. A copy: the site's row is the truth.

    `settings`: `hash_routes` (bool), `allows_null_origin` (bool), `ignored_addresses` (sealed list, see apps.sites),
    `ignored_user_agents` (list of parts in lower case),
    `retention_days` (null: for ever), `rate_per_second` (null: the installation's), `query_parameters` (names),
    `extras` (names), `requires_consent`, `honours_dnt` (bool).
    `version` grows with each change, so that a door's cached copy can be told stale.
    """

    site_key = models.CharField(max_length=32, primary_key=True)
    agency = models.ForeignKey(Agency, on_delete=models.CASCADE, related_name="+")
    schema = models.CharField(max_length=63)
    site_id = models.BigIntegerField()
    status = models.CharField(max_length=16)
    domains = ArrayField(models.CharField(max_length=253), default=list)
    settings = models.JSONField(default=dict)
    version = models.BigIntegerField(default=1)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["schema", "site_id"], name="site_route_once")]

    def __str__(self) -> str:
        return self.site_key


class ApiKey(models.Model):
    """A key for servers. Only its hash is kept; `prefix` lets people tell their keys apart."""

    agency = models.ForeignKey(Agency, on_delete=models.CASCADE, related_name="api_keys")
    name = models.CharField(max_length=100)
    prefix = models.CharField(max_length=16)
    key_hash = models.BinaryField(max_length=32, unique=True)
    scopes = ArrayField(models.CharField(max_length=32), default=list)
    created_at = models.DateTimeField(auto_now_add=True)
    revoked_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return f"{self.name} ({self.prefix}...)"


class Salt(models.Model):
    """A UTC day's salt, wrapped by a key outside the database. Two days are kept; backups leave this table out."""

    day = models.DateField(primary_key=True)
    wrapped = models.BinaryField()

    def __str__(self) -> str:
        return str(self.day)


class StreamCheckpoint(models.Model):
    """Up to which stream entry all agencies have stored, and which owner (epoch) may go on from there.

    The owner renews `leased_until` while it lives; after that a successor takes the partition with a new epoch.
    """

    partition = models.SmallIntegerField(primary_key=True)
    last_entry = models.CharField(max_length=32, default="0-0")
    epoch = models.BigIntegerField(default=0)
    owner = models.CharField(max_length=64, default="")
    leased_until = models.DateTimeField(null=True)

    class Meta:
        db_table = "stream_checkpoint"

    def __str__(self) -> str:
        return f"p{self.partition} at {self.last_entry}"
