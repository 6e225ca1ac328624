"""`GET /metrics`: who may read it, and that it counts what really happens."""

import re
from collections.abc import AsyncIterator
from ipaddress import ip_network
from typing import Any

import httpx
import pytest
from django.conf import LazySettings
from django.test import Client

from apps.agencies.models import SiteRoute
from apps.core import metering
from apps.tracking import measures, routes, salts, sealing, valkey
from apps.tracking.door import Door
from apps.tracking.writer import counters
from apps.tracking.writer.leaves import Leaves
from apps.tracking.writer.share import store_share
from tests.cast import Cast
from tests.tracking.arrivals import CRAWLER, EPOCHS, engagement, entry, envelope, view
from tests.tracking.doors import ADDRESS, BROWSER, ORIGIN, SITE_KEY, Streams, batch, pageview

TOKEN = "a-token-that-nobody-guesses"
LOOPBACK = "127.0.0.1"


@pytest.fixture
def known_site(route: SiteRoute, streams: Streams) -> None:
    routes.routes.load(SITE_KEY)
    salts.keep()
    sealing.keep()


@pytest.fixture
async def door() -> AsyncIterator[Door]:
    made = Door(is_kept_fresh=False)
    yield made
    await made.close()


async def ask(door: Door, peer: str = LOOPBACK, **headers: str) -> httpx.Response:
    transport = httpx.ASGITransport(app=door, client=(peer, 4711))
    given = {name.replace("_", "-"): value for name, value in headers.items()}
    async with httpx.AsyncClient(transport=transport, base_url="http://any.host") as client:
        return await client.get("/metrics", headers=given)


def samples(text: str) -> dict[str, float]:
    """Return each line's value by its name and labels."""
    return {name: float(value) for name, value in re.findall(r"^(\w+(?:\{.*\})?) (\S+)$", text, re.M)}


def now() -> dict[str, float]:
    return samples(metering.exposition().decode())


# --- who may read -----------------------------------------------------------------------------------------------------


async def test_this_machine_may_read_and_nobody_else(db: None, door: Door) -> None:
    assert (await ask(door)).status_code == 200
    assert (await ask(door, "::1")).status_code == 200
    for peer in (ADDRESS, "10.0.0.5", "2001:db8::1"):
        refused = await ask(door, peer)
        assert (refused.status_code, "beacon_" in refused.text) == (403, False)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("X_Forwarded_For", LOOPBACK),
        ("X_Forwarded_For", ADDRESS),
        ("Forwarded", f"for={LOOPBACK}"),
        ("X_Real_IP", LOOPBACK),
        ("Via", "1.1 proxy"),
        ("CF_Ray", "1"),
    ],
)
async def test_what_a_proxy_on_this_machine_passed_on_isnt_let_in(db: None, door: Door, name: str, value: str) -> None:
    assert (await ask(door, **{name: value})).status_code == 403


async def test_a_trusted_proxy_isnt_near_even_where_it_says_nothing(
    db: None, door: Door, settings: LazySettings
) -> None:
    settings.BEACON_TRUSTED_PROXIES = [ip_network(LOOPBACK)]
    assert (await ask(door)).status_code == 403


async def test_networks_can_be_named(db: None, door: Door, settings: LazySettings) -> None:
    settings.BEACON_METRICS_NETWORKS = [ip_network("10.0.0.0/8")]
    assert (await ask(door, "10.1.2.3")).status_code == 200
    assert (await ask(door, LOOPBACK)).status_code == 403


async def test_a_token_opens_from_anywhere_and_nothing_but_it(db: None, door: Door, settings: LazySettings) -> None:
    settings.BEACON_METRICS_TOKEN, settings.BEACON_METRICS_NETWORKS = TOKEN, []
    assert (await ask(door, ADDRESS, Authorization=f"Bearer {TOKEN}")).status_code == 200
    assert (await ask(door, ADDRESS, Authorization=f"bearer {TOKEN}", X_Forwarded_For=ADDRESS)).status_code == 200
    for headers in (
        {},
        {"Authorization": "Bearer wrong"},
        {"Authorization": TOKEN},
        {"Authorization": f"Basic {TOKEN}"},
    ):
        refused = await ask(door, LOOPBACK, **headers)
        assert (refused.status_code, refused.headers["WWW-Authenticate"]) == (401, "Bearer")


def test_plain_django_lets_in_the_same_callers(db: None, settings: LazySettings) -> None:
    http = Client()
    assert http.get("/metrics", headers={"Host": "localhost"}).status_code == 200
    assert http.get("/metrics", headers={"Host": "localhost"}, REMOTE_ADDR=ADDRESS).status_code == 403
    assert http.get("/metrics", headers={"Host": "localhost", "X-Forwarded-For": LOOPBACK}).status_code == 403


