"""What is asked of IPinfo and what not: cache, one request for all, budget, breaker; and where addresses may stand."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Semaphore
from typing import Any, cast

import pytest

from apps.companies.asking.breaker import State
from apps.companies.enrichment import statistics
from apps.companies.enrichment.cache import DAY_SECONDS, Cache, kept_seconds
from apps.companies.enrichment.providers.base import Source
from apps.companies.enrichment.providers.shapes import answer_of
from apps.companies.enrichment.service import Enrichment, enrichment
from apps.companies.enrichment.statistics import Outcome
from apps.core import clock
from apps.tracking import valkey

from .conftest import NOW
from .ipinfo import BANK, BROKEN, FORBIDDEN, NOBODY, SCHOOL, TELECOM, FakeIPinfo, core, limited, stored


@pytest.fixture
def asking(ipinfo: FakeIPinfo) -> Enrichment:
    ipinfo.entries = {BANK: core(), TELECOM: core("Example Telecom", "isp.example", type_="isp")}
    return enrichment()


def later(monkeypatch: pytest.MonkeyPatch, **by: float) -> None:
    at = clock.now() + timedelta(**by)
    monkeypatch.setattr(clock, "now", lambda: at)


def outcomes() -> dict[str, int]:
    return dict(statistics.summary(days=1).outcomes)


def held() -> dict[bytes, bytes]:
    """Return all that "volatile" holds of enrichment, as bytes."""
    return stored("beacon:enrichment:*")


# --- the cache --------------------------------------------------------------------------------------------------------


def test_what_was_asked_isnt_asked_again(asking: Enrichment, ipinfo: FakeIPinfo) -> None:
    first = asking.resolve([BANK, TELECOM, NOBODY, BANK])
    assert ipinfo.asked == [[BANK, TELECOM, NOBODY]]
    again = asking.resolve([BANK, TELECOM, NOBODY])
    assert len(ipinfo.asked) == 1
    assert again == first
    assert (first[BANK].answer.source, first[BANK].answer.city) == (Source.IPINFO, "Graz")
    # That IPinfo knows nothing is an answer too: the local one stands.
    assert (first[NOBODY].answer.source, first[NOBODY].is_settled) == (Source.LOCAL, True)
    assert outcomes() == {"found": 2, "missed": 1, "hit": 2, "hit_nothing": 1}
    assert statistics.summary(days=1).hit_ratio == 0.5


@pytest.mark.parametrize(
    ("entry", "seconds"),
    [
        (core(), 7 * DAY_SECONDS),
        (core(type_="education"), 7 * DAY_SECONDS),
        (core(type_="isp"), DAY_SECONDS),
        ({"asn": "AS1", "as_name": "A", "as_domain": "a.example", "country_code": "AT"}, DAY_SECONDS),
        (core(is_hosting=True), 6 * 3600),
        (core(is_anonymous=True, anonymous={"is_vpn": True}), 6 * 3600),
        (None, 3600),
    ],
)
def test_each_kind_is_believed_for_its_time(
    asking: Enrichment, ipinfo: FakeIPinfo, entry: dict[str, Any] | None, seconds: int
) -> None:
    assert kept_seconds(answer_of(entry, NOW)) == seconds
    ipinfo.entries = {BANK: entry}
    asking.resolve([BANK])
    (name,) = cast("list[bytes]", valkey.volatile().keys("beacon:enrichment:of:*"))
    assert seconds - 10 < valkey.volatile().ttl(name) <= seconds


def test_an_answer_outlives_the_weeks_end_and_not_the_next_one(
    asking: Enrichment, ipinfo: FakeIPinfo, monkeypatch: pytest.MonkeyPatch
) -> None:
    asking.resolve([BANK])
    later(monkeypatch, days=6)  # from Wednesday into the next week
    assert asking.resolve([BANK])[BANK].answer.city == "Graz"
    assert len(ipinfo.asked) == 1
    later(monkeypatch, days=7)
    asking.resolve([BANK])
    assert len(ipinfo.asked) == 2


def test_an_entry_of_another_form_is_asked_for_again(asking: Enrichment, ipinfo: FakeIPinfo) -> None:
    asking.resolve([BANK])
    (name,) = cast("list[bytes]", valkey.volatile().keys("beacon:enrichment:of:*"))
    valkey.volatile().set(name, b"\x81\xa4city\xa4Graz", ex=60)
    asking.resolve([BANK])
    assert len(ipinfo.asked) == 2


def test_nobodys_addresses_are_never_asked_for(asking: Enrichment, ipinfo: FakeIPinfo) -> None:
    ips = ["192.0.2.1", "10.1.2.3", "2001:db8::1", "127.0.0.1"]
    found = asking.resolve(ips)
    assert ipinfo.asked == []
    assert [(one.answer.source, one.is_settled) for one in found.values()] == [(Source.LOCAL, True)] * 4


def test_without_a_token_nothing_is_asked_and_nothing_kept(ipinfo: FakeIPinfo, settings: Any) -> None:
    settings.BEACON_IPINFO_TOKEN = ""
    found = enrichment().resolve([BANK])
    assert (found[BANK].answer.organisation, found[BANK].is_settled) == ("Example Bank", True)
    assert (ipinfo.lines, held()) == ([], {})


# --- one request for all ----------------------------------------------------------------------------------------------


@pytest.fixture
def all_wait(monkeypatch: pytest.MonkeyPatch) -> Semaphore:
    """Count those that wait for another's request."""
    waiting, wait = Semaphore(0), Cache.wait

    def counted(self: Cache, ips: list[str]) -> Any:
        waiting.release()
        return wait(self, ips)

    monkeypatch.setattr(Cache, "wait", counted)
    return waiting


