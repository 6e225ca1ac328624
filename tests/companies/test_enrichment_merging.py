"""Where the local databases and IPinfo both know an address: what stands in the end.

Local: 9.9.1.1 Example Bank (business, London), 9.10.1.1 Example Telecom (provider, Berlin), 9.10.7.1 the same and a
listed VPN, 9.10.8.1 a Tor exit, 9.11.1.1 Example Hosting, 9.12.1.1 Example University, 9.14.1.1 unknown.
"""

from typing import Any

import pytest

from apps.companies.enrichment.merging import merged
from apps.companies.enrichment.providers.base import NetworkAnswer, Source
from apps.companies.enrichment.providers.local import Local
from apps.companies.enrichment.providers.shapes import answer_of
from apps.networks.kinds import NetworkKind

from .conftest import NOW
from .ipinfo import BANK, HOST, NOBODY, SCHOOL, TELECOM, core

pytestmark = pytest.mark.usefixtures("ipinfo")


def both(ip: str, entry: dict[str, Any], *, keeps_place: bool = False) -> NetworkAnswer:
    remote = answer_of(entry, NOW)
    assert remote is not None
    return merged(Local().ask([ip])[ip], remote, keeps_place=keeps_place)


def of_range(name: str, domain: str, type_: str = "business") -> dict[str, Any]:
    return {"country": "AT", "org": "AS64501 Telecom", "company": {"name": name, "domain": domain, "type": type_}}


def test_the_local_provider_says_so_itself() -> None:
    found = Local().ask([BANK])[BANK]
    assert (found.source, found.organisation, found.city) == (Source.LOCAL, "Example Bank", "London")
    assert (found.kind, found.resolved_at) == (NetworkKind.BUSINESS, NOW)


@pytest.mark.parametrize(
    ("ip", "entry", "kind"),
    [
        # IPinfo alone knows it.
        (NOBODY, core(), "business"),
        (NOBODY, core(type_="education"), "education"),
        (NOBODY, core(type_="isp"), "consumer"),
        (NOBODY, core(type_="hosting"), "hosting"),
        (NOBODY, core(is_hosting=True), "hosting"),
        # A seller for IPinfo is a seller, whoever took it for a company.
        (BANK, core("Example Bank", "bank.example", type_="isp", asn="AS64500"), "consumer"),
        # A seller by our lists is one, though IPinfo calls its network a business's...
        (TELECOM, core("Example Telecom", "isp.example", asn="AS64501"), "consumer"),
        (HOST, core("Example Hosting", "host.example", asn="AS64502"), "hosting"),
        (NOBODY, of_range("Example Telecom", "isp.example"), "consumer"),
        # ... but a customer's own range isn't the seller's, and words in its name count less than IPinfo's word.
        (TELECOM, of_range("Varnholt AG", "varnholt.example"), "business"),
        (TELECOM, of_range("Fiber Works GmbH", "fiberworks.example"), "business"),
        # Ours is finer: IPinfo knows no authorities.
        (SCHOOL, core("Uni", "uni.example", asn="AS64503"), "education"),
        (NOBODY, core("City of Westmere", "westmere.gov"), "government"),
        # Lite says no kind.
        (BANK, {"asn": "AS64500", "as_name": "B", "as_domain": "bank.example", "country_code": "GB"}, "business"),
        (NOBODY, {"asn": "AS64501", "as_name": "T", "as_domain": "isp.example", "country_code": "DE"}, "consumer"),
        # Whoever sees somebody hide is believed.
        ("9.10.7.1", core(), "vpn"),
        ("9.10.8.1", core(), "tor"),
        (BANK, core(is_anonymous=True, anonymous={"is_vpn": True}), "vpn"),
        # Telephones are people's, not their carrier's.
        (NOBODY, core(is_mobile=True), "consumer"),
    ],
)
def test_the_kind(ip: str, entry: dict[str, Any], kind: str) -> None:
    assert both(ip, entry).kind.value == kind


def test_of_the_same_organisation_the_local_name_is_shown() -> None:
    found = both(BANK, core("EXAMPLE BANK PLC", "bank.example", asn="AS64500"))
    assert (found.organisation, found.domain, found.source) == ("Example Bank", "bank.example", Source.IPINFO)


def test_another_organisation_is_ipinfos() -> None:
    found = both(TELECOM, of_range("Varnholt AG", "varnholt.example"))
    assert (found.organisation, found.domain, found.asn) == ("Varnholt AG", "varnholt.example", 64501)


@pytest.mark.parametrize(
    ("entry", "keeps_place", "place"),
    [
        (core(), False, ("AT", "Graz")),
        (core(), True, ("GB", "London")),  # the operator's own database
        (core(city=""), False, ("GB", "London")),  # a country says less than a city
        ({"asn": "AS1", "as_name": "A", "as_domain": "a.example", "country_code": "AT"}, False, ("GB", "London")),
    ],
)
def test_the_better_place_stands(entry: dict[str, Any], keeps_place: bool, place: tuple[str, str]) -> None:
    found = both(BANK, entry, keeps_place=keeps_place)
    assert (found.country, found.city) == place


def test_a_place_that_only_ipinfo_knows_is_taken() -> None:
    assert both(NOBODY, core(city=""), keeps_place=True).country == "AT"
