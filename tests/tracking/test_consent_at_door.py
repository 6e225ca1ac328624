"""Consent at the door: what a request's own words and its browser's signals allow, and that nothing else gets on."""

import json
from typing import Any

import pytest

from apps.agencies.models import SiteRoute
from apps.tracking.payload import ConsentWire
from apps.tracking.steps.consent import consent_in, of_day
from tests.tracking.doors import DoorClient, Streams, batch, custom, pageview, why

DAY_MS = 86_400_000
NOON = 20_000 * DAY_MS + DAY_MS // 2
DENIED = {"analytics": "denied", "marketing": "denied", "source": "api"}


def word(number: int = 9, **fields: Any) -> dict[str, Any]:
    """Return the event by which a tag tells of a choice."""
    return custom(number, name="consent", interactive=False, **fields)


@pytest.mark.parametrize(
    ("said", "gpc", "dnt", "analytics", "marketing"),
    [
        ({"analytics": "granted", "marketing": "granted", "source": "gcm"}, "", "", "granted", "granted"),
        ({"analytics": "granted", "marketing": "granted", "source": "gcm"}, "1", "", "granted", "denied"),
        ({"analytics": "granted", "marketing": "granted", "source": "tcf"}, "", "1", "granted", "denied"),
        ({"marketing": "granted"}, "1", "", "", "denied"),
        # The visitor's own choice on this page, which a page tells by its call.
        ({"analytics": "granted", "marketing": "granted", "source": "api"}, "1", "1", "granted", "granted"),
        ({"analytics": "granted", "marketing": "granted", "source": "some banner"}, "1", "", "granted", "granted"),
        ({"analytics": "granted", "marketing": "granted", "source": ""}, "1", "", "granted", "denied"),
        # The header wins over what the page says of it.
        ({"marketing": "granted", "source": "gcm", "gpc": True}, "0", "", "", "granted"),
        ({"marketing": "granted", "source": "gcm", "gpc": True}, "", "", "", "denied"),
        ({}, "1", "1", "", ""),
    ],
)
def test_the_browsers_objection_beats_a_mode_but_not_the_visitors_own_yes(
    said: dict[str, Any], gpc: str, dnt: str, analytics: str, marketing: str
) -> None:
    consent = consent_in(ConsentWire(**said), gpc=gpc, dnt=dnt)
    assert (consent.analytics, consent.marketing) == (analytics, marketing)


@pytest.mark.parametrize(
    ("told", "source"),
    [
        ("api", "api"),
        ("gcm", "gcm"),
        ("tcf", "tcf"),
        ("site_default", "site_default"),
        ("Klaro!", "api"),
        ("", ""),
        (None, ""),
    ],
)
def test_a_banners_own_name_means_the_pages_own_call(told: str | None, source: str) -> None:
    assert consent_in(ConsentWire(analytics="granted", source=told)).source == source


