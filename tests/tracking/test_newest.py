"""What came last, on the installation panel: counted, set aside and why, repeated, refused; within a second."""

import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import redis
from django.conf import settings
from pytest_django import DjangoDbBlocker

from apps.agencies.models import Agency, Membership
from apps.agencies.roles import Role
from apps.core import clock
from apps.core.tenancy import in_schema
from apps.sites.models import Site
from apps.tracking import newest, valkey
from apps.tracking.envelope import REFUSALS_FIELD, Refusals, pack, stream_name
from apps.tracking.writer.leaves import Leaves
from apps.tracking.writer.notices import Notices
from apps.tracking.writer.share import store_share
from config.local.deadline import wait_until
from tests import factories
from tests.cast import Browser, Cast
from tests.factories_tracking import ledger_put

from .arrivals import CRAWLER, EPOCHS, engagement, entry, envelope, store, view
from .processes import clear_streams, send, writer

ARRIVAL = "/s/first-site/settings/arrival"
PATIENCE_SECONDS = 20.0


@pytest.fixture(autouse=True)
def empty() -> Iterator[None]:
    server = valkey.volatile()
    server.flushdb()
    yield
    server.flushdb()


def now_view(path: str, minutes_ago: float = 0, **fields: Any) -> Any:
    return view(-minutes_ago, path, start=clock.now(), **fields)


def shown(page: str) -> list[tuple[str, str]]:
    """Return page and fate of each line under "What came last"."""
    lines = page.split('<ol class="arrivals">')[1].split("</ol>")[0].split("<li>")[1:] if "arrivals" in page else []
    return [
        (
            line.split('class="what">')[1].split("<")[0].strip(),
            line.split('class="strong">')[1].split("<")[0],
        )
        for line in lines
    ]


def told(cast: Cast, *bodies: Any) -> None:
    """Have a writer that has looked who watches store `bodies` and tell of them."""
    notices, schema = Notices(valkey.volatile()), str(cast.alder.schema_name)
    notices.look()
    for stored in store_share(schema, [entry(body) for body in bodies], EPOCHS, Leaves()):
        notices.tell(schema, stored)


def test_what_is_stored_is_shown_whoever_looked(in_alder: Cast) -> None:
    store(envelope(in_alder.site, now_view("/first", 2), now_view("/second", 1)))
    page = in_alder.browser(in_alder.manager).htmx(ARRIVAL).content.decode()
    assert {path for path, _ in shown(page)} == {"first.example/first", "first.example/second"}


def test_each_fate_is_said_with_what_to_do(in_alder: Cast) -> None:
    newest.watch(in_alder.site.id)
    page_view = now_view("/people")
    told(
        in_alder,
        envelope(in_alder.site, page_view, received_ms=clock.now_ms() - 2000),
        envelope(in_alder.site, page_view, received_ms=clock.now_ms() - 1000),
        envelope(in_alder.site, now_view("/crawled"), visitor=9, user_agent=CRAWLER, received_ms=clock.now_ms()),
        Refusals(str(in_alder.alder.schema_name), in_alder.site.id, clock.today().isoformat(), {"origin": 3}),
    )
    page = in_alder.browser(in_alder.manager).htmx(ARRIVAL).content.decode()
    assert shown(page) == [
        ("first.example/crawled", "A bot that says so"),
        ("first.example/people", "repeated"),
        ("first.example/people", "counted"),
    ]
    assert "Its user agent names a crawler or a program." in page
    assert "3 refused in the last 7 days, <b>3 in the last ten minutes</b>" in page
    assert "Add the domain below if it is yours." in page
    assert "Beacon-Reason" in page


def test_the_page_gets_nothing_until_something_has_come(in_alder: Cast) -> None:
    browser = in_alder.browser(in_alder.manager)
    address = browser.htmx(ARRIVAL).content.decode().split('hx-get="')[1].split('"')[0]
    assert browser.htmx(address).status_code == 204
    told(in_alder, envelope(in_alder.site, now_view("/")))
    answer = browser.htmx(address)
    assert answer.status_code == 200
    address = answer.content.decode().split('hx-get="')[1].split('"')[0]
    assert browser.htmx(address).status_code == 204


@pytest.mark.parametrize("state", ["refused", "repeated", "parked", "folded"])
def test_anything_in_the_ledger_is_news(in_alder: Cast, state: str) -> None:
    before = newest.watch(in_alder.site.id)
    ledger_put(in_alder.site, clock.now(), state, 1)
    assert newest.watch(in_alder.site.id) != before


def test_parked_ones_are_named(in_alder: Cast) -> None:
    store(envelope(in_alder.site, now_view("/a\x00b")))
    page = in_alder.browser(in_alder.manager).htmx(ARRIVAL).content.decode()
    assert "1 event couldn’t be stored yet." in page


