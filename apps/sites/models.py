"""Clients and sites of one agency."""

import msgspec
from django.contrib.postgres.fields import ArrayField
from django.db import models

from .goals.rules import GoalRule, ValueFrom
from .switches import extras_of_new_site

DEFAULT_RETENTION_DAYS = 90


class Client(models.Model):
    """A customer of the agency; owner of sites."""

    name = models.CharField(max_length=100)
    created_at = models.DateTimeField(auto_now_add=True)
    archived_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["name"], name="client_name_once")]
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name


class Site(models.Model):
    """A measured website. `slug` stands in addresses, `site_key` in the tag; the key never changes."""

    class Status(models.TextChoices):
        ACTIVE = "active", "Active"
        PAUSED = "paused", "Paused"
        ARCHIVED = "archived", "Archived"

    client = models.ForeignKey(Client, on_delete=models.PROTECT, related_name="sites")
    name = models.CharField(max_length=100)
    slug = models.SlugField(max_length=80, unique=True, allow_unicode=False)
    site_key = models.CharField(max_length=32, unique=True)
    time_zone = models.CharField(max_length=64, default="UTC")
    status = models.CharField(max_length=16, default=Status.ACTIVE)
    # null: everything is kept for ever.
    retention_days = models.PositiveIntegerField(null=True, blank=True, default=DEFAULT_RETENTION_DAYS)
    hash_routes = models.BooleanField(default=False)
    # Requests a second that the doors take for it; null: as many as the installation gives every site.
    rate_per_second = models.PositiveIntegerField(null=True, blank=True)
    # Parameters of its addresses that are kept beside the usual ones; in lower case.
    query_parameters = ArrayField(models.CharField(max_length=64), default=list, blank=True)
    # Sandboxed frames and local files say `null` for their origin, and so can anybody's.
    allows_null_origin = models.BooleanField(default=False)
    # The agency's own addresses that aren't counted, as sealed text: an address lies nowhere in clear.
    ignored_addresses_sealed = models.BinaryField(null=True, blank=True)
    # Parts of user agents whose events aren't counted, in lower case.
    ignored_user_agents = ArrayField(models.CharField(max_length=200), default=list, blank=True)
    # Names of the tracker's extras that its pages load (apps.sites.switches).
    extras = ArrayField(models.CharField(max_length=32), default=extras_of_new_site, blank=True)
    # Nothing is taken of a visitor who hasn't agreed to analytics.
    requires_consent = models.BooleanField(default=False)
    # Nothing is taken of a browser that sends Do Not Track.
    honours_dnt = models.BooleanField(default=False)
    # The tag may keep what it couldn't send on the visitor's device.
    allows_storage = models.BooleanField(default=False)
    # Kinds of organisation that become companies (apps.sites.identified); null: as the agency has it.
    company_kinds = ArrayField(models.CharField(max_length=16), null=True)
    # The parameter of its addresses by which the agency tells whom a letter or a mail went to; in lower case.
    company_parameter = models.CharField(max_length=64, blank=True, default="", db_default="")
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name


class CompanyDefaults(models.Model):
    """What the agency's sites have that don't say otherwise. One row at most, of id 1."""

    kinds = ArrayField(models.CharField(max_length=16))

    class Meta:
        verbose_name_plural = "company defaults"

    def __str__(self) -> str:
        return ", ".join(self.kinds)


class SiteDomain(models.Model):
    """A host whose pages may send to the site, subdomains included; `www.` and ports ignored. The first names it."""

    site = models.ForeignKey(Site, on_delete=models.CASCADE, related_name="domains")
    host = models.CharField(max_length=253)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["site", "host"], name="site_domain_once")]
        ordering = ["id"]

    def __str__(self) -> str:
        return self.host


class Goal(models.Model):
    """Something that visitors are to do on a site. Never deleted but with its site: archived, so that its conversions
    keep a name. What it asks is a GoalRule (apps.sites.goals.rules), which says what each column means.
    """

    site = models.ForeignKey(Site, on_delete=models.CASCADE, related_name="goals")
    name = models.CharField(max_length=100)
    kind = models.CharField(max_length=16)
    page = models.CharField(max_length=500, blank=True, default="")
    event_name = models.CharField(max_length=64, blank=True, default="")
    conditions = models.JSONField(default=list)  # [{"prop": "plan", "op": "is", "value": "team"}, ...]
    threshold = models.PositiveIntegerField(default=0)
    value_from = models.CharField(max_length=8, default=ValueFrom.NONE.value)
    value = models.DecimalField(max_digits=18, decimal_places=4, null=True)
    currency = models.CharField(max_length=3, blank=True, default="")  # ISO 4217
    counts_every = models.BooleanField(default=False)
    is_active = models.BooleanField(default=True)
    archived_at = models.DateTimeField(null=True)
    created_at = models.DateTimeField()
    created_by = models.CharField(max_length=200)
    changed_at = models.DateTimeField()
    changed_by = models.CharField(max_length=200)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["site", "name"], name="goal_name_once", condition=models.Q(archived_at__isnull=True)
            )
        ]
        ordering = ["id"]

    def __str__(self) -> str:
        return self.name

    @property
    def rule(self) -> GoalRule:
        """Return what it asks. Raises msgspec.ValidationError where a newer version wrote it."""
        return msgspec.convert(
            {name: getattr(self, name) for name in GoalRule.__struct_fields__}, GoalRule, strict=False
        )
