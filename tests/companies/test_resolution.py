"""From several grounds to one company with one confidence: worked by hand."""

from uuid import UUID

import pytest

from apps.companies.matching import Match
from apps.companies.resolution import Corrections, Resolution, Said, Split, VisitGrounds, visit_resolve

ID = UUID(int=7)
NETWORK_A = Match("a.example", "A", "business", "network", 0.85)
EMAIL_A = Match("a.example", "", "business", "email", 0.9)
EMAIL_B = Match("b.example", "", "business", "email", 0.9)
HOST_A = Match("a.example", "", "business", "host_name", 0.75)
LINK_A = Match("a.example", "A", "business", "link", 0.8)
SCHOOL_B = Match("b.example", "B", "education", "network", 0.5)
SAID_B = Corrections(said={ID: Said("b.example", "Ada")})


NONE = Corrections()


def resolve(*grounds: Match, corrections: Corrections = NONE) -> Resolution | None:
    visit = VisitGrounds(ID, site_id=1, asn=64501, network_name="A Net", grounds=grounds)
    resolved = visit_resolve(visit, corrections)
    turned = VisitGrounds(ID, site_id=1, asn=64501, network_name="A Net", grounds=grounds[::-1])
    assert visit_resolve(turned, corrections) == resolved  # in whatever order they were found
    return resolved


def told(resolved: Resolution | None) -> tuple[str, float]:
    """Return company and confidence, rounded."""
    assert resolved is not None
    return resolved.domain, round(resolved.confidence_ratio, 3)


@pytest.mark.parametrize(
    ("grounds", "ratio"),
    [
        ([NETWORK_A], 0.85),
        ([NETWORK_A, EMAIL_A], 0.985),  # 1 - 0.15 x 0.1
        ([NETWORK_A, EMAIL_A, LINK_A], 0.997),  # 1 - 0.15 x 0.1 x 0.2
        ([NETWORK_A, HOST_A], 0.85),  # one witness: the holder of the address
        ([EMAIL_A, HOST_A], 0.975),  # 1 - 0.1 x 0.25
    ],
)
def test_independent_grounds_for_one_company_add_up(grounds: list[Match], ratio: float) -> None:
    resolved = resolve(*grounds)
    assert resolved is not None
    assert told(resolved) == ("a.example", ratio)
    assert {one.ground for one in resolved.grounds} == {one.ground for one in grounds}


def test_the_surest_of_two_companies_wins_and_what_speaks_for_the_other_lowers_it() -> None:
    """E-mail 0.9: odds 9. Network 0.85: odds 5.667. 9 / (1 + 9 + 5.667) = 0.574."""
    resolved = resolve(NETWORK_A, EMAIL_B)
    assert resolved is not None
    assert told(resolved) == ("b.example", 0.574)
    assert [(one.domain, one.ground) for one in resolved.against] == [("a.example", "network")]


def test_more_grounds_together_beat_a_surer_one_alone() -> None:
    """Network and link: 1 - 0.15 x 0.2 = 0.97, odds 32.33; e-mail odds 9: 32.33 / 42.33 = 0.764."""
    assert told(resolve(NETWORK_A, LINK_A, EMAIL_B)) == ("a.example", 0.764)


@pytest.mark.parametrize(
    "grounds",
    [
        [],
        [EMAIL_A, EMAIL_B],  # equally sure: 9 / 19
        [SCHOOL_B, Match("c.example", "C", "business", "host_name", 0.5)],
    ],
)
def test_what_is_less_likely_than_not_stays_unknown(grounds: list[Match]) -> None:
    assert resolve(*grounds) is None


def test_what_somebody_says_decides_and_is_not_doubted() -> None:
    resolved = resolve(NETWORK_A, EMAIL_A, corrections=SAID_B)
    assert resolved is not None
    assert (resolved.domain, resolved.confidence_ratio) == ("b.example", 0.99)
    assert [one.ground for one in resolved.against] == ["email", "network"]
    assert resolve(NETWORK_A, corrections=Corrections(said={ID: Said("", "Ada")})) is None


def test_merges_lead_on_in_a_chain_and_their_grounds_add_up() -> None:
    merged = Corrections(merges={"a.example": "b.example", "b.example": "c.example"})
    assert told(resolve(NETWORK_A, EMAIL_B, corrections=merged)) == ("c.example", 0.985)


def test_a_circle_in_the_rows_ends_somewhere_the_same_each_time() -> None:
    """None can be made; rows of a broken restore must not hang a worker."""
    circle = Corrections(merges={"a.example": "b.example", "b.example": "a.example"})
    assert resolve(NETWORK_A, corrections=circle) == resolve(NETWORK_A, corrections=circle)


@pytest.mark.parametrize(
    ("field", "value", "domain"),
    [
        ("asn", "64501", "c.example"),
        ("asn", "64502", "a.example"),
        ("network", "a net", "c.example"),
        ("site", "1", "c.example"),
        ("site", "2", "a.example"),
        ("email", "a.example", "c.example"),
    ],
)
def test_a_split_takes_the_visits_that_meet_it(field: str, value: str, domain: str) -> None:
    splits = {"a.example": [Split(field, frozenset({value}), "c.example")]}
    resolved = resolve(NETWORK_A, EMAIL_A, corrections=Corrections(splits=splits))
    assert resolved is not None and resolved.domain == domain


def test_no_company_leaves_the_next_best() -> None:
    never = Corrections(never=frozenset({"a.example"}))
    assert resolve(NETWORK_A, corrections=never) is None
    assert told(resolve(NETWORK_A, EMAIL_B, corrections=never)) == ("b.example", 0.9)