def side_by_side(ipinfo: FakeIPinfo, waiting: Semaphore, work: Callable[[], Any], workers: int = 5) -> list[Any]:
    """Have `workers` resolve at once, and IPinfo answer when all the others wait for the first."""
    ipinfo.let_go.clear()
    with ThreadPoolExecutor(workers) as pool:
        running = [pool.submit(work) for _ in range(workers)]
        for _ in range(workers - 1):
            assert waiting.acquire(timeout=20)
        ipinfo.let_go.set()
        return [one.result(timeout=20) for one in running]


def test_who_asks_for_the_same_address_at_once_shares_one_request(
    asking: Enrichment, ipinfo: FakeIPinfo, all_wait: Semaphore
) -> None:
    """What they share lies in Valkey: each makes its own as another process would."""
    found = side_by_side(ipinfo, all_wait, lambda: enrichment().resolve([BANK, NOBODY]))
    assert ipinfo.asked == [[BANK, NOBODY]]
    assert [one[BANK].answer.city for one in found] == ["Graz"] * 5
    assert outcomes() == {"found": 1, "missed": 1, "shared": 8}


def test_when_the_shared_request_fails_nobody_asks_once_more(
    asking: Enrichment, ipinfo: FakeIPinfo, all_wait: Semaphore
) -> None:
    ipinfo.script.append(BROKEN)
    found = side_by_side(ipinfo, all_wait, lambda: enrichment().resolve([BANK]))
    assert len(ipinfo.lines) == 1
    assert [(one[BANK].answer.source, one[BANK].is_settled) for one in found] == [(Source.LOCAL, False)] * 5
    assert outcomes() == {"failed": 5}
    # Nothing of it stays behind.
    assert asking.resolve([BANK])[BANK].answer.city == "Graz"


# --- budget and breaker -----------------------------------------------------------------------------------------------


def test_the_days_budget_is_kept_to_the_address(
    asking: Enrichment, ipinfo: FakeIPinfo, monkeypatch: pytest.MonkeyPatch
) -> None:
    asking.quota.budget = 3
    asking.resolve([BANK, SCHOOL])
    found = asking.resolve([TELECOM, NOBODY, "9.11.1.1"])
    assert ipinfo.asked == [[BANK, SCHOOL], [TELECOM]]
    assert [found[ip].is_settled for ip in (TELECOM, NOBODY)] == [True, False]
    assert (asking.quota.spent(), outcomes()["budget"]) == (3, 2)
    later(monkeypatch, days=1)
    assert asking.resolve([NOBODY])[NOBODY].is_settled


def test_a_budget_of_nothing_asks_for_nothing(asking: Enrichment, ipinfo: FakeIPinfo) -> None:
    asking.quota.budget = 0
    assert not asking.resolve([BANK])[BANK].is_settled
    assert ipinfo.lines == []


