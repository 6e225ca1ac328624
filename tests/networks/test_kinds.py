"""Which kind a network is: by our list, by its domain's type, by words of its name."""

import pytest

from apps.networks.kinds import NetworkKind, classify

B, C, E, G, H, U = (
    NetworkKind.BUSINESS,
    NetworkKind.CONSUMER,
    NetworkKind.EDUCATION,
    NetworkKind.GOVERNMENT,
    NetworkKind.HOSTING,
    NetworkKind.UNKNOWN,
)


@pytest.mark.parametrize(
    ("name", "domain", "type_", "is_listed", "kind"),
    [
        # by type
        ("Example Telecom", "isp.example", "ISP", False, C),
        ("Example IT", "it.example", "MSP", False, C),
        ("Example Hosting", "host.example", "Web Host", False, H),
        ("Example", "mail.example", "Email Provider", False, H),
        ("Example University", "uni.example", "Education", False, E),
        ("Example Lab", "lab.example", "Science", False, E),
        ("City of Example", "city.example", "Government", False, G),
        ("Example Bank", "bank.example", "Finance", False, B),
        ("Example Motors", "motors.example", "Automotive", False, B),
        # the data-centre list errs on firms that can't be hosts, and settles what could be
        ("Example Bank", "bank.example", "Finance", True, B),
        ("Example Software", "software.example", "SaaS", False, B),
        ("Example Software", "software.example", "SaaS", True, H),
        ("Example University", "uni.example", "Education", True, E),
        ("Example Telecom", "isp.example", "ISP", True, C),
        # a provider's name under a sector's domain
        ("Example Fiber AS", "health.example", "Healthcare", False, C),
        ("Vast Networks", "vast.example", "Healthcare", False, C),
        ("Example Hosting, LLC", "care.example", "Healthcare", False, H),
        ("Example Cloud Services", "think.example", "Consulting", False, H),
        ("Example Systemhaus GmbH", "think.example", "Technology", False, U),
        ("Stadtwerke Example GmbH", "stadtwerke.example", "Utilities", False, U),
        # networks that join universities are providers to them
        ("Example Research and Education Network", "ren.example", "Education", False, C),
        ("Verein zur Foerderung eines Deutschen Forschungsnetzes e.V.", "dfn.de", "Education", False, C),
        # clouds, gateways, crawlers are listed
        ("Amazon.com, Inc.", "amazon.com", "Technology", False, H),
        ("Google LLC", "google.com", "Email Provider", False, H),
        ("Microsoft Corporation", "microsoft.com", "Technology", False, H),
        ("Cloudflare, Inc.", "cloudflare.com", "SaaS", False, H),
        ("Zscaler, Inc.", "zscaler.com", "", False, NetworkKind.PROXY),
        ("Facebook, Inc.", "facebook.com", "Social Media", False, NetworkKind.BOT),
        ("Cisco Systems Inc", "cisco.com", "Technology", False, B),
        ("State Farm Mutual  Automobile Insurance Company", "statefarm.com", "Finance", False, B),
        # without a type: schools and authorities by name or domain, companies only by a trade
        ("Example Univ", "example.edu", "", False, E),
        ("Example", "example.ac.uk", "", False, E),
        ("Example County Schools", "example.org", "", False, E),
        ("City of Example", "example.org", "", False, G),
        ("Example Agency", "example.gov", "", False, G),
        ("City of Example", "examplecable.com", "", False, U),
        ("First Bank of Example", "fbe.example", "", False, B),
        ("Example Airlines Ltd", "fly.example", "", False, B),
        ("Smith & Jones LLP", "sj.example", "", False, B),
        ("Trans Example LLP", "te.example", "", False, U),
        ("Example Net", "example.com", "", False, C),
        ("Example Broadband", "example.com", "", False, C),
        ("Example VPS", "example.com", "", False, H),
        ("Example GmbH", "example.com", "", False, U),
        ("Example GmbH", "example.com", "", True, H),
        ("Somebody trading as SpeedNet", "", "", False, U),
        ("Somebody", "", "", True, H),
        ("Example", "example.com", "A type of tomorrow", False, U),
    ],
)
def test_it_gives_the_kind(name: str, domain: str, type_: str, is_listed: bool, kind: NetworkKind) -> None:
    assert classify(name, domain, type_, is_listed_hosting=is_listed).kind == kind


def test_it_says_what_the_kind_was_told_by() -> None:
    assert (
        classify("Example Bank", "bank.example", "Finance", is_listed_hosting=False).ground
        == "type of the domain: Finance"
    )
    assert classify("Example GmbH", "example.com", "", is_listed_hosting=True).ground == "data-centre list"


def test_hosting_and_gateways_are_flagged_as_such() -> None:
    assert classify("Amazon", "amazon.com", "", is_listed_hosting=False).is_hosting
    assert classify("Zscaler", "zscaler.com", "", is_listed_hosting=False).is_hosting
    assert not classify("Example Telecom", "isp.example", "ISP", is_listed_hosting=False).is_hosting