# --- what it counts ---------------------------------------------------------------------------------------------------


@pytest.mark.usefixtures("known_site")
async def test_the_door_counts_what_it_answers(door: Door) -> None:
    before = samples((await ask(door)).text)
    transport = httpx.ASGITransport(app=door, client=(ADDRESS, 4711))
    headers = {"User-Agent": BROWSER, "Content-Type": "text/plain"}
    async with httpx.AsyncClient(transport=transport, base_url="http://any", headers=headers) as client:

        async def post(body: Any, origin: str = ORIGIN) -> int:
            return (await client.post("/api/track/batch", json=body, headers={"Origin": origin})).status_code

        assert await post(batch(pageview(1), pageview(2), pageview(3, at=None))) == 202
        assert await post(batch(pageview(4), pageview(5)), "https://evil.example") == 403
    response = await ask(door)
    after = samples(response.text)

    def grown(name: str) -> float:
        return after.get(name, 0) - before.get(name, 0)

    assert response.headers["Content-Type"].startswith("text/plain; version=")
    assert grown("beacon_events_accepted_total") == 2
    assert grown('beacon_events_refused_total{reason="invalid"}') == 1
    assert grown('beacon_events_refused_total{reason="origin"}') == 2
    assert grown('beacon_door_requests_total{door="batch",status="202"}') == 1
    assert grown('beacon_door_requests_total{door="batch",status="403"}') == 1
    assert grown("beacon_door_seconds_count") == 2
    assert grown("beacon_inbox_pipeline_seconds_count") == 2
    assert after["beacon_queue_entries"] == 3  # an envelope, and two of refusals
    assert after["beacon_queue_oldest_seconds"] >= 0
    assert 0 < after["beacon_stream_bytes"] < after["beacon_stream_bound_bytes"]
    assert after['beacon_up{server="durable"}'] == after['beacon_up{server="database"}'] == 1
    assert after['beacon_tasks_waiting{queue="default"}'] >= 0
    # No label names a site, an address or an agency.
    assert SITE_KEY not in response.text
    assert ADDRESS not in response.text


async def test_it_tells_which_server_is_away(db: None, door: Door, monkeypatch: pytest.MonkeyPatch) -> None:
    away = valkey.client("redis://127.0.0.1:1/0")
    monkeypatch.setattr(valkey, "durable", lambda: away)
    told = samples((await ask(door)).text)
    assert (told['beacon_up{server="durable"}'], told['beacon_up{server="volatile"}']) == (0, 1)
    assert (told["beacon_ready"], told["beacon_accepts"]) == (0, 0)


def test_the_writer_counts_what_became_of_the_events(in_alder: Cast) -> None:
    before = now()
    site = in_alder.site
    page = view(0)
    bodies = [
        envelope(site, page, view(1), engagement(2, page, 5)),
        envelope(site, page),
        envelope(site, view(3), user_agent=CRAWLER, visitor=8),
        envelope(site, view(4, "/a\x00b"), visitor=9),
    ]
    for stored in store_share(in_alder.alder.schema_name, [entry(body) for body in bodies], EPOCHS, Leaves()):
        counters.count_stored(stored)
    counters.count_batch(len(bodies), 0.5)
    counters.count_retry(RuntimeError("away"))
    after = now()

    def grown(name: str) -> float:
        return after.get(name, 0) - before.get(name, 0)

    assert grown("beacon_events_stored_total") == 3
    assert grown("beacon_events_counted_total") == 2
    assert grown("beacon_events_folded_total") == 1
    assert grown("beacon_events_repeated_total") == 1
    assert grown('beacon_events_set_aside_total{reason="bot_declared"}') == 1
    assert grown("beacon_events_parked_total") == 1
    assert grown("beacon_writer_lag_seconds_count") == 3
    assert grown('beacon_writer_batch_entries_bucket{le="5.0"}') == 1
    assert grown("beacon_writer_batch_seconds_sum") == pytest.approx(0.5)
    assert grown('beacon_writer_retries_total{server="database"}') == 1


def test_a_histogram_takes_counts_in_its_buckets() -> None:
    before = now()
    counts = [0] * len(measures.DOOR_SECONDS.bounds)
    counts[0], counts[-1] = 2, 1
    measures.DOOR_SECONDS.add(counts, 4_000.0)
    after = now()
    for name, expected in (('_bucket{le="0.001"}', 2), ('_bucket{le="+Inf"}', 3), ("_count", 3), ("_sum", 4_000)):
        grown = after[f"beacon_door_seconds{name}"] - before.get(f"beacon_door_seconds{name}", 0)
        assert grown == pytest.approx(expected)