@pytest.mark.parametrize(
    ("at", "skew_ms", "kept"),
    [
        (NOON - 5, 0, NOON - 5),
        (NOON - 5, 3, NOON - 2),
        (NOON + 10**9, 0, NOON),
        (None, 0, 0),
        (-1, 0, 0),
        (10**30, 0, 0),
        # Of yesterday and before the day alone.
        (NOON - DAY_MS, 0, NOON - DAY_MS - DAY_MS // 2),
        (NOON - 40 * DAY_MS - 7, 0, NOON - 40 * DAY_MS - DAY_MS // 2),
    ],
)
def test_a_choice_keeps_its_time_and_that_of_an_earlier_day_its_day_alone(
    at: int | None, skew_ms: int, kept: int
) -> None:
    consent = consent_in(ConsentWire(analytics="granted", at=at), skew_ms=skew_ms, received_ms=NOON)
    assert of_day(consent, NOON // DAY_MS).at_ms == kept


def test_of_whoever_refuses_nothing_gets_on_but_the_refusal_itself(door: DoorClient, streams: Streams) -> None:
    identify = custom(2, kind="identify", name=..., user={"id": "customer-42"})
    told = word(url="https://shop.example/secret-page", title="Secret", props={"a": "b"}, target={"text": "No"})
    answer = door.post(
        batch(pageview(), identify, told, consent=DENIED, context={"screen": [800, 600]}),
        Accept_Language="de",
    )
    assert (answer.status_code, answer["Beacon-Reason"]) == (202, "consent;2")
    assert json.loads(answer.content)["accepted"] == 1
    assert why(answer) == {
        "events[0]": "isn't kept: its visitor refuses analytics (consent.analytics is denied)",
        "events[1]": "isn't kept: its visitor refuses analytics (consent.analytics is denied)",
    }
    (envelope,) = streams.envelopes
    (event,) = envelope.events
    assert (event.name, event.is_interactive, event.path, event.title, event.props) == ("consent", False, "", "", None)
    assert (envelope.user_agent, envelope.accept_language, envelope.ip_hash, envelope.sealed_ip) == ("", "", b"", b"")
    assert envelope.context.screen is None
    assert (envelope.consent.analytics, envelope.consent.source) == ("denied", "api")
    assert streams.refused == {"consent": 2}
    for clear in (b"secret", b"Secret", b"customer-42"):
        assert clear not in streams.raw


@pytest.mark.parametrize(
    ("settings", "consent", "headers"),
    [
        ({"requires_consent": True}, {"marketing": "denied", "source": "api"}, {}),
        ({"requires_consent": True}, {"marketing": "granted", "source": "tcf"}, {}),
        ({"honours_dnt": True}, {"analytics": "granted", "source": "tcf"}, {"DNT": "1"}),
    ],
    ids=["consent first, marketing denied", "consent first, marketing granted", "do not track"],
)
def test_where_nothing_may_be_kept_a_word_gets_on_with_nothing_else(
    door: DoorClient,
    route: SiteRoute,
    streams: Streams,
    settings: dict[str, Any],
    consent: dict[str, Any],
    headers: dict[str, str],
) -> None:
    route.settings = settings
    route.save()
    told = word(url="https://shop.example/secret-page", title="Secret", props={"a": "b"}, target={"text": "Secret"})
    answer = door.post(
        batch(told, consent=consent, context={"screen": [800, 600]}),
        Accept_Language="de",
        Sec_CH_UA_Mobile="?1",
        **headers,
    )
    assert (answer.status_code, json.loads(answer.content)["accepted"]) == (202, 1)
    (envelope,) = streams.envelopes
    (event,) = envelope.events
    assert (event.name, event.path, event.title, event.props) == ("consent", "", "", None)
    assert (envelope.user_agent, envelope.accept_language, envelope.ip_hash, envelope.sealed_ip) == ("", "", b"", b"")
    assert (envelope.context.screen, envelope.head_signals) == (None, [])
    assert envelope.consent.marketing == consent.get("marketing", "")
    assert b"ecret" not in streams.raw


def test_a_refusal_that_is_no_word_is_refused_too(door: DoorClient, streams: Streams) -> None:
    answer = door.post(batch(custom(1, name="consent"), consent=DENIED))
    assert (answer.status_code, answer["Beacon-Reason"]) == (400, "consent")
    assert streams.envelopes == []


@pytest.mark.parametrize(
    ("settings", "consent", "headers", "is_taken"),
    [
        ({"requires_consent": True}, None, {}, False),
        ({"requires_consent": True}, {"marketing": "granted"}, {}, False),
        ({"requires_consent": True}, {"analytics": "granted", "source": "gcm"}, {}, True),
        ({"honours_dnt": True}, None, {"DNT": "1"}, False),
        ({"honours_dnt": True}, {"analytics": "granted", "source": "tcf"}, {"DNT": "1"}, False),
        ({"honours_dnt": True}, {"analytics": "granted", "source": "api"}, {"DNT": "1"}, True),
        ({"honours_dnt": True}, {"analytics": "granted", "source": "my-banner"}, {"DNT": "1"}, True),
        ({"honours_dnt": True}, {"analytics": "granted"}, {"DNT": "1"}, False),
        ({"honours_dnt": True}, {"dnt": True}, {}, False),
        ({"honours_dnt": True}, None, {"DNT": "0"}, True),
        ({}, None, {"DNT": "1", "Sec_GPC": "1"}, True),
    ],
)
def test_a_sites_switches_decide_what_is_taken(
    door: DoorClient,
    route: SiteRoute,
    streams: Streams,
    settings: dict[str, Any],
    consent: dict[str, Any] | None,
    headers: dict[str, str],
    is_taken: bool,
) -> None:
    route.settings = settings
    route.save()
    answer = door.post(batch(pageview(), consent=consent), **headers)
    assert answer.status_code == (202 if is_taken else 400)
    assert len(streams.envelopes) == is_taken
    assert streams.refused == ({} if is_taken else {"consent": 1})


def test_the_pixel_says_why_too(door: DoorClient, route: SiteRoute, streams: Streams) -> None:
    route.settings = {"requires_consent": True}
    route.save()
    answer = door.pixel(site_key=route.site_key, url="https://shop.example/plain")
    assert (answer.status_code, answer["Beacon-Reason"]) == (200, "consent")
    assert streams.envelopes == []
