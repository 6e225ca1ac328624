"""Agencies (the tenants), their hosts, and the migrated schemas that wait for the next one."""

from django.db import models
from django_tenants.models import DomainMixin, TenantMixin


class Agency(TenantMixin):
    """An agency: one PostgreSQL schema, named `a_<id>`."""

    name = models.CharField(max_length=100)
    slug = models.SlugField(max_length=40, unique=True)
    is_active = models.BooleanField(default=True)
    created_at = models.DateTimeField(auto_now_add=True)

    # Schemas are made and dropped by services alone: a saved or deleted row never touches one.
    auto_create_schema = False
    auto_drop_schema = False

    class Meta:
        verbose_name_plural = "agencies"

    def __str__(self) -> str:
        return self.name


class Domain(DomainMixin):
    """A host under which an agency is reached, without its port."""

    def __str__(self) -> str:
        return str(self.domain)


class SpareSchema(models.Model):
    """A migrated schema that belongs to nobody yet: giving it to a new agency is one rename, not all migrations."""

    name = models.CharField(max_length=63, unique=True)
    created_at = models.DateTimeField(auto_now_add=True)

    def __str__(self) -> str:
        return self.name
