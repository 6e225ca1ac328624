"""An operator's own MaxMind files: taken by the refresh command after checks, used where they lie, and taken back."""

from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from apps.networks import databases
from apps.networks.lookup import NetworkKind, lookup

from .databases import SHARED, make_databases
from .mmdb import Records, Value, write_mmdb

MAXMINDS = SHARED / "maxmind-test"
ISP: Records = {
    "9.9.0.0/24": {"isp": "Example Telecom", "organization": "Quarrystone Ltd", "autonomous_system_number": 64777},
    "9.30.0.0/16": {"isp": "Another Telecom", "organization": "Another Telecom", "autonomous_system_number": 64778},
    "9.31.0.0/16": {"isp": "Cell", "mobile_country_code": "262", "mobile_network_code": "01"},
}


@pytest.fixture(autouse=True)
def data_folder(tmp_path: Path, settings: Any) -> Path:
    settings.BEACON_DATA_DIR = tmp_path / "data"
    return make_databases(tmp_path / "data") / "databases"


def refresh(*args: str) -> str:
    out = StringIO()
    call_command("networks_refresh", *args, stdout=out)
    return out.getvalue()


def bought(folder: Path, *, city: str = "London", country: str = "GB", built_at: int = 1_780_000_000) -> Path:
    """Write files as MaxMind packs them, each in a folder of its date."""
    place: dict[str, Value] = {"country": {"iso_code": country}, "city": {"names": {"en": city}}}
    at = {"built_at": built_at}
    write_mmdb(folder / "GeoIP2-City_20261124" / "GeoIP2-City.mmdb", {"81.2.69.0/24": place}, type_="GeoIP2-City", **at)
    write_mmdb(folder / "GeoIP2-ISP_20261124" / "GeoIP2-ISP.mmdb", ISP, type_="GeoIP2-ISP", **at)
    hidden: Records = {"9.12.0.0/16": {"is_anonymous": True, "is_hosting_provider": True}}
    write_mmdb(folder / "GeoIP2-Anonymous-IP.mmdb", hidden, type_="GeoIP2-Anonymous-IP", **at)
    return folder


@pytest.fixture(autouse=True)
def small_files(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("apps.networks.sources.LEAST_BYTES", dict.fromkeys(databases.FILES, 10))


def test_they_are_taken_and_add_what_they_know(tmp_path: Path) -> None:
    said = refresh("--from", str(bought(tmp_path / "there")))
    assert "GeoIP2-City.mmdb: built 28 May 2026" in said
    assert "GeoIP2-ISP.mmdb: built 28 May 2026" in said
    assert lookup("81.2.69.142").city == "London"
    leased = lookup("9.9.0.7")
    # The tenant is named as a network; the organisation stays the one that a domain is known of.
    assert (leased.network_name, leased.organisation, leased.asn) == ("Quarrystone Ltd", "Example Bank", 64500)
    filled = lookup("9.30.0.1")
    assert (filled.network_name, filled.asn, filled.kind) == ("Another Telecom", 64778, NetworkKind.UNKNOWN)
    assert (lookup("9.31.0.1").is_mobile, lookup("9.10.0.1").is_mobile) == (True, False)
    # A machine that somebody rents in a university's network is nobody's of the university.
    rented = lookup("9.12.0.1")
    assert (rented.kind, rented.is_hosting) == (NetworkKind.EDUCATION, True)


def test_the_ones_before_come_back(tmp_path: Path) -> None:
    refresh("--from", str(bought(tmp_path / "old", city="Old Town")))
    refresh("--from", str(bought(tmp_path / "new", city="New Town", built_at=1_790_000_000)))
    assert lookup("81.2.69.142").city == "New Town"
    assert "GeoIP2-City.mmdb: back to the one before" in refresh("--roll-back")
    assert lookup("81.2.69.142").city == "Old Town"


@pytest.mark.parametrize(
    ("fault", "why"),
    [
        ("empty", "has only 0 bytes"),
        ("no database", "GeoIP2-City.mmdb is no address database"),
        ("another edition", "says that it is 'GeoIP2-ISP'; GeoIP2-City is expected"),
        ("another place", "says 'FR' as the country of 81.2.69.142; GB is expected"),
        ("older", "is older than the one in use"),
    ],
)
def test_what_cannot_be_believed_is_not_taken(tmp_path: Path, fault: str, why: str) -> None:
    refresh("--from", str(bought(tmp_path / "good", city="Good Town")))
    folder = tmp_path / "bad"
    bought(
        folder, country="FR" if fault == "another place" else "GB", built_at=1 if fault == "older" else 1_790_000_000
    )
    city = folder / "GeoIP2-City_20261124" / "GeoIP2-City.mmdb"
    if fault == "empty":
        city.write_bytes(b"")
    elif fault == "no database":
        city.write_bytes(b"<html>Your licence has expired</html>" * 100)
    elif fault == "another edition":
        write_mmdb(city, ISP, type_="GeoIP2-ISP", built_at=1_790_000_000)
    with pytest.raises(CommandError, match=why):
        refresh("--from", str(folder))
    assert lookup("81.2.69.142").city == "Good Town"


def test_maxminds_own_test_files_are_read(tmp_path: Path, record_property: object) -> None:
    assert callable(record_property)
    record_property("data", "MaxMind's test files" if MAXMINDS.exists() else "files of our own making")
    folder = tmp_path / "there"
    if MAXMINDS.exists():
        folder.mkdir()
        for name in databases.OPERATOR:
            (folder / name).write_bytes((MAXMINDS / name.replace(".mmdb", "-Test.mmdb")).read_bytes())
    else:
        bought(folder)
    refresh("--from", str(folder))
    found = lookup("81.2.69.142")
    assert (found.country, found.city) == ("GB", "London")
    if MAXMINDS.exists():
        # Of a range that the provider has leased: `source/GeoIP2-ISP-Test.json`.
        assert (lookup("8.33.16.1").network_name, found.is_tor) == ("Co-Mo Connect", True)
