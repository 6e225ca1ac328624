"""Making an agency: its row, host, schema and owner in one transaction."""

import logging

from celery import current_app
from django.db import connection, transaction
from django.utils.text import slugify
from kombu.exceptions import OperationalError

from apps.core.errors import Refused
from apps.core.tenancy import schema_name

from ..hosts import RESERVED_SLUGS, agency_host
from ..models import Agency, Domain, Membership, User
from ..roles import Role
from ..schemas import schema_take

logger = logging.getLogger(__name__)
SLUG_LENGTH = 40


def agency_create(*, name: str, slug: str, owner: User) -> Agency:
    """Make an agency that can be used at once. Raises Refused for a slug that is reserved or taken.

    Milliseconds with a spare schema at hand, some tenths of a second without.
    """
    if slug in RESERVED_SLUGS:
        raise Refused("This address is reserved: choose another one.")
    with transaction.atomic():
        if Agency.objects.filter(slug=slug).exists():
            raise Refused("This address is taken: choose another one.")
        agency_id = _next_id()
        agency = Agency(id=agency_id, name=name, slug=slug, schema_name=schema_name(agency_id))
        agency.save(force_insert=True)
        Domain.objects.create(tenant=agency, domain=agency_host(slug), is_primary=True)
        Membership.objects.create(user=owner, agency=agency, role=Role.OWNER)
        schema_take(str(agency.schema_name))
        transaction.on_commit(_refill)
    return agency


def agency_set_active(*, agency: Agency, is_active: bool) -> None:
    """Close an agency's doors or open them again. Nothing of it is deleted; the ingest doors notice within seconds."""
    agency.is_active = is_active
    agency.save(update_fields=["is_active"])


def slug_suggest(name: str) -> str:
    """Return an address made of an agency's name that is free: `Alder & Söhne` -> `alder-sohne`."""
    base = slugify(name)[:SLUG_LENGTH].strip("-") or "agency"
    taken = set(Agency.objects.filter(slug__startswith=base[: SLUG_LENGTH - 4]).values_list("slug", flat=True))
    candidate, number = base, 1
    while candidate in taken | RESERVED_SLUGS:
        number += 1
        candidate = f"{base[: SLUG_LENGTH - 4]}-{number}"
    return candidate


def _next_id() -> int:
    """Return the id before the row is there: the schema is named after it."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT nextval(pg_get_serial_sequence(%s, 'id'))", [Agency._meta.db_table])
        return int(cursor.fetchone()[0])


def _refill() -> None:
    try:
        current_app.send_task("apps.agencies.tasks.spares_refill", retry=False)
    except (OperationalError, OSError) as error:
        # Beat's refill each minute is enough.
        logger.warning("spare schemas aren't refilled at once: %s", error)
