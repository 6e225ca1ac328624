"""What an address is, by small databases of our own making."""

from pathlib import Path

import pytest
from pytest_django.fixtures import Settings

from apps.networks import databases
from apps.networks.lookup import NetworkKind, lookup

from .databases import make_databases
from .mmdb import Value, write_mmdb


@pytest.fixture
def data_folder(tmp_path: Path, settings: Settings) -> Path:
    settings.BEACON_DATA_DIR = tmp_path
    return make_databases(tmp_path)


@pytest.mark.usefixtures("data_folder")
def test_it_knows_place_network_and_organisation() -> None:
    found = lookup("9.9.1.2")
    assert (found.continent, found.country, found.region, found.city) == ("EU", "GB", "England", "London")
    assert (found.latitude, found.longitude) == (51.5143, -0.0912)
    assert (found.asn, found.network_name, found.organisation, found.domain) == (
        64500,
        "EXAMPLE BANK PLC",
        "Example Bank",
        "bank.example",
    )
    assert (found.kind, found.ground, found.is_hosting) == (NetworkKind.BUSINESS, "type of the domain: Finance", False)


@pytest.mark.usefixtures("data_folder")
@pytest.mark.parametrize(
    ("address", "kind", "country", "flags"),
    [
        ("9.10.1.1", NetworkKind.CONSUMER, "DE", ""),
        ("9.10.7.1", NetworkKind.VPN, "DE", "vpn"),
        ("9.10.8.1", NetworkKind.TOR, "DE", "tor"),
        ("9.11.1.1", NetworkKind.HOSTING, "NL", "hosting"),
        ("9.12.1.1", NetworkKind.EDUCATION, "AT", ""),
        ("9.13.1.1", NetworkKind.UNKNOWN, "FR", ""),
        ("2a00::1", NetworkKind.CONSUMER, "AT", ""),
        ("2a00:0:0:1::5", NetworkKind.TOR, "AT", "tor"),
        ("::ffff:9.11.1.1", NetworkKind.HOSTING, "NL", "hosting"),
        (" 9.11.1.1 ", NetworkKind.HOSTING, "NL", "hosting"),
    ],
)
def test_it_gives_the_kind(address: str, kind: NetworkKind, country: str, flags: str) -> None:
    found = lookup(address)
    assert (found.kind, found.country) == (kind, country)
    assert {"vpn": found.is_vpn, "tor": found.is_tor, "hosting": found.is_hosting} == {
        "vpn": flags == "vpn",
        "tor": flags == "tor",
        "hosting": flags == "hosting",
    }


@pytest.mark.usefixtures("data_folder")
def test_a_name_is_shown_without_remarks() -> None:
    assert lookup("9.12.1.1").organisation == "Example University"
    assert lookup("9.12.1.1").domain == "uni.example"


@pytest.mark.usefixtures("data_folder")
@pytest.mark.parametrize(
    ("address", "ground"),
    [
        ("", "not an address"),
        ("here", "not an address"),
        ("999.1.1.1", "not an address"),
        ("9.9.9", "not an address"),
        ("\x00", "not an address"),
        ("9.9.9.9\x00", "not an address"),
        (":::", "not an address"),
        ("10.1.2.3", "a private or reserved address"),
        ("127.0.0.1", "a private or reserved address"),
        ("192.168.1.1", "a private or reserved address"),
        ("198.51.100.7", "a private or reserved address"),
        ("224.0.0.1", "a private or reserved address"),
        ("255.255.255.255", "a private or reserved address"),
        ("::1", "a private or reserved address"),
        ("fe80::1%eth0", "a private or reserved address"),
        ("fd00::1", "a private or reserved address"),
        ("2001:db8::1", "a private or reserved address"),
        ("::ffff:10.0.0.1", "a private or reserved address"),
        ("9.13.1.1", "no network announces the address"),
        ("8.8.8.8", "no network announces the address"),
    ],
)
def test_it_says_why_nothing_is_known(address: str, ground: str) -> None:
    found = lookup(address)
    assert (found.kind, found.organisation, found.ground) == (NetworkKind.UNKNOWN, "", ground)


def test_without_databases_everything_is_unknown_and_says_so(tmp_path: Path, settings: Settings) -> None:
    settings.BEACON_DATA_DIR = tmp_path
    found = lookup("9.9.1.2")
    assert (found.kind, found.country, found.organisation) == (NetworkKind.UNKNOWN, "", "")
    assert found.ground == "the network database isn't installed"
    assert databases.missing() == ["places", "networks and companies"]


