"""A business e-mail address at the door: its domain gets on, with consent, and the address never."""

from typing import Any

import pytest

from apps.agencies.models import SiteRoute
from tests.tracking.doors import DOMAIN, DoorClient, Streams, batch, custom

YES = {"analytics": "granted", "source": "api"}


def identify(**user: str) -> dict[str, Any]:
    return custom(1, kind="identify", name=..., user=user)


def told(streams: Streams) -> list[tuple[str, bool]]:
    events = [event for envelope in streams.envelopes for event in envelope.events]
    return [(event.email_domain, event.user_id_hash is not None) for event in events]


@pytest.mark.parametrize(
    ("user", "domain"),
    [
        ({"email": "Jo.Doe@Sales.Kestrel.example"}, "kestrel.example"),
        ({"id": "customer-42", "email": "jo@kestrel.example"}, "kestrel.example"),
        ({"id": "jo@kestrel.example"}, "kestrel.example"),
        ({"email": "jo@grün.de"}, "xn--grn-ioa.de"),
        ({"email": "jo@gmail.com"}, ""),
        ({"email": "jo@mailinator.com"}, ""),
        ({"email": f"jo@shop.{DOMAIN}"}, ""),
        ({"email": "jo@\x00kestrel.example"}, ""),
        ({"email": "@" * 200}, ""),
        ({"id": "customer-42"}, ""),
    ],
)
def test_of_an_address_the_domain_gets_on(
    door: DoorClient, streams: Streams, user: dict[str, str], domain: str
) -> None:
    assert door.post(batch(identify(**user), consent=YES)).status_code == 202
    (event,) = streams.envelopes[0].events
    assert event.email_domain == domain
    for clear in (b"jo@", b"Jo.Doe", b"sales", b"Sales"):
        assert clear not in streams.raw


@pytest.mark.parametrize("consent", [{}, {"analytics": "denied"}, {"marketing": "granted"}])
def test_without_consent_to_analytics_nothing_does(door: DoorClient, streams: Streams, consent: dict[str, str]) -> None:
    door.post(batch(identify(email="jo@kestrel.example"), consent=consent))
    assert streams.envelopes == []
    assert b"kestrel" not in streams.raw


def test_other_kinds_of_event_tell_no_domain(door: DoorClient, streams: Streams) -> None:
    door.post(batch(custom(1, user={"email": "jo@kestrel.example"}), consent=YES))
    assert told(streams) == [("", False)]


@pytest.mark.parametrize(("extras", "expected"), [(["forms"], ""), (["forms", "emails"], "kestrel.example")])
def test_a_form_tells_a_domain_alone_and_only_where_the_site_has_that_on(
    door: DoorClient, route: SiteRoute, streams: Streams, extras: list[str], expected: str
) -> None:
    route.settings = {"extras": extras}
    route.save()
    door.post(batch(identify(email="@kestrel.example"), consent=YES))
    assert told(streams) == [(expected, False)]
