"""What a domain's owner does: by the table's name and type, by words of the first label, never by the ending."""

import csv
from collections.abc import Iterator
from pathlib import Path

import pytest
from pytest_django.fixtures import Settings

from apps.networks import databases
from apps.networks.domains import owner_of_domain
from apps.networks.kinds import RISKY_TYPES, TYPE_KINDS, NetworkKind

from .databases import SHARED, make_databases

B, C, E, G, H = (
    NetworkKind.BUSINESS,
    NetworkKind.CONSUMER,
    NetworkKind.EDUCATION,
    NetworkKind.GOVERNMENT,
    NetworkKind.HOSTING,
)
TABLE = SHARED / "ip-company" / "domain_company_type.csv"
KNOWN = """kestrel.net,Kestrel,Manufacturing
cloudberry.de,Cloudberry Foods,Food
server-net.de,Server-Net Maschinenbau,Industrial
army.mil,Army,Defense
varnholt.net,Varnholt,Technology
linden.cloud,Linden,SaaS
hollis.example,Hollis Networks,SaaS
isp.net,Example,ISP
machines.net,Example,Web Host
college.net,Example College,Education
ren.net,Example Research and Education Network,Education
"""


@pytest.fixture(autouse=True)
def table(tmp_path: Path, settings: Settings) -> Iterator[Path]:
    settings.BEACON_DATA_DIR = make_databases(tmp_path)
    where = databases.path(databases.DOMAINS)
    where.write_text(f"base_reverse_dns,name,type\n{KNOWN}")
    databases.forget()
    yield where
    databases.forget()


@pytest.mark.parametrize(
    ("domain", "kind", "is_doubtful"),
    [
        # the type of a real industry stands above words, and the ending says nothing
        ("kestrel.net", B, False),
        ("cloudberry.de", B, False),
        ("server-net.de", B, False),
        ("army.mil", G, False),
        # where sellers stand under a type too, by the known name
        ("varnholt.net", B, False),
        ("linden.cloud", B, False),
        ("hollis.example", C, False),
        # whoever sells by its type, or joins schools
        ("isp.net", C, False),
        ("machines.net", H, False),
        ("college.net", E, False),
        ("ren.net", C, False),
        # not in the table: by the first label
        ("adler.net", B, False),
        ("adler.com.net", B, False),
        ("adler.net.au", B, False),
        ("adler.cloud", B, False),
        ("adler.school", E, False),
        ("adler-telecom.de", C, False),
        ("adler-hosting.net", H, False),
        ("cloudadler.de", H, False),
        # label and ending together raise a doubt, one alone doesn't
        ("adlernet.net", B, True),
        ("adlernet.de", B, False),
    ],
)
def test_it_tells_what_a_domains_owner_does(domain: str, kind: NetworkKind, is_doubtful: bool) -> None:
    owner = owner_of_domain(domain)
    assert (owner.kind, owner.is_doubtful) == (kind, is_doubtful)


def test_it_gives_the_tables_name_and_none_where_there_is_none() -> None:
    assert [owner_of_domain(domain).name for domain in ("cloudberry.de", "adler.net")] == ["Cloudberry Foods", ""]


@pytest.mark.parametrize(
    "domain", ["cloudflare.com", "amazon.com", "cloudfront.net", "1e100.net", "akamaiedge.net", "azureedge.net"]
)
def test_machines_of_listed_sellers_are_theirs(domain: str) -> None:
    assert owner_of_domain(domain).kind is H


def test_in_the_whole_table_no_industrys_domain_is_a_sellers_by_its_words(table: Path) -> None:
    """Where the full table stands beside the checkout; else the few lines above."""
    if TABLE.exists():
        table.write_bytes(TABLE.read_bytes())
        databases.forget()
    with table.open(encoding="utf-8", newline="") as file:
        types = {row["base_reverse_dns"].lower(): row["type"] for row in csv.DictReader(file)}
    firms = [name for name, type_ in types.items() if TYPE_KINDS.get(type_) is B and type_ not in RISKY_TYPES]
    sellers = [name for name, type_ in types.items() if TYPE_KINDS.get(type_) in {C, H}]
    # Those of firms that our own list knows better, and of sellers the few that it calls something else.
    taken = [name for name in firms if owner_of_domain(name).kind in {C, H}]
    missed = [name for name in sellers if owner_of_domain(name).kind in {B, E, G}]
    assert len(taken) <= len(firms) // 150
    assert len(missed) <= len(sellers) // 1_000
    if TABLE.exists():
        told = {name: owner_of_domain(name).kind for name in ("comcast.net", "verizon.net", "hetzner.com", "ovh.net")}
        assert told == {"comcast.net": C, "verizon.net": C, "hetzner.com": H, "ovh.net": H}