def test_a_limit_is_waited_out_and_tried_with_one_address(
    asking: Enrichment, ipinfo: FakeIPinfo, monkeypatch: pytest.MonkeyPatch
) -> None:
    ipinfo.script.append(limited(Retry_After="600"))
    ips = [BANK, TELECOM, SCHOOL]
    assert not any(one.is_settled for one in asking.resolve(ips).values())
    assert asking.quota.spent() == 0
    later(monkeypatch, minutes=9)
    asking.resolve(ips)
    assert len(ipinfo.lines) == 1
    later(monkeypatch, minutes=2)
    assert all(one.is_settled for one in asking.resolve(ips).values())
    assert ipinfo.asked == [[BANK], [TELECOM, SCHOOL]]
    assert (asking.quota.spent(), asking.breaker.look().state) == (3, State.CLOSED)
    assert outcomes() == {"failed": 3, "breaker": 3, "found": 2, "missed": 1}


def test_a_failing_probe_asks_for_no_more(
    asking: Enrichment, ipinfo: FakeIPinfo, monkeypatch: pytest.MonkeyPatch
) -> None:
    ipinfo.script.extend([limited(Retry_After="5"), BROKEN])
    asking.resolve([BANK, TELECOM])
    later(monkeypatch, seconds=6)
    asking.resolve([BANK, TELECOM])
    asking.resolve([BANK, TELECOM])
    assert len(ipinfo.lines) == 2
    assert asking.breaker.look().state is State.OPEN


def test_a_refused_token_is_said_once_and_left_alone(
    asking: Enrichment, ipinfo: FakeIPinfo, caplog: pytest.LogCaptureFixture
) -> None:
    ipinfo.script.append(FORBIDDEN)
    for _ in range(3):
        asking.resolve([BANK])
    assert len(ipinfo.lines) == 1
    assert [record.levelname for record in caplog.records] == ["ERROR"]
    assert "403" in caplog.text
    error = statistics.last_error()
    assert error is not None
    assert (error.at, "403" in error.text) == (NOW, True)


# --- statistics and privacy -------------------------------------------------------------------------------------------


def test_requests_are_counted_by_outcome_and_time(asking: Enrichment, ipinfo: FakeIPinfo) -> None:
    for seconds in (0.001, 0.03, 0.04, 29.0):
        statistics.request_count(entries=10, seconds=seconds)
    asking.resolve([BANK])
    ipinfo.script.append(BROKEN)
    asking.resolve([TELECOM])
    found = statistics.summary(days=7)
    assert (dict(found.requests), found.entries, found.errors) == ({"succeeded": 5, "unreachable": 1}, 42, 1)
    # Two of the six are this test's own, which take what they take.
    assert (sum(found.took), found.percentile_ms(1.0)) == (6, 30_000)
    assert statistics.Summary().percentile_ms(0.5) is None
    assert statistics.Summary().hit_ratio is None


def test_sums_are_of_the_days_that_are_asked_for(asking: Enrichment, monkeypatch: pytest.MonkeyPatch) -> None:
    asking.resolve([BANK])
    later(monkeypatch, days=6)
    asking.resolve([BANK])
    assert dict(statistics.summary(days=1).outcomes) == {"hit": 1}
    assert dict(statistics.summary(days=7).outcomes) == {"hit": 1, "found": 1}
    assert Outcome.FOUND not in statistics.summary(days=6).outcomes


def test_no_address_stands_in_valkey_or_a_log(
    asking: Enrichment, ipinfo: FakeIPinfo, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG")
    ipinfo.script.append(BROKEN)
    asking.resolve([BANK])
    ipinfo.entries[BANK] = {"ip": BANK, "hostname": f"gw-{BANK}.bank.example"} | core()
    asking.resolve([BANK, NOBODY, "2a00::7"])
    entries = held()
    assert len(entries) > 6
    packed = [bytes(map(int, ip.split("."))) for ip in (BANK, NOBODY)]
    for text in (BANK.encode(), NOBODY.encode(), b"2a00::7", *packed):
        assert not any(text in name or text in value for name, value in entries.items())
    assert not any(ip in caplog.text for ip in (BANK, NOBODY, "2a00::7"))


def test_everything_in_valkey_ends_by_itself(asking: Enrichment, ipinfo: FakeIPinfo) -> None:
    ipinfo.script.append(BROKEN)
    asking.resolve([BANK])
    asking.resolve([BANK])
    lasting = [name for name in held() if valkey.volatile().ttl(name) < 0]
    assert lasting == []
