"""Agencies, people and sites, made through the services that make them in the product."""

from collections.abc import Sequence
from itertools import count

from django.db import connection

from apps.agencies.models import Agency, Membership, User
from apps.agencies.roles import Role
from apps.agencies.services import agency_create, user_create
from apps.core.tenancy import quoted
from apps.sites.models import Client, Site
from apps.sites.services import client_create, site_create

PASSWORD = "korrekt-pferd-9"
_numbers = count(1)


def make_user(name: str = "", *, is_confirmed: bool = True) -> User:
    number = next(_numbers)
    name = name or f"Person {number}"
    email = f"{name.lower().replace(' ', '.')}.{number}@people.example"
    return user_create(email=email, name=name, password=PASSWORD, is_confirmed=is_confirmed)


def make_agency(name: str, *, owner: User | None = None) -> Agency:
    """Make an agency with its schema. Its slug is the name in small letters."""
    return agency_create(name=name, slug=name.lower(), owner=owner or make_user(f"{name} owner"))


def make_member(agency: Agency, role: Role, *, name: str = "", client_ids: Sequence[int] | None = None) -> Membership:
    user = make_user(name or f"{agency.name} {role}")
    ids = None if client_ids is None else list(client_ids)
    return Membership.objects.create(user=user, agency=agency, role=role, client_ids=ids)


def make_client(name: str = "") -> Client:
    """Make a client in the current schema."""
    return client_create(name=name or f"Client {next(_numbers)}")


def make_site(client: Client | None = None, *, name: str = "", domain: str = "", time_zone: str = "UTC") -> Site:
    """Make a site in the current schema."""
    number = next(_numbers)
    return site_create(
        client=client or make_client(),
        name=name or f"Site {number}",
        domains=[domain or f"site{number}.example"],
        time_zone=time_zone,
    )


def remove_agency(agency: Agency) -> None:
    """Undo `make_agency` where it was committed: the schema, the agency and its people."""
    users = list(agency.memberships.values_list("user_id", flat=True))
    with connection.cursor() as cursor:
        cursor.execute(f"DROP SCHEMA IF EXISTS {quoted(str(agency.schema_name))} CASCADE")
    agency.delete()
    User.objects.filter(id__in=users).delete()
