"""Limits by address and site: buckets, answers, several processes, the limits' server away."""

import math
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from threading import Barrier, BrokenBarrierError, Event
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from apps.agencies.models import SiteRoute
from apps.core import clock
from apps.sites.proxy_key import proxy_key
from apps.tracking import apis, routes, sealing, valkey
from apps.tracking.loading import NotLoaded
from apps.tracking.steps.admission import PROXY_TIMES
from apps.tracking.throttles import BURST_SECONDS, Limits, Throttle
from tests.tracking.doors import ADDRESS, SITE_KEY, DoorClient, Streams, batch, pageview, route_make, why


def test_a_bucket_gives_its_burst_and_then_the_rate() -> None:
    throttle = Throttle("ip", 10)
    burst = int(10 * BURST_SECONDS)
    assert [throttle.take("a", now=100.0) for _ in range(burst)] == [0.0] * burst
    assert throttle.take("a", now=100.0) == pytest.approx(0.1)
    assert throttle.take("a", now=100.1) == 0.0
    assert throttle.take("a", now=100.1) > 0
    assert throttle.take("b", now=100.1) == 0.0


def test_full_buckets_are_forgotten() -> None:
    throttle = Throttle("ip", 10)
    for number in range(100):
        throttle.take(str(number), now=100.0)
    throttle.tidy(now=100.05)
    assert len(throttle._buckets) == 100
    throttle.tidy(now=101.0)
    assert len(throttle._buckets) == 0


@pytest.fixture
def few(monkeypatch: pytest.MonkeyPatch, fresh_process: None) -> Limits:
    limits = Limits(rate_per_ip=2, rate_per_site=1000, is_open_alone=True)
    monkeypatch.setattr(apis, "limits", limits)
    stand_still(monkeypatch)
    return limits


