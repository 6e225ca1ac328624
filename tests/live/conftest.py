"""A watched site, in an agency whose rows are committed, since sockets read them by connections of their own."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from channels.testing import WebsocketCommunicator
from django.conf import settings
from pytest_django import DjangoDbBlocker

from apps.agencies.hosts import agency_host
from apps.agencies.models import Agency, Membership
from apps.agencies.roles import Role
from apps.companies.models import Company
from apps.core import clock
from apps.core.tenancy import in_schema
from apps.live import frames
from apps.scoring.services import scores_work
from apps.sites.models import Site
from apps.tracking.facts import EventsStored
from apps.tracking.models import Session
from config.asgi import application
from tests import factories
from tests.cast import Browser, Cast
from tests.factories_tracking import Page, visit_make
from tests.scoring.conftest import make_hot


@dataclass(frozen=True)
class Watched:
    """A site, and an owner of its agency, who watches it."""

    agency: Agency
    owner: Membership
    site: Site

    @property
    def schema(self) -> str:
        return str(self.agency.schema_name)

    @property
    def host(self) -> str:
        return agency_host(self.agency.slug)

    def visit(self, *paths: str, ago_s: int = 0, site: Site | None = None, **fields: Any) -> Session:
        """Store a visit that began `ago_s` seconds ago and opened `paths` at once."""
        with in_schema(self.schema):
            at = clock.now() - timedelta(seconds=ago_s)
            return visit_make(site or self.site, at, pages=[Page(path) for path in paths or ("/",)], **fields)

    def other_site(self) -> Site:
        with in_schema(self.schema):
            return factories.make_site()

    def change(self, visit: Session, **fields: Any) -> None:
        with in_schema(self.schema):
            Session.objects.filter(id=visit.id).update(**fields)

    def company(self, name: str = "Varnholt AG") -> int:
        with in_schema(self.schema):
            now = clock.now()
            return Company.objects.create(name=name, domain="varnholt.example", created_at=now, updated_at=now).id

    def hot(self, company_id: int) -> None:
        """Have three of a company's people come within hours, until minutes ago, and read what matters."""
        with in_schema(self.schema):
            make_hot(Company.objects.get(id=company_id), self.site, clock.now() - timedelta(minutes=5))
            scores_work()

    def stored(self, *visits: Session, is_backfill: bool = False) -> EventsStored:
        ids: tuple[UUID, ...] = tuple(visit.id for visit in visits)
        return EventsStored(self.schema, self.site.id, ids, is_backfill)

    def cookie(self, who: Membership | None) -> str:
        """Return the cookie of a browser that is logged in on the agency's host."""
        if who is None:
            return ""
        browser = Browser(self.host, who.user)
        return f"{settings.SESSION_COOKIE_NAME}={browser.cookies[settings.SESSION_COOKIE_NAME].value}"

    def socket(
        self, cookie: str, *, origin: str | None = None, host: str = "", slug: str = "", query: str = ""
    ) -> WebsocketCommunicator:
        """Return a socket as a browser opens it from the live page."""
        host = f"{host or self.host}:8000"
        headers = [
            (b"host", host.encode()),
            (b"origin", (f"http://{host}" if origin is None else origin).encode()),
            (b"cookie", cookie.encode()),
        ]
        path = f"/s/{slug or self.site.slug}/live/socket{'?' + query if query else ''}"
        return WebsocketCommunicator(application, path, headers=headers)


@pytest.fixture(autouse=True)
def no_message_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """A message that a busy machine takes long to send isn't lost: the test waits for it."""
    monkeypatch.setattr(frames, "PATIENCE_SECONDS", 30.0)


@pytest.fixture(scope="module")  # gone before tests that look at all agencies
def live_agency(_cast: Cast, django_db_blocker: DjangoDbBlocker) -> Iterator[Agency]:
    """The agency of a file's tests, committed; each has a site and a member of its own in it."""
    with django_db_blocker.unblock():
        with in_schema("public"):
            agency = factories.make_agency("Livewell")
        yield agency
        with in_schema("public"):
            factories.remove_agency(agency)


@pytest.fixture
def watched(live_agency: Agency, django_db_blocker: DjangoDbBlocker) -> Iterator[Watched]:
    with django_db_blocker.unblock(), in_schema("public"):
        owner = factories.make_member(live_agency, Role.OWNER)
        with in_schema(str(live_agency.schema_name)):
            Company.objects.all().delete()
            site = factories.make_site(domain="watched.example", time_zone="Europe/Berlin")
        yield Watched(live_agency, owner, site)
        Agency.objects.filter(id=live_agency.id).update(is_active=True)
