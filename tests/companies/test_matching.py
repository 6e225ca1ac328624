"""Which networks name a visiting organisation, and which never may."""

import pytest

from apps.companies.matching import NETWORK_CONFIDENCE, bare_domain, match_network
from apps.networks.kinds import OWN_NETWORKS, NetworkKind

ALDER_WORKS = {
    "organisation": "Alder Works AG",
    "domain": "alderworks.example",
    "asn": 64500,
    "network_name": "ALDERWORKS-AS",
    "is_hidden": False,
}


@pytest.mark.parametrize("kind", ["business", "government", "education"])
def test_it_matches_who_uses_a_network(kind: str) -> None:
    match = match_network(kind=kind, **ALDER_WORKS)  # type: ignore[arg-type]

    assert match is not None
    assert (match.name, match.domain, match.kind) == ("Alder Works AG", "alderworks.example", kind)
    assert match.ground == "network"
    assert match.confidence_ratio == NETWORK_CONFIDENCE[kind]
    assert match.evidence == {
        "network": "ALDERWORKS-AS", "domain": "alderworks.example", "asn": "AS64500", "source": "local",
    }  # fmt: skip


def test_the_writer_leaves_just_the_kinds_to_it_that_it_matches() -> None:
    assert NETWORK_CONFIDENCE.keys() == OWN_NETWORKS


@pytest.mark.parametrize("kind", sorted(set(NetworkKind) - {"business", "government", "education"}))
def test_it_never_matches_who_sells_a_network(kind: str) -> None:
    assert match_network(kind=kind, **ALDER_WORKS) is None  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "changed",
    [{"is_hidden": True}, {"domain": ""}, {"organisation": ""}, {"domain": "."}],
    ids=["behind a VPN", "no domain", "no name", "an empty domain"],
)
def test_it_matches_nobody_without_ground(changed: dict[str, object]) -> None:
    assert match_network(kind="business", **(ALDER_WORKS | changed)) is None  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("Alderworks.Example", "alderworks.example"),
        ("www.alderworks.example.", "alderworks.example"),
        ("https://www.alderworks.example/path", "alderworks.example"),
        ("  ", ""),
    ],
)
def test_it_bares_a_domain(given: str, expected: str) -> None:
    assert bare_domain(given) == expected
