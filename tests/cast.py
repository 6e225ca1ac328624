"""The fixed cast: agency Alder with one member of each role and two clients, and agency Birch, the outsider.

Both schemas are made once a run. Each test that asks for the cast runs in a transaction that is rolled back.
"""

import pickle
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from ipaddress import IPv4Address
from itertools import count
from typing import Any

import pytest
from asgiref.sync import async_to_sync
from django.conf import settings
from django.db import connection as django_connection
from django.http import HttpResponse
from django.test import Client as HttpClient
from pytest_django import DjangoDbBlocker

from apps.agencies.hosts import agency_host
from apps.agencies.models import Agency, Membership, User
from apps.agencies.roles import Role
from apps.core.ids import public_key
from apps.core.tenancy import in_schema
from apps.sites.models import Client, Site

from . import factories

_addresses = count(1)
# The connection as django-tenants has extended it.
connection: Any = django_connection


@dataclass(frozen=True)
class Cast:
    """Alder's clients are `first` and `second`, each with one site; `limited` is a manager of the first alone."""

    alder: Agency
    birch: Agency
    owner: Membership
    admin: Membership
    manager: Membership
    analyst: Membership
    viewer: Membership
    limited: Membership
    outsider: Membership  # Birch's owner
    first: Client
    second: Client
    site: Site  # of the first client
    other_site: Site  # of the second
    birch_site: Site

    def browser(self, who: Membership | User | None, agency: Agency | None = None) -> "Browser":
        """Return a browser of `who`, logged in on Alder's host unless another agency is named."""
        user = who.user if isinstance(who, Membership) else who
        return Browser(agency_host((agency or self.alder).slug), user)


class Browser(HttpClient):
    """Django's test client on one host, with the schema given back after each request."""

    def __init__(self, host: str, user: User | None = None) -> None:
        # Each has an address of its own, so that no rate limit of one test meets another.
        super().__init__(HTTP_HOST=host, REMOTE_ADDR=str(IPv4Address("127.1.0.0") + next(_addresses)))
        self.host = host
        if user is not None:
            self.force_login(user, backend="django.contrib.auth.backends.ModelBackend")

    def request(self, **request: Any) -> Any:
        before = connection.tenant
        try:
            return super().request(**request)
        finally:
            # The answer leaves the connection in the agency's schema; tests say themselves where they look.
            connection.set_tenant(before)

    def download(self, path: str) -> bytes:
        """Return all of a file that is sent while it is read."""
        response = self.get(path)
        assert response.status_code == 200
        return streamed(response)

    def htmx(self, path: str, **headers: str) -> HttpResponse:
        return self.get(path, headers={"HX-Request": "true", **headers})  # type: ignore[return-value]


def streamed(response: Any) -> bytes:
    """Return all of a file that is sent while it is read."""
    return async_to_sync(_joined)(response.streaming_content)


async def _joined(pieces: AsyncIterator[bytes]) -> bytes:
    return b"".join([piece async for piece in pieces])


def public_browser(user: User | None = None) -> Browser:
    return Browser(settings.BEACON_PUBLIC_HOST, user)


@pytest.fixture(scope="session")
def _cast(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[Cast]:
    """Make both agencies once, committed, before any test's transaction begins."""
    with django_db_blocker.unblock():
        connection.set_schema_to_public()
        yield _read(_make_cast())


@pytest.fixture(scope="session")
def _kept_cast(_cast: Cast) -> bytes:
    return pickle.dumps(_cast)


@pytest.fixture
def cast(_kept_cast: bytes, db: None) -> Cast:
    """The cast as it was made: what an earlier test changed in an object in memory is forgotten."""
    connection.set_schema_to_public()
    made: Cast = pickle.loads(_kept_cast)
    return made


@pytest.fixture
def in_alder(cast: Cast) -> Iterator[Cast]:
    """The cast, with queries going to Alder's schema."""
    with in_schema(str(cast.alder.schema_name)):
        yield cast


@pytest.fixture
def real_agency(_cast: Cast, django_db_blocker: DjangoDbBlocker) -> Iterator[Agency]:
    """An agency of this test's own whose rows are committed, for tests with threads, processes or several connections.

    Its schema and users are gone afterwards; the cast isn't touched, which a flush of all tables would.
    """
    with django_db_blocker.unblock():
        connection.set_schema_to_public()
        agency = factories.make_agency(f"Real{public_key(length=6)}")
        yield agency
        connection.set_schema_to_public()
        factories.remove_agency(agency)


def _make_cast() -> Cast:
    alder, birch = factories.make_agency("Alder"), factories.make_agency("Birch")
    with in_schema(str(alder.schema_name)):
        first, second = factories.make_client("First"), factories.make_client("Second")
        site = factories.make_site(first, name="First site", domain="first.example")
        other_site = factories.make_site(second, name="Second site", domain="second.example")
    with in_schema(str(birch.schema_name)):
        birch_site = factories.make_site(name="Birch site", domain="birch.example")
    members = {role: factories.make_member(alder, role) for role in Role if role is not Role.OWNER}
    return Cast(
        alder=alder,
        birch=birch,
        owner=Membership.objects.get(agency=alder, role=Role.OWNER),
        admin=members[Role.ADMIN],
        manager=members[Role.MANAGER],
        analyst=members[Role.ANALYST],
        viewer=members[Role.VIEWER],
        limited=factories.make_member(alder, Role.MANAGER, name="Alder limited", client_ids=[first.id]),
        outsider=Membership.objects.get(agency=birch, role=Role.OWNER),
        first=first,
        second=second,
        site=site,
        other_site=other_site,
        birch_site=birch_site,
    )


def _read(cast: Cast) -> Cast:
    """Return the cast as the database has it, with what its rows refer to."""

    def member(known: Membership) -> Membership:
        return Membership.objects.select_related("user", "agency").get(id=known.id)

    with in_schema(str(cast.birch.schema_name)):
        birch_site = Site.objects.select_related("client").get(id=cast.birch_site.id)
    with in_schema(str(cast.alder.schema_name)):
        return Cast(
            alder=Agency.objects.get(id=cast.alder.id),
            birch=Agency.objects.get(id=cast.birch.id),
            owner=member(cast.owner),
            admin=member(cast.admin),
            manager=member(cast.manager),
            analyst=member(cast.analyst),
            viewer=member(cast.viewer),
            limited=member(cast.limited),
            outsider=member(cast.outsider),
            first=Client.objects.get(id=cast.first.id),
            second=Client.objects.get(id=cast.second.id),
            site=Site.objects.select_related("client").get(id=cast.site.id),
            other_site=Site.objects.select_related("client").get(id=cast.other_site.id),
            birch_site=birch_site,
        )