def stand_still(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let no bucket refill, however long the requests of a test take."""
    monkeypatch.setattr("apps.tracking.throttles.monotonic", lambda: 100.0)


def test_too_many_requests_are_429_with_when_to_come_again(few: Limits, door: DoorClient, streams: Streams) -> None:
    answers = [door.post(batch(pageview(n))) for n in range(6)]
    assert [answer.status_code for answer in answers] == [202] * 4 + [429] * 2
    refused = answers[-1]
    assert (refused.status_code, refused["Beacon-Reason"], refused["Retry-After"]) == (429, "rate", "1")
    assert refused["RateLimit-Policy"] == '"address";q=2;w=1'
    assert refused["RateLimit"] == '"address";r=0;t=1'
    assert why(refused) == {"": "too many requests: at most 2 a second for one address"}
    assert streams.refused == {"rate": 2}


def test_a_sites_limit_holds_for_all_addresses(
    monkeypatch: pytest.MonkeyPatch, door: DoorClient, streams: Streams
) -> None:
    monkeypatch.setattr(apis, "limits", Limits(rate_per_ip=1000, rate_per_site=1, is_open_alone=True))
    stand_still(monkeypatch)
    statuses = [door.post(batch(pageview(n), pageview(n + 50))).status_code for n in range(4)]
    assert statuses == [202, 202, 429, 429]
    assert streams.refused == {"rate": 4}


def test_a_site_may_have_a_rate_of_its_own(
    monkeypatch: pytest.MonkeyPatch, door: DoorClient, route: SiteRoute, streams: Streams
) -> None:
    monkeypatch.setattr(apis, "limits", Limits(rate_per_ip=1000, rate_per_site=1000, is_open_alone=True))
    stand_still(monkeypatch)
    change_rate(route, 1)
    answers = [door.post(batch(pageview(n))) for n in range(4)]
    assert [answer.status_code for answer in answers] == [202, 202, 429, 429]
    assert answers[-1]["RateLimit-Policy"] == '"site";q=1;w=1'
    assert why(answers[-1]) == {"": "too many requests: at most 1 a second for one site"}
    change_rate(route, 2)  # what is spent stays spent, by share
    assert door.post(batch(pageview(5))).status_code == 429
    change_rate(route, None)
    assert apis.limits.per_site.take(SITE_KEY, rate=1000, now=101.0) == 0.0


def change_rate(route: SiteRoute, rate: int | None) -> None:
    SiteRoute.objects.filter(site_key=route.site_key).update(settings={"rate_per_second": rate})
    routes.heard(route.site_key)


def test_a_bucket_of_its_own_rate_settles_and_fills_at_it(fresh_process: None) -> None:
    hour = sealing.hour_of(clock.now_ms())
    sealing.load(hour)
    throttle = Throttle("site", 1000)
    for _ in range(20):
        assert throttle.take("own", rate=10, now=100.0) == 0.0
    assert throttle.take("own", rate=10, now=100.0) == pytest.approx(0.1)
    valkey.volatile().delete(throttle._name("own"))
    throttle.sync()
    # The server knows no more than these 20 of 20: nothing is left there either.
    assert throttle.take("own", rate=10, now=100.0) > 0
    throttle.tidy(now=101.0)
    assert len(throttle._buckets) == 1
    throttle.tidy(now=102.0)
    assert len(throttle._buckets) == 0


def test_addresses_of_one_ipv6_network_share_a_limit(few: Limits, door: DoorClient) -> None:
    statuses = [door.post(batch(pageview(n)), REMOTE_ADDR=f"2001:db8:1:2::{n}").status_code for n in range(1, 7)]
    assert statuses == [202] * 4 + [429] * 2
    assert door.post(batch(pageview(9)), REMOTE_ADDR="2001:db8:1:3::1").status_code == 202


def test_who_asks_too_much_gets_no_database_query_for_keys_made_up(few: Limits, door: DoorClient) -> None:
    with CaptureQueriesContext(connection) as asked:
        statuses = [door.post(batch(pageview()) | {"site_key": f"made-up-{n}"}).status_code for n in range(20)]
    looked_up = [query for query in asked if "agencies_siteroute" in query["sql"]]
    assert statuses == [404] * 4 + [429] * 16
    assert len(looked_up) == 4


def test_processes_share_what_they_took(fresh_process: None) -> None:
    hour = sealing.hour_of(clock.now_ms())
    sealing.load(hour)
    one, other = Throttle("ip", 100), Throttle("ip", 100)
    key = f"shared-{hour}-{math.pi}"
    valkey.volatile().delete(one._name(key))
    for _ in range(150):
        one.take(key, now=1.0)
    began = time.monotonic()
    one.sync()
    for _ in range(50):
        other.take(key, now=1.0)
    other.sync()
    taken = sum(other.take(key, now=1.0) == 0.0 for _ in range(200))
    # 200 of the burst are gone; what is left is what the server's clock has refilled meanwhile, 100 a second.
    assert taken <= 5 + 100 * (time.monotonic() - began)


def test_no_address_stands_in_a_shared_name(fresh_process: None) -> None:
    sealing.load(sealing.hour_of(clock.now_ms()))
    assert ADDRESS not in Throttle("ip", 100)._name(ADDRESS)


@pytest.mark.parametrize(("is_open_alone", "is_closed"), [(True, False), (False, True)])
def test_with_the_limits_server_away_it_opens_or_closes_by_setting(
    monkeypatch: pytest.MonkeyPatch, is_open_alone: bool, is_closed: bool, door: DoorClient
) -> None:
    limits = Limits(rate_per_ip=1000, rate_per_site=1, is_open_alone=is_open_alone)
    away = valkey.client("redis://127.0.0.1:1/0")
    with monkeypatch.context() as gone:
        gone.setattr(valkey, "volatile", lambda: away)
        limits.per_site.take("site")
        limits.sync()
    assert limits.is_closed is is_closed
    monkeypatch.setattr(apis, "limits", limits)
    assert door.post(batch(pageview())).status_code == (503 if is_closed else 202)
    limits.sync()
    assert not limits.is_closed


def test_it_settles_again_after_the_limits_server_was_away(
    monkeypatch: pytest.MonkeyPatch, fresh_process: None
) -> None:
    sealing.load(sealing.hour_of(clock.now_ms()))
    limits = Limits(rate_per_ip=10, rate_per_site=1000, is_open_alone=True)
    for _ in range(2):
        limits.per_ip.take("gone meanwhile", now=100.0)
    away = valkey.client("redis://127.0.0.1:1/0")
    with monkeypatch.context() as gone:
        gone.setattr(valkey, "volatile", lambda: away)
        limits.sync()
        limits.per_ip.tidy(now=200.0)
    for _ in range(2):
        limits.per_ip.take("still here", now=200.0)
    limits.sync()
    assert not limits.per_ip.has_heavy()


def test_a_key_that_takes_much_is_settled_before_it_takes_more(fresh_process: None) -> None:
    """However many processes there are, each knows of what the others took after a quarter of a second's worth."""
    several = [Limits(rate_per_ip=40, rate_per_site=1000, is_open_alone=True) for _ in range(4)]
    taken = 0
    began = time.monotonic()
    for _ in range(200):
        for limits in several:
            taken += take_settling(limits) == 0.0
    # The burst of 80, ten for each process, and what the server's clock refilled meanwhile, 40 a second.
    assert 80 <= taken < 80 + 4 * 11 + 40 * max(1.0, time.monotonic() - began)


def take_settling(limits: Limits) -> float:
    for _ in range(3):
        try:
            return limits.per_ip.take(ADDRESS, now=100.0)
        except NotLoaded as missing:
            missing.load()
    raise AssertionError("settled, and still not known")


def test_settling_that_fails_lets_it_go_on_alone(monkeypatch: pytest.MonkeyPatch, fresh_process: None) -> None:
    limits = Limits(rate_per_ip=40, rate_per_site=1000, is_open_alone=True)
    away = valkey.client("redis://127.0.0.1:1/0")
    with monkeypatch.context() as gone:
        gone.setattr(valkey, "volatile", lambda: away)
        sealing.load(sealing.hour_of(clock.now_ms()))
        assert sum(take_settling(limits) == 0.0 for _ in range(200)) == 80
    assert not limits.is_closed


def shared_left(throttle: Throttle, key: str) -> float:
    left: Any = valkey.volatile().hget(throttle._name(key), "left")
    return float(left)


def taken_until_asking(throttle: Throttle, key: str, count: int) -> list[Callable[[], object]]:
    """Take `count` times at once, as requests of one moment do; return what those who must ask have to load."""
    loads: list[Callable[[], object]] = []
    for _ in range(count):
        try:
            throttle.take(key, now=100.0)
        except NotLoaded as missing:
            loads.append(missing.load)
    return loads


def test_several_who_settle_a_key_at_once_charge_it_once(monkeypatch: pytest.MonkeyPatch, fresh_process: None) -> None:
    sealing.load(sealing.hour_of(clock.now_ms()))
    limits = Limits(rate_per_ip=100, rate_per_site=1000, is_open_alone=True)
    loads = taken_until_asking(limits.per_ip, "busy", 40)
    assert len(loads) == 15
    both, real = Barrier(2), valkey.volatile()

    def meet() -> object:
        """Let two ask at the same time, if two do."""
        with suppress(BrokenBarrierError):
            both.wait(0.3)
        return real

    monkeypatch.setattr(valkey, "volatile", meet)
    with ThreadPoolExecutor(5) as threads:
        done = [threads.submit(load) for load in loads] + [threads.submit(limits.sync)]
        for one in done:
            one.result()
    # Of the burst of 200 the 25 are gone, once.
    assert shared_left(limits.per_ip, "busy") >= 175
    assert limits.per_ip._buckets["busy"].unsettled == 0


def test_what_is_being_settled_counts_until_the_answer_is_there(
    monkeypatch: pytest.MonkeyPatch, fresh_process: None
) -> None:
    sealing.load(sealing.hour_of(clock.now_ms()))
    limits = Limits(rate_per_ip=100, rate_per_site=1000, is_open_alone=True)
    first, *_ = taken_until_asking(limits.per_ip, "busy", 26)
    asked, answered, real = Event(), Event(), valkey.volatile()

    def slow() -> object:
        asked.set()
        assert answered.wait(30)
        return real

    monkeypatch.setattr(valkey, "volatile", slow)
    with ThreadPoolExecutor(2) as threads:
        settling = threads.submit(first)
        assert asked.wait(30)
        assert len(taken_until_asking(limits.per_ip, "busy", 5)) == 5
        answered.set()
        settling.result()
    assert not taken_until_asking(limits.per_ip, "busy", 5)


def proxied(number: int, visitor: str, key: str, site_key: str = SITE_KEY) -> tuple[dict[str, object], dict[str, str]]:
    """Return a body for the site and the headers of a proxy that speaks for a visitor."""
    headers = {"Beacon_Proxy_Key": key, "Beacon_Client_Address": visitor}
    return batch(pageview(number)) | {"site_key": site_key}, headers


def statuses_of(door: DoorClient, *sent: tuple[dict[str, object], dict[str, str]]) -> list[int]:
    return [door.post(body, **headers).status_code for body, headers in sent]


def test_a_proxy_key_lifts_no_limit_of_keys_made_up(few: Limits, door: DoorClient) -> None:
    sent = [proxied(n, f"198.51.100.{n}", proxy_key(SITE_KEY), f"made-up-{n}") for n in range(10)]
    with CaptureQueriesContext(connection) as asked:
        statuses = statuses_of(door, *sent)
    assert statuses == [404] * 4 + [429] * 6
    assert len([query for query in asked if "agencies_siteroute" in query["sql"]]) == 4


def test_another_sites_proxy_key_spends_the_senders_own_and_nothing_of_the_site(
    monkeypatch: pytest.MonkeyPatch, door: DoorClient, streams: Streams
) -> None:
    limits = Limits(rate_per_ip=5, rate_per_site=1, is_open_alone=True)
    monkeypatch.setattr(apis, "limits", limits)
    stand_still(monkeypatch)
    route_make("anothersite")
    key = proxy_key("anothersite")
    assert statuses_of(door, *[proxied(n, f"198.51.100.{n}", key) for n in range(12)]) == [403] * 10 + [429] * 2
    assert door.post(batch(pageview(50)), REMOTE_ADDR="192.0.2.99").status_code == 202


def test_a_sites_own_proxy_has_each_visitor_limited_alone_and_itself_widely(few: Limits, door: DoorClient) -> None:
    key = proxy_key(SITE_KEY)
    burst = int(2 * PROXY_TIMES * BURST_SECONDS)
    one = statuses_of(door, *[proxied(n, "198.51.100.1", key) for n in range(5)])
    assert one == [202] * 4 + [429]
    # What a proxy says of a visitor costs that visitor nothing elsewhere, and the proxy's own visits go on.
    assert door.post(batch(pageview(90)), REMOTE_ADDR="198.51.100.1").status_code == 202
    assert door.post(batch(pageview(91))).status_code == 202
    rest = statuses_of(door, *[proxied(n, f"203.0.113.{n}", key) for n in range(burst - 5)])
    assert rest == [202] * (burst - 5)
    body, headers = proxied(99, "203.0.113.200", key)
    refused = door.post(body, **headers)
    assert refused.status_code == 429
    assert refused["RateLimit-Policy"] == f'"proxy";q={2 * PROXY_TIMES};w=1'