def test_the_writer_tells_only_of_sites_that_are_looked_at(in_alder: Cast) -> None:
    newest.watch(in_alder.other_site.id)
    told(in_alder, envelope(in_alder.site, now_view("/")))
    assert valkey.volatile().keys("*:events") == []
    newest.watch(in_alder.site.id)
    told(in_alder, envelope(in_alder.site, now_view("/")), envelope(in_alder.other_site, now_view("/")))
    keys: Any = valkey.volatile().keys("*:events")
    assert len(keys) == 2
    assert all(0 < valkey.volatile().ttl(key) <= newest.KEPT_SECONDS for key in keys)


def test_nobody_looks_any_more_after_a_while(in_alder: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    newest.watch(in_alder.site.id)
    assert len(newest.watched_sites(valkey.volatile())) == 1
    later = clock.now_ms() + newest.WATCHED_SECONDS * 1000 + 1
    monkeypatch.setattr(clock, "now_ms", lambda: later)
    assert newest.watched_sites(valkey.volatile()) == frozenset()


def test_another_agencys_site_of_the_same_number_hears_nothing(in_alder: Cast) -> None:
    with in_schema(str(in_alder.birch.schema_name)):
        newest.watch(in_alder.site.id)
    told(in_alder, envelope(in_alder.site, now_view("/")))
    assert valkey.volatile().keys("*:events") == []


def test_nothing_told_says_who_it_was(in_alder: Cast) -> None:
    newest.watch(in_alder.site.id)
    page_view = now_view("/", title="Title", referrer="https://other.example/x")
    body = envelope(in_alder.site, page_view, engagement(0, page_view, 3), visitor=123456789, sealed_ip=b"sealed-ip")
    told(in_alder, body)
    (packed,) = valkey.volatile().lrange(f"beacon:newest:{in_alder.alder.schema_name}:{in_alder.site.id}:events", 0, -1)
    for private in (b"sealed-ip", body.ip_hash, b"Mozilla", b"other.example", b"123456789"):
        assert private not in packed


def test_without_the_volatile_server_the_stored_ones_are_shown(in_alder: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    away = redis.Redis.from_url("redis://127.0.0.1:1/0", socket_connect_timeout=0.2)
    store(envelope(in_alder.site, now_view("/there")))
    monkeypatch.setattr(valkey, "volatile", lambda: away)
    found = newest.newest(in_alder.site.id)
    assert ([one.page for one in found.events], found.refused) == (["first.example/there"], {})
    assert newest.watch(in_alder.site.id).endswith(".0")


# --- with a writer's own process --------------------------------------------------------------------------------------


@pytest.fixture
def measured(real_agency: Agency, django_db_blocker: DjangoDbBlocker) -> Iterator[tuple[Site, Browser]]:
    """A committed site, and its owner's browser."""
    with django_db_blocker.unblock():
        clear_streams()
        with in_schema(str(real_agency.schema_name)):
            site = factories.make_site(name="First site", domain="first.example")
        owner = Membership.objects.get(agency=real_agency, role=Role.OWNER)
        yield site, Browser(f"{real_agency.slug}.{settings.BEACON_PUBLIC_HOST}", owner.user)
        clear_streams()


def seconds_until(seen: Callable[[], bool]) -> float:
    began = time.monotonic()
    assert wait_until(seen, seconds=PATIENCE_SECONDS), "it wasn't shown"
    return time.monotonic() - began


@pytest.mark.real
def test_what_the_writer_finds_is_there_within_a_second(measured: tuple[Site, Browser], real_agency: Agency) -> None:
    site, browser = measured
    schema, page = str(real_agency.schema_name), ARRIVAL
    refused = pack(Refusals(schema, site.id, clock.today().isoformat(), {"origin": 1}))
    view_of_a_page = now_view("/again", event_id=None)

    def asked() -> str:
        return str(browser.htmx(page).content.decode())

    with writer():
        send(envelope(site, now_view("/warm"), schema=schema))
        assert wait_until(lambda: "/warm" in asked(), seconds=PATIENCE_SECONDS)
        taken = []
        for number in range(20):
            send(envelope(site, now_view(f"/{number}"), schema=schema, visitor=number))
            taken.append(seconds_until(lambda: (f"first.example/{number}", "counted") in shown(asked())))  # noqa: B023
            if sum(seconds < 1.0 for seconds in taken) == 2:
                break
        else:
            # As quick as the page asks: some may have met a busy machine.
            raise AssertionError(taken)
        send(envelope(site, now_view("/bot"), schema=schema, visitor=50, user_agent=CRAWLER))
        seconds_until(lambda: ("first.example/bot", "A bot that says so") in shown(asked()))
        send(envelope(site, view_of_a_page, schema=schema), envelope(site, view_of_a_page, schema=schema))
        seconds_until(lambda: ("first.example/again", "repeated") in shown(asked()))
        valkey.durable().xadd(stream_name(0), {REFUSALS_FIELD: refused})
        seconds_until(lambda: "<b>1 in the last ten minutes</b>" in asked())
