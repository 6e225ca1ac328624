"""A webhook's address often carries a secret: whole for those who set destinations up, its host for all others."""

from collections.abc import Mapping

import pytest

from apps.destinations.masking import address_masked, without_address
from apps.destinations.models import Delivery, DeliveryAttempt, Destination
from apps.destinations.secrets import DOTS
from apps.sites.models import Goal
from tests.cast import Cast

from .conftest import NOW, rule_make, webhook_make
from .looking import delivery_put, words

PAGE = "/s/first-site/destinations"
ADDRESS = "https://crm.example/hooks/T0pSecretPath?code=s3cret&to=crm"
TELLING = ("T0pSecretPath", "s3cret")
FRAGMENT = {"HX-Request": "true"}


@pytest.fixture
def crm(in_alder: Cast, goal: Goal) -> Destination:
    made = webhook_make(in_alder.site, "", settings={"url": ADDRESS})
    rule_make(made, goal)
    return made


@pytest.fixture
def refused(crm: Destination) -> Delivery:
    """A delivery whose receiver quoted the address that it was asked at."""
    made = delivery_put(crm, "rejected", words="The receiver answered 422.")
    DeliveryAttempt.objects.create(
        delivery=made,
        destination_id=crm.id,
        number=1,
        request_key=made.event_id,
        begun_at=NOW,
        ended_at=NOW,
        outcome="rejected",
        status=422,
        duration_ms=20,
        request=f'POST {ADDRESS}\nwebhook-id: msg_1\n\n{{"data": {{"event": "demo"}}}}',
        answer="Cannot POST /hooks/T0pSecretPath?code=s3cret&to=crm: no such code as s3cret",
    )
    return made


def pages_of(delivery: Delivery) -> list[tuple[str, Mapping[str, str]]]:
    one = f"{PAGE}/deliveries/{delivery.id}"
    read = [PAGE, f"{PAGE}?state=rejected", f"{PAGE}/{delivery.destination_id}", one, f"{PAGE}/health"]
    return [*((path, {}) for path in read), (one, FRAGMENT), (f"{one}?shut=1", FRAGMENT)]


@pytest.mark.parametrize("role", ["viewer", "analyst"])
def test_whoever_reads_sees_the_host_on_every_page(role: str, in_alder: Cast, refused: Delivery) -> None:
    browser = in_alder.browser(getattr(in_alder, role))
    seen = {path: words(browser.get(path, headers=headers)) for path, headers in pages_of(refused)}
    for path, page in seen.items():
        assert not [one for one in TELLING if one in page], path
    assert f"https://crm.example/{DOTS}" in seen[f"{PAGE}/{refused.destination_id}"]
    delivery = words(browser.get(f"{PAGE}/deliveries/{refused.id}"))
    assert f"https://crm.example/{DOTS}" in delivery and "Cannot POST" in delivery and "no such code as" in delivery


def test_whoever_exports_gets_none_of_it(in_alder: Cast, refused: Delivery) -> None:
    browser = in_alder.browser(in_alder.analyst)
    for kind in ("csv", "json"):
        body = browser.download(f"{PAGE}/receipts?period=30d&format={kind}").decode()
        assert str(refused.event_id) in body and not [one for one in TELLING if one in body]


def test_whoever_sets_up_sees_it_whole(in_alder: Cast, refused: Delivery) -> None:
    browser = in_alder.browser(in_alder.manager)
    for path in (f"{PAGE}/{refused.destination_id}", f"{PAGE}/deliveries/{refused.id}"):
        page = words(browser.get(path))
        assert ADDRESS.replace("&", "&amp;") in page
    assert "no such code as s3cret" in page


def test_what_went_to_a_removed_kind_of_destination_is_masked_too(in_alder: Cast, refused: Delivery) -> None:
    Destination.objects.update(provider="fax")
    page = words(in_alder.browser(in_alder.viewer).get(f"{PAGE}/deliveries/{refused.id}"))
    assert "crm.example" in page and not [one for one in TELLING if one in page]


@pytest.mark.parametrize(
    ("address", "shown"),
    [
        (ADDRESS, f"https://crm.example/{DOTS}"),
        ("https://crm.example:8443/a", f"https://crm.example:8443/{DOTS}"),
        ("https://crm.example/?a=b", f"https://crm.example/{DOTS}"),
        ("https://me:pass@crm.example/", "https://crm.example/"),
        ("", ""),
    ],
)
def test_of_an_address_the_host_is_shown(address: str, shown: str) -> None:
    assert address_masked(address) == shown


def test_an_address_is_found_however_an_answer_quotes_it() -> None:
    address = "https://crm.example/in/a%20long%20secret?key=tok%2Fen1"
    for quoted in ("/in/a long secret", "key tok/en1", "key=tok%2Fen1", "a%20long%20secret"):
        assert DOTS in without_address(f"Not found: {quoted}.", address), quoted
    assert without_address("Fine.", "https://crm.example/") == "Fine."
