"""Who is shown as a visiting company on a real log: read by eye, held here, so that a changed rule shows what changes.

Where the full reference data stands beside the checkout, the log's own addresses are looked up in the full databases.
"""

from collections import Counter
from pathlib import Path

import pytest
from pytest_django.fixtures import Settings

from apps.networks import databases
from apps.networks.kinds import NetworkKind, classify
from apps.networks.lookup import lookup

from .databases import PAYLOADS, SHARED

# Networks that join universities: providers to those behind them.
RESEARCH_NETWORKS = {"arnes.si", "belnet.be", "cernet.edu.cn", "csc.fi", "dfn.de", "garr.it", "jisc.ac.uk", "switch.ch"}
CLOUDS = {
    "amazon.com",
    "google.com",
    "microsoft.com",
    "oracle.com",
    "alibabagroup.com",
    "huaweicloud.com",
    "ovh.com",
    "hetzner.com",
}


def payload(name: str) -> list[list[str]]:
    lines = (PAYLOADS / name).read_text(encoding="utf-8").splitlines()
    return [line.split("\t") for line in lines if not line.startswith("#")]


def log_kinds() -> list[tuple[NetworkKind, str, int]]:
    """Return kind, domain and number of addresses of the log's networks, by the shipped excerpt."""
    return [
        (classify(name, domain, type_, is_listed_hosting=listed == "listed").kind, domain, int(addresses))
        for _, name, domain, type_, listed, addresses in payload("log_networks.tsv")
    ]


def read_by_eye(kind: NetworkKind) -> set[str]:
    """Return the domains that a person has read and found to be of this kind."""
    return {domain for given, domain, _ in payload("log_organisations.tsv") if given == kind}


def domains_of(kind: NetworkKind) -> set[str]:
    return {domain for found, domain, _ in log_kinds() if found is kind}


@pytest.mark.parametrize("kind", [NetworkKind.BUSINESS, NetworkKind.GOVERNMENT, NetworkKind.EDUCATION])
def test_only_what_a_person_has_read_is_shown_as_an_organisation(kind: NetworkKind) -> None:
    assert domains_of(kind) == read_by_eye(kind)


def test_networks_that_join_universities_are_providers() -> None:
    assert domains_of(NetworkKind.CONSUMER) >= RESEARCH_NETWORKS


def test_clouds_are_hosting() -> None:
    assert CLOUDS & {domain for _, domain, _ in log_kinds()} <= domains_of(NetworkKind.HOSTING)


def test_most_addresses_get_a_kind() -> None:
    counts: Counter[NetworkKind] = Counter()
    for kind, _, addresses in log_kinds():
        counts[kind] += addresses
    assert sum(counts.values()) == 1670  # of 1,753: the others are announced by nobody any more
    assert counts[NetworkKind.UNKNOWN] < 30
    assert counts[NetworkKind.CONSUMER] > 1_000
    assert 300 < counts[NetworkKind.HOSTING] < 400


@pytest.fixture
def full_databases(tmp_path: Path, settings: Settings) -> str:
    """Lay the full databases out where they stand beside the checkout; return which data there is."""
    settings.BEACON_DATA_DIR = tmp_path
    if not SHARED.exists():
        return "the shipped excerpt"
    folder = tmp_path / "databases"
    folder.mkdir()
    (folder / databases.NETWORK).symlink_to(SHARED / "ip-company" / "ipinfo_lite.mmdb")
    (folder / databases.DOMAINS).symlink_to(SHARED / "ip-company" / "domain_company_type.csv")
    return "the full databases"


def test_looked_up_by_address_it_is_the_same(full_databases: str, record_property: object) -> None:
    assert callable(record_property)
    record_property("data", full_databases)
    if full_databases == "the shipped excerpt":
        businesses = domains_of(NetworkKind.BUSINESS)
    else:
        log = SHARED / "access-logs" / "semicomplete_apache_combined.log"
        addresses = {line.partition(" ")[0] for line in log.read_text(encoding="utf-8", errors="replace").splitlines()}
        found = [lookup(address) for address in addresses]
        businesses = {network.domain for network in found if network.kind is NetworkKind.BUSINESS}
        assert all(network.organisation and not network.is_hosting for network in found if network.domain in businesses)
    assert businesses == read_by_eye(NetworkKind.BUSINESS)
