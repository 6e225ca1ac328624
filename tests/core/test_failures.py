"""What people see when something broke: the database is away or takes no writes, or another server, or it was us."""

from collections.abc import Callable
from typing import Any

import httpx
import psycopg
import pytest
import redis
from django.conf import LazySettings
from django.core.asgi import get_asgi_application
from django.db import DatabaseError, InternalError, OperationalError, connection
from django.test import Client

from apps.agencies.models import Domain
from tests.cast import Browser, Cast, public_browser
from tests.factories import PASSWORD
from tests.tracking.processes import database_url

HOST = {"Host": "alder.localhost"}


@pytest.fixture
def http(db: None) -> Client:
    return Client(raise_request_exception=False)


def failing(error: Exception) -> Callable[..., Any]:
    def fail(*_: object, **__: object) -> Any:
        raise error

    return fail


def test_with_the_database_away_a_page_says_so_and_when_to_come_again(
    http: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    # The first question of every page is whose host it is.
    monkeypatch.setattr(Domain.objects, "select_related", failing(OperationalError("connection refused at 10.1.2.3")))
    response = http.get("/", headers=HOST | {"X-Request-ID": "fault-0001"})
    text = response.content.decode()
    assert (response.status_code, response["Retry-After"], response["X-Request-ID"]) == (503, "10", "fault-0001")
    assert "The database can’t be reached right now" in text
    assert "Visits go on being taken" in text
    assert "<code>fault-0001</code>" in text
    assert "10.1.2.3" not in text


async def test_it_is_the_same_page_under_the_server_of_sockets(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Domain.objects, "select_related", failing(OperationalError("connection refused")))
    pages: Any = get_asgi_application()
    transport = httpx.ASGITransport(app=pages, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://alder.localhost") as client:
        response = await client.get("/")
    assert (response.status_code, response.headers["Retry-After"]) == (503, "10")
    assert "The database can’t be reached right now" in response.text


def test_a_real_refusal_of_the_server_is_such_a_page(db: None, cast: Cast) -> None:
    browser = cast.browser(cast.analyst)
    browser.raise_request_exception = False
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL lock_timeout = '1ms'")
        with psycopg.connect(database_url()) as other:
            other.execute("LOCK TABLE public.agencies_domain IN ACCESS EXCLUSIVE MODE")
            response = browser.get("/account")
            other.rollback()
    assert response.status_code == 503


def test_a_database_that_takes_no_writes_still_shows_pages(cast: Cast) -> None:
    browser = cast.browser(cast.admin)
    browser.raise_request_exception = False
    assert browser.get("/account").status_code == 200
    with connection.cursor() as cursor:
        cursor.execute("SET TRANSACTION READ ONLY")
    response = browser.post("/settings/clients/new", {"name": "A client"})
    assert (response.status_code, response["Retry-After"]) == (503, "10")
    assert "Nothing can be changed right now" in response.content.decode()


def test_without_the_volatile_server_pages_are_shown_and_a_login_says_what_is_missing(
    cast: Cast, settings: LazySettings
) -> None:
    browser = cast.browser(cast.analyst)
    public: Browser = public_browser()
    public.raise_request_exception = False
    nowhere = "redis://127.0.0.1:1/0"
    settings.CACHES = {"default": settings.CACHES["default"] | {"LOCATION": nowhere}}
    assert browser.get("/s/first-site/").status_code == 200
    response = public.post("/login", {"login": cast.analyst.user.email, "password": PASSWORD})
    assert response.status_code == 503
    assert "A server that Beacon needs can’t be reached right now" in response.content.decode()


def test_a_fault_of_ours_is_500_and_names_the_request(http: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    for error in (RuntimeError("secret"), InternalError("secret"), DatabaseError("secret")):
        monkeypatch.setattr(Domain.objects, "select_related", failing(error))
        response = http.get("/", headers=HOST)
        text = response.content.decode()
        assert response.status_code == 500
        assert f"<code>{response['X-Request-ID']}</code>" in text
        assert "secret" not in text
    monkeypatch.setattr(Domain.objects, "select_related", failing(redis.ConnectionError("away")))
    assert http.get("/", headers=HOST).status_code == 503
