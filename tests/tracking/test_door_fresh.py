"""The door with its keeper: it finds what it needs by itself, hears of changes, and outlives its servers' absence."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from typing import Any

import httpx
import pytest

from apps.agencies.models import Agency, SiteRoute
from apps.core.ids import public_key
from apps.core.tenancy import in_schema
from apps.sites.models import Site
from apps.sites.services import client_create, site_create, site_set_status
from apps.tracking import address, keeper, routes
from apps.tracking.door import Door
from apps.tracking.loading import Unavailable, in_thread
from tests.tracking.doors import ADDRESS, BROWSER, DOMAIN, Streams, batch, pageview

pytestmark = [pytest.mark.real, pytest.mark.usefixtures("fresh_process")]
SECONDS = 30.0


@pytest.fixture
def site(real_agency: Agency) -> Site:
    with in_schema(str(real_agency.schema_name)):
        return site_create(client=client_create(name="C"), name="S", domains=[DOMAIN], site_key=public_key())


@pytest.fixture
async def door() -> AsyncIterator[Door]:
    door = Door()
    yield door
    await door.close()


@pytest.fixture
async def http(door: Door) -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(app=door, client=(ADDRESS, 4711))
    headers = {"Origin": f"https://{DOMAIN}", "User-Agent": BROWSER, "Content-Type": "text/plain"}
    async with httpx.AsyncClient(transport=transport, base_url="http://door", headers=headers) as client:
        yield client


def body(site: Site, number: int = 1) -> dict[str, Any]:
    return batch(pageview(number)) | {"site_key": site.site_key}


async def until(status: int, ask: Callable[[], Any]) -> None:
    """Ask until the status comes; fail at the deadline."""
    end = time.monotonic() + SECONDS
    while (got := (await ask()).status_code) != status:
        assert time.monotonic() < end, f"still {got}, not {status}"
        await asyncio.sleep(0.02)


async def test_the_first_request_finds_all_it_needs(http: httpx.AsyncClient, site: Site, streams: Streams) -> None:
    answers = await asyncio.gather(*[http.post("/api/track/batch", json=body(site, n)) for n in range(20)])
    assert {answer.status_code for answer in answers} == {202}
    assert {envelope.site_id for envelope in streams.envelopes} == {site.id}


async def test_it_hears_that_a_site_was_paused_and_resumed(
    http: httpx.AsyncClient, site: Site, streams: Streams
) -> None:
    await until(202, lambda: http.post("/api/track/batch", json=body(site)))
    # The door's own copy is good for seconds yet: only what was published can change it so soon.
    await change(site, Site.Status.PAUSED)
    await until(400, lambda: http.post("/api/track/batch", json=body(site)))
    await change(site, Site.Status.ACTIVE)
    await until(202, lambda: http.post("/api/track/batch", json=body(site)))


async def change(site: Site, status: Site.Status) -> None:
    def set_status() -> None:
        with in_schema(SiteRoute.objects.get(site_key=site.site_key).schema):
            site_set_status(site=site, status=status)

    await asyncio.to_thread(in_thread, set_status)


async def test_known_sites_go_on_without_the_database(
    http: httpx.AsyncClient, site: Site, streams: Streams, monkeypatch: pytest.MonkeyPatch
) -> None:
    await until(202, lambda: http.post("/api/track/batch", json=body(site)))

    def away(key: str) -> None:
        raise Unavailable("the database is away")

    monkeypatch.setattr(routes.routes, "_read", away)
    routes.heard(site.site_key)
    assert (await http.post("/api/track/batch", json=body(site, 2))).status_code == 202
    unknown = await http.post("/api/track/batch", json=batch(pageview()) | {"site_key": "never-seen"})
    assert (unknown.status_code, unknown.headers["Retry-After"]) == (503, "2")


async def test_it_says_that_it_is_ready(http: httpx.AsyncClient, site: Site) -> None:
    response = await http.get("/ready")
    assert response.status_code == 200
    assert set(response.json()["checks"]) == {"durable", "volatile", "database", "writer"}


async def test_it_drops_the_addresses_that_were_kept_for_speed(
    http: httpx.AsyncClient, site: Site, streams: Streams, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(keeper, "ADDRESSES_SECONDS", 0.0)
    await until(202, lambda: http.post("/api/track/batch", json=body(site)))
    end = time.monotonic() + SECONDS
    while address.limited_as.cache_info().currsize:
        assert time.monotonic() < end, "they stay"
        await asyncio.sleep(0.02)