def test_a_broken_database_counts_as_missing(data_folder: Path, caplog: pytest.LogCaptureFixture) -> None:
    (data_folder / "databases" / databases.NETWORK).write_bytes(b"not a database")
    databases.forget()
    found = lookup("9.9.1.2")
    assert (found.kind, found.country) == (NetworkKind.UNKNOWN, "GB")
    assert databases.missing() == ["networks and companies"]
    assert "ipinfo_lite.mmdb can't be read" in caplog.text


def test_the_small_database_of_countries_will_do(data_folder: Path) -> None:
    folder = data_folder / "databases"
    (folder / databases.PLACE_IPV4).unlink()
    write_mmdb(folder / databases.COUNTRY, {"9.9.0.0/16": {"country_code": "IE"}}, ip_version=6)
    databases.forget()
    found = lookup("9.9.1.2")
    assert (found.country, found.city, found.latitude) == ("IE", "", None)
    assert databases.missing() == []


def test_a_swapped_database_is_noticed(data_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert lookup("9.9.1.2").network_name == "EXAMPLE BANK PLC"
    fresh = {"9.9.0.0/16": {"asn": "AS64500", "as_name": "New Bank", "as_domain": "bank.example", "country_code": "GB"}}
    write_mmdb(data_folder / "new.mmdb", fresh).replace(data_folder / "databases" / databases.NETWORK)
    assert lookup("9.9.1.2").network_name == "EXAMPLE BANK PLC"
    monkeypatch.setattr(databases, "LOOK_EVERY_SECONDS", 0.0)
    assert lookup("9.9.1.2").network_name == "New Bank"


@pytest.mark.usefixtures("data_folder")
def test_no_address_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    from apps.networks import lookup as module  # the module, whose caches are looked at

    module._owner.cache_clear()
    for last in range(1, 60):
        lookup(f"9.9.1.{last}")
    assert module._owner.cache_info().currsize == 1


@pytest.mark.usefixtures("data_folder")
def test_a_damaged_database_is_like_a_missing_one() -> None:
    file = databases.path(databases.NETWORK)
    whole = file.read_bytes()
    # The search tree still leads somewhere, but what stands there is no record.
    start, end = whole.index(b"as_domain") - 8, whole.rindex(b"\xab\xcd\xefMaxMind.com")
    file.write_bytes(whole[:start] + b"\xff" * (end - start) + whole[end:])
    databases.forget()

    assert lookup("9.9.1.2").domain == ""


def test_the_operators_own_databases_are_believed(data_folder: Path) -> None:
    folder = data_folder / "databases"
    london: dict[str, Value] = {
        "country": {"iso_code": "GB"},
        "city": {"names": {"en": "London"}},
        "subdivisions": [{"names": {"en": "England"}}],
        "postal": {"code": "EC2V"},
        "location": {"latitude": 51.51, "longitude": -0.09},
    }
    write_mmdb(folder / databases.OPERATOR_PLACE, {"9.10.0.0/16": london, "9.12.0.0/16": {"continent": {"code": "EU"}}})
    write_mmdb(folder / databases.OPERATOR_CONNECTION, {"9.10.0.0/16": {"connection_type": "Cellular"}})
    hidden = {"is_anonymous": True, "is_public_proxy": True}
    write_mmdb(folder / databases.OPERATOR_ANONYMOUS, {"9.9.0.0/16": hidden, "9.12.0.0/16": {"is_anonymous_vpn": True}})
    databases.forget()
    found = lookup("9.10.1.1")
    assert (found.country, found.region, found.city, found.postal) == ("GB", "England", "London", "EC2V")
    assert (found.latitude, found.is_mobile) == (51.51, True)
    proxy = lookup("9.9.1.1")
    assert (proxy.is_proxy, proxy.carries_people, proxy.postal, proxy.city) == (True, True, "", "London")
    vpn = lookup("9.12.1.1")
    assert (vpn.kind, vpn.is_vpn, vpn.country) == (NetworkKind.VPN, True, "AT")


@pytest.mark.usefixtures("data_folder")
def test_a_carrier_is_told_by_its_name(data_folder: Path) -> None:
    network = {"asn": "AS64510", "as_domain": "isp.example", "country_code": "DE"}
    records = {
        "9.20.0.0/16": network | {"as_name": "Example Mobile GmbH"},
        "9.21.0.0/16": network | {"as_name": "Example Kabel"},
        "9.22.0.0/16": network | {"as_name": "Example Automobile AG", "as_domain": "bank.example"},
    }
    write_mmdb(data_folder / "databases" / databases.NETWORK, records, ip_version=6)
    databases.forget()
    assert [lookup(f"9.{number}.1.1").is_mobile for number in (20, 21, 22)] == [True, False, False]
