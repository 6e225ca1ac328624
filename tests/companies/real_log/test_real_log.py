"""Every organisation that a real log shows, held against README.md beside this, which says of each why it is one.

The whole way: a line's address to its network by the local databases, the visit as the writer leaves it, the matching.
Where the log and the full databases stand beside the checkout they are used, else (and in any case) an excerpt: the
log's networks as the databases described them, without addresses.
"""

import re
from collections import defaultdict
from collections.abc import Mapping
from pathlib import Path

import pytest
from pytest_django.fixtures import Settings

from apps.companies.models import Company, CompanyMatch
from apps.companies.services import visits_match
from apps.core.ids import uuid7
from apps.networks import databases
from apps.networks.kinds import classify, known_name
from apps.networks.lookup import Network, lookup
from apps.sites.identified import KINDS
from apps.tracking.accesslog import parse_line
from apps.tracking.models import Session
from apps.tracking.steps import bots
from apps.tracking.steps.place import place_fields
from tests.cast import Cast
from tests.networks.databases import PAYLOADS, SHARED

from ..conftest import ago

LOG = SHARED / "access-logs" / "semicomplete_apache_combined.log"
README = (Path(__file__).parent / "README.md").read_text(encoding="utf-8")
ROW = re.compile(
    r"^\| (?P<domain>\S+) \| (?P<name>[^|]+) \| (?P<addresses>\d+) \| (?P<lines>\d+) \| (?P<why>[^|]{8,}) \|$"
)
PART = re.compile(r"^### (\w+)")


def listed() -> dict[str, dict[str, dict[str, str]]]:
    """Return the README's tables: by heading (Business, Government, Education, Crawlers), by domain, the cells."""
    found: dict[str, dict[str, dict[str, str]]] = {}
    part = ""
    for line in README.splitlines():
        if heading := PART.match(line):
            part = heading[1]
        elif row := ROW.match(line):
            found.setdefault(part, {})[row["domain"]] = row.groupdict()
    return found


def shown(cast: Cast, networks: Mapping[str, Network]) -> dict[str, dict[str, str]]:
    """Store a visit from each network, match them, and return by kind the organisations shown: domain and name."""
    at = ago(minutes=5)
    Session.objects.bulk_create(
        Session(
            id=uuid7(int(at.timestamp() * 1000)),
            site_id=cast.site.id,
            visitor_id=number,
            origin="tag",
            started_at=at,
            ended_at=at,
            local_day=at.date(),
            **place_fields(network),
        )
        for number, network in enumerate(networks.values())
    )
    while visits_match():
        pass
    found: dict[str, dict[str, str]] = {}
    for company in Company.objects.all():
        found.setdefault(company.kind, {})[company.domain] = company.name
    return found


def wanted(*parts: str) -> dict[str, dict[str, str]]:
    tables = listed()
    return {part.lower(): {row["domain"]: row["name"] for row in tables[part].values()} for part in parts}


def test_the_readme_says_of_each_why_and_counts_them() -> None:
    tables = listed()
    assert set(tables) == {"Business", "Government", "Education", "Crawlers"}
    for part, rows in tables.items():
        assert f"### {part} ({len(rows)})" in README
        assert all(row["why"].strip() for row in rows.values())


def test_of_the_logs_networks_only_what_the_readme_lists_is_shown(in_alder: Cast) -> None:
    """By the excerpt, which knows all networks of the log and not who of them came as a crawler alone."""
    lines = (PAYLOADS / "log_networks.tsv").read_text(encoding="utf-8").splitlines()
    networks = {}
    for asn, name, domain, type_, is_listed, _ in (line.split("\t") for line in lines if not line.startswith("#")):
        kind = classify(name, domain, type_, is_listed_hosting=is_listed == "listed")
        organisation = known_name(domain) or name
        networks[asn] = Network(
            asn=int(asn), network_name=name, organisation=organisation, domain=domain, kind=kind.kind,
            is_hosting=kind.is_hosting,
        )  # fmt: skip
    found = {domain for rows in shown(in_alder, networks).values() for domain in rows}
    assert found == {domain for rows in listed().values() for domain in rows}


@pytest.fixture
def people(tmp_path: Path, settings: Settings) -> dict[str, int]:
    """Return the addresses from which people came, with their lines. The full databases lie in the data folder."""
    if not LOG.exists():
        return {}
    settings.BEACON_DATA_DIR = tmp_path
    folder = tmp_path / "databases"
    folder.mkdir()
    (folder / databases.NETWORK).symlink_to(SHARED / "ip-company" / "ipinfo_lite.mmdb")
    (folder / databases.DOMAINS).symlink_to(SHARED / "ip-company" / "domain_company_type.csv")
    databases.forget()
    counts: defaultdict[str, int] = defaultdict(int)
    for text in LOG.read_text(encoding="utf-8", errors="replace").splitlines():
        line = parse_line(text)
        if line is not None and not bots.is_declared(line.agent, is_server=False):
            counts[line.client] += 1
    return counts


def test_of_the_log_itself_too_with_the_numbers(
    in_alder: Cast, people: dict[str, int], record_property: object
) -> None:
    assert callable(record_property)
    record_property(
        "data", "the log and the full databases" if people else "none: they don't stand beside the checkout"
    )
    if not people:
        # Not skipped in silence: the run's report says so, and the excerpt above has been tested.
        assert not LOG.exists()
        return
    networks = {address: lookup(address) for address in people}
    assert shown(in_alder, networks) == wanted("Business", "Government", "Education")
    tables = listed()
    counted: defaultdict[str, list[int]] = defaultdict(lambda: [0, 0])
    for address, network in networks.items():
        if network.kind in KINDS and CompanyMatch.objects.filter(company__domain=network.domain).exists():
            counted[network.domain][0] += 1
            counted[network.domain][1] += people[address]
    for part in ("Business", "Government", "Education"):
        for domain, row in tables[part].items():
            assert counted[domain] == [int(row["addresses"]), int(row["lines"])], domain
