"""IPinfo's batch endpoint: what is sent, what its plans answer, and what each kind of failure is called."""

import socket
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from apps.companies.asking.exchange import pause_of
from apps.companies.asking.failures import Failure, ProviderError
from apps.companies.enrichment.providers.base import NetworkAnswer, Source
from apps.companies.enrichment.providers.ipinfo import MOST_ENTRIES, IPinfo
from apps.companies.enrichment.providers.shapes import answer_of
from apps.networks.kinds import NetworkKind
from tests.dripping import dripping

from .conftest import NOW
from .ipinfo import BANK, BROKEN, FORBIDDEN, NOBODY, TELECOM, TOKEN, FakeIPinfo, Scripted, core, fake_ipinfo, limited


@pytest.fixture(scope="module")
def shared() -> Iterator[FakeIPinfo]:
    with fake_ipinfo() as fake:
        yield fake


@pytest.fixture
def server(shared: FakeIPinfo) -> FakeIPinfo:
    shared.entries, shared.refused = {}, 0
    shared.asked.clear()
    shared.lines.clear()
    shared.script.clear()
    return shared


def asked(server: FakeIPinfo, *ips: str, token: str = TOKEN) -> Any:
    return IPinfo(url=server.url, token=token).ask(ips or (BANK,))


def failure(server: FakeIPinfo, *scripted: Scripted, token: str = TOKEN) -> ProviderError:
    server.script.extend(scripted)
    with pytest.raises(ProviderError) as caught:
        asked(server, token=token)
    assert BANK not in str(caught.value)
    assert TOKEN not in str(caught.value)
    return caught.value


# --- what plans answer ------------------------------------------------------------------------------------------------

LITE = {
    "ip": BANK, "asn": "AS64510", "as_name": "Varnholt AG", "as_domain": "varnholt.example",
    "country_code": "AT", "country": "Austria", "continent_code": "EU", "continent": "Europe",
}  # fmt: skip
LEGACY = {
    "ip": BANK, "city": "Graz", "region": "Styria", "country": "AT", "loc": "47.0700,15.4400", "postal": "8010",
    "org": "AS64511 Example Carrier", "timezone": "Europe/Vienna",
    "asn": {"asn": "AS64511", "name": "Example Carrier", "domain": "carrier.example", "type": "isp"},
    "company": {"name": "Varnholt AG", "domain": "Varnholt.example", "type": "business"},
    "privacy": {"vpn": False, "proxy": False, "tor": False, "relay": False, "hosting": False, "service": ""},
}  # fmt: skip


def answer(value: object) -> NetworkAnswer:
    found = answer_of(value, NOW)
    assert found is not None
    return found


def test_core_gives_place_network_and_kind() -> None:
    found = answer(core())
    assert (found.continent, found.country, found.region, found.city, found.postal) == (
        "EU", "AT", "Styria", "Graz", "8010",
    )  # fmt: skip
    assert (found.latitude, found.longitude) == (47.07, 15.44)
    assert (found.asn, found.network_name, found.organisation) == (64510, "Varnholt AG", "Varnholt AG")
    assert (found.domain, found.kind) == ("varnholt.example", NetworkKind.BUSINESS)
    assert (found.source, found.resolved_at, found.is_of_range) == (Source.IPINFO, NOW, False)


def test_lite_gives_country_and_network_and_no_kind() -> None:
    found = answer(LITE)
    assert (found.country, found.city, found.asn, found.domain) == ("AT", "", 64510, "varnholt.example")
    assert found.kind is NetworkKind.UNKNOWN


def test_legacy_names_the_company_of_the_range_beside_its_carrier() -> None:
    found = answer(LEGACY)
    assert (found.organisation, found.domain, found.kind) == ("Varnholt AG", "varnholt.example", NetworkKind.BUSINESS)
    assert (found.asn, found.network_name, found.is_of_range) == (64511, "Example Carrier", True)
    assert (found.city, found.latitude, found.longitude, found.postal) == ("Graz", 47.07, 15.44, "8010")


def test_a_legacy_plan_without_blocks_has_the_network_in_one_text() -> None:
    found = answer({"ip": BANK, "country": "DE", "org": "AS64511 Example Carrier", "company": {}, "asn": None})
    assert (found.asn, found.organisation, found.kind) == (64511, "Example Carrier", NetworkKind.UNKNOWN)
    assert not found.is_of_range


@pytest.mark.parametrize(
    ("flags", "kind"),
    [
        ({"is_hosting": True}, NetworkKind.HOSTING),
        ({"is_anonymous": True}, NetworkKind.PROXY),  # Core doesn't say how
        ({"is_anonymous": True, "anonymous": {"is_vpn": True}}, NetworkKind.VPN),
        ({"is_anonymous": True, "anonymous": {"is_tor": True, "is_vpn": True}}, NetworkKind.TOR),
        ({"is_anonymous": True, "anonymous": {"is_relay": True}, "is_hosting": True}, NetworkKind.PROXY),
        ({"anonymous": {"is_res_proxy": True, "percent_days_seen": 40}}, NetworkKind.PROXY),
        ({"anonymous": {}, "mobile": None}, NetworkKind.BUSINESS),
    ],
)
def test_whoever_hides_is_of_no_other_kind(flags: dict[str, Any], kind: NetworkKind) -> None:
    assert answer(core(**flags)).kind is kind


def test_plus_names_the_carrier_of_a_telephone() -> None:
    found = answer(core(type_="isp", mobile={"name": "Example Mobile", "mcc": "232", "mnc": "01"}))
    assert (found.is_mobile, found.carrier, found.kind) == (True, "Example Mobile", NetworkKind.CONSUMER)


@pytest.mark.parametrize(
    "value",
    [
        None,
        "AT",
        {},
        {"ip": BANK},
        {"ip": BANK, "bogon": True},
        {"geo": {}, "as": {}},
        {"geo": {"city": ""}, "as": {"name": None, "asn": ""}},
        {"status": 404, "error": {"title": "Wrong ip", "message": "Please provide a valid IP address"}},
        {"error": "ASN Not Found!"},
    ],
)
def test_an_entry_that_says_nothing_is_a_miss(value: object) -> None:
    assert answer_of(value, NOW) is None


@pytest.mark.parametrize(
    "geo",
    [
        {"country_code": "Austria", "latitude": "47", "longitude": True, "city": 5},
        {"country_code": "", "latitude": 470, "longitude": float("nan"), "city": "\x00 "},
    ],
)
def test_fields_of_another_kind_than_documented_are_left_out(geo: dict[str, Any]) -> None:
    found = answer({"geo": geo, "as": {"asn": "AS1", "name": "A", "type": 3}})
    assert (found.country, found.latitude, found.longitude, found.city) == ("", None, None, "")


# --- what is sent -----------------------------------------------------------------------------------------------------


def test_addresses_and_token_stand_in_body_and_header_alone(server: FakeIPinfo) -> None:
    server.entries = {BANK: core(), TELECOM: core("Example Telecom", "isp.example", type_="isp"), NOBODY: None}
    found = asked(server, BANK, TELECOM, NOBODY, "2a00::1")
    assert set(found) == {BANK, TELECOM}
    assert server.asked == [[BANK, TELECOM, NOBODY, "2a00::1"]]
    assert server.lines == ["POST /batch HTTP/1.1"]


def test_a_batch_has_as_many_entries_as_documented_and_no_more(server: FakeIPinfo) -> None:
    ips = [f"9.9.{number // 250}.{number % 250}" for number in range(MOST_ENTRIES + 1)]
    assert asked(server, *ips[:MOST_ENTRIES]) == {}
    with pytest.raises(ValueError, match="1000 entries"):
        asked(server, *ips)
    assert len(server.asked) == 1


# --- failures ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("scripted", "kind", "is_charged"),
    [
        (FORBIDDEN, Failure.REFUSED, False),
        (Scripted(400, b'{"error": "Wrong batch"}'), Failure.REJECTED, False),
        (Scripted(404), Failure.REJECTED, False),
        (BROKEN, Failure.UNREACHABLE, True),
        (Scripted(200, b"<html>"), Failure.MALFORMED, True),
        (Scripted(200, b'["9.9.1.1"]'), Failure.MALFORMED, True),
        (Scripted(200, b'{"9.9.1.1": {"ip": "9.9.'), Failure.MALFORMED, True),
        (Scripted(200, b'{"a": "\xff"}'), Failure.MALFORMED, True),
    ],
)
def test_each_failure_has_its_kind(server: FakeIPinfo, scripted: Scripted, kind: Failure, is_charged: bool) -> None:
    error = failure(server, scripted)
    assert (error.failure, error.is_charged, error.retry_after) == (kind, is_charged, None)


def test_an_unknown_token_is_refused(server: FakeIPinfo) -> None:
    assert failure(server, token="another").failure is Failure.REFUSED


def test_a_redirect_isnt_followed_with_the_token(server: FakeIPinfo) -> None:
    error = failure(server, Scripted(302, headers={"Location": server.url}))
    assert error.failure is Failure.REJECTED
    assert len(server.lines) == 1


def test_a_limit_says_how_long_it_lasts(server: FakeIPinfo) -> None:
    assert (error := failure(server, limited(Retry_After="90"))).failure is Failure.LIMITED
    assert (error.retry_after, error.is_charged) == (90.0, False)
    assert failure(server, limited()).retry_after is None


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("0", 0.0),
        ("Wed, 13 May 2026 10:02:00 GMT", 120.0),
        ("Wed, 13 May 2026 09:00:00 GMT", 0.0),
        ("99999999999", timedelta(days=1).total_seconds()),
        ("soon", None),
        ("-5", None),
        ("", None),
    ],
)
def test_retry_after_is_seconds_or_a_date(header: str, seconds: float | None) -> None:
    assert pause_of(header) == seconds


def test_one_that_doesnt_answer_in_time_isnt_waited_for(server: FakeIPinfo) -> None:
    server.let_go.clear()
    try:
        with pytest.raises(ProviderError, match="in time") as caught:
            IPinfo(url=server.url, token=TOKEN, seconds=0.1).ask([BANK])
    finally:
        server.let_go.set()
    assert (caught.value.failure, caught.value.is_charged) == (Failure.UNREACHABLE, True)


def test_one_that_answers_by_drops_isnt_waited_for() -> None:
    with (
        dripping(b"HTTP/1.1 200 OK\r\n", b"X-Drop: 1\r\n") as port,
        pytest.raises(ProviderError, match="in time") as caught,
    ):
        IPinfo(url=f"http://127.0.0.1:{port}/batch", token=TOKEN, seconds=0.3).ask([BANK])
    assert caught.value.failure == Failure.UNREACHABLE


def test_one_that_isnt_there_costs_nothing() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # without listening
        url = f"http://127.0.0.1:{taken.getsockname()[1]}/batch"
        with pytest.raises(ProviderError, match="no connection") as caught:
            IPinfo(url=url, token=TOKEN).ask([BANK])
    assert (caught.value.failure, caught.value.is_charged) == (Failure.UNREACHABLE, False)
