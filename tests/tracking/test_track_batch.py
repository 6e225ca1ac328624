"""`POST /api/track/batch`: through plain Django's way in, then what lies in the streams."""

import gzip
import json
from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import UTC, datetime, timedelta
from ipaddress import ip_network
from unittest.mock import ANY
from uuid import UUID

import pytest

from apps.agencies.models import SiteRoute
from apps.core import clock
from apps.sites.exclusions import networks_seal, to_text
from apps.tracking import routes, sealing
from apps.tracking.events import DAY_MS
from tests.tracking.doors import (
    ADDRESS,
    BROWSER,
    DoorClient,
    Streams,
    batch,
    custom,
    now_ms,
    pageview,
    why,
)


def test_it_answers_202_and_what_it_accepted_lies_in_a_stream(
    door: DoorClient, streams: Streams, route: SiteRoute
) -> None:
    response = door.post(batch(pageview(1), custom(2), tracker="b1", context={"screen": [1920, 1080]}))
    assert (response.status_code, response.json()) == (202, {"accepted": 2, "rejected": []})
    (envelope,) = streams.envelopes
    assert (envelope.schema, envelope.site_id, envelope.origin) == (route.schema, route.site_id, "tag")
    assert [event.kind for event in envelope.events] == ["pageview", "event"]
    assert envelope.events[0].event_id == UUID("018f0f6e-0000-7000-8000-000000000001")
    assert (envelope.events[0].host, envelope.events[0].path) == ("shop.example", "/pricing")
    assert (envelope.user_agent, envelope.tracker, envelope.context.screen) == (BROWSER, "b1", (1920, 1080))
    assert sealing.open_address(envelope.sealed_ip, envelope.seal_hour) == ADDRESS


def test_it_says_what_the_contract_says_in_its_headers(door: DoorClient) -> None:
    response = door.post(batch(pageview()))
    assert response["Access-Control-Allow-Origin"] == "*"
    assert response["Access-Control-Expose-Headers"] == "Beacon-Reason, RateLimit, RateLimit-Policy, Retry-After"
    assert response["Cache-Control"] == "no-store"
    assert response["Content-Type"] == "application/json"
    assert "Beacon-Reason" not in response
    assert not response.cookies


def test_it_keeps_the_good_events_and_reports_each_bad_one_by_its_index(door: DoorClient, streams: Streams) -> None:
    response = door.post(batch(pageview(1), pageview(2, at="now"), pageview(3, url="/x"), custom(4)))
    assert response.status_code == 202
    assert response.json() == {
        "accepted": 2,
        "rejected": [
            {"index": 1, "field": "events[1].at", "why": "must be an integer of milliseconds"},
            {"index": 2, "field": "events[2].url", "why": "must be an absolute http or https address"},
        ],
    }
    assert len(streams.envelopes[0].events) == 2
    assert streams.refused == {"invalid": 2}


def test_it_answers_400_with_the_same_body_where_no_event_is_accepted(door: DoorClient, streams: Streams) -> None:
    response = door.post(batch(pageview(at=None), custom(name=...)))
    assert response.status_code == 400
    assert response.json() == {"accepted": 0, "rejected": [ANY, ANY]}
    assert set(why(response)) == {"events[0].at", "events[1].name"}
    assert streams.envelopes == []
    assert streams.refused == {"invalid": 2}


def test_it_counts_what_it_cut_and_ignored(door: DoorClient) -> None:
    answer = door.post(batch(pageview(title="x" * 600, colour="red"))).json()
    assert answer == {"accepted": 1, "rejected": [], "cut": 1, "ignored": 1}


def test_more_than_a_hundred_events_are_refused_together(door: DoorClient, streams: Streams) -> None:
    response = door.post(batch(*[custom(n) for n in range(101)]))
    assert (response.status_code, why(response)) == (400, {"events": "holds 101 events, must hold 1 to 100"})
    assert streams.refused == {"invalid": 101}


@pytest.mark.parametrize("content_type", ["text/plain", "application/json", "Application/JSON; charset=utf-8"])
def test_it_takes_both_content_types(door: DoorClient, content_type: str) -> None:
    assert door.post(batch(pageview()), Content_Type=content_type).status_code == 202


def test_another_content_type_is_415(door: DoorClient) -> None:
    response = door.post(batch(pageview()), Content_Type="application/x-www-form-urlencoded")
    assert response.status_code == 415
    assert "Content-Type" in why(response)


def test_it_takes_gzip_by_its_header_and_by_its_look(door: DoorClient) -> None:
    body = gzip.compress(json.dumps(batch(pageview())).encode())
    assert door.post(body, Content_Encoding="gzip").status_code == 202
    assert door.post(body).status_code == 202


@pytest.mark.parametrize(
    "spoil", [lambda body: body[:-9], lambda body: body + b"x", lambda body: body[:20] + b"\0\0\0" + body[23:]]
)
def test_spoilt_gzip_is_400(door: DoorClient, spoil: Callable[[bytes], bytes]) -> None:
    response = door.post(spoil(gzip.compress(json.dumps(batch(pageview())).encode())), Content_Encoding="gzip")
    assert response.status_code == 400
    assert "gzip" in why(response)["body"]


def test_another_encoding_is_415(door: DoorClient) -> None:
    assert door.post(b"x", Content_Encoding="br").status_code == 415


def test_a_body_over_64_kib_is_413_packed_or_not(door: DoorClient) -> None:
    body = json.dumps(batch(pageview(title="x" * 70_000))).encode()
    assert door.post(body).status_code == 413
    response = door.post(gzip.compress(body), Content_Encoding="gzip")
    assert (response.status_code, why(response)) == (413, {"body": "is larger than 64 KiB: send fewer events at once"})


def test_a_gzip_bomb_costs_no_more_than_its_bound(door: DoorClient) -> None:
    assert door.post(gzip.compress(b"[" * 10**7), Content_Encoding="gzip").status_code == 413


def test_an_unknown_site_key_is_404(door: DoorClient) -> None:
    response = door.post(batch(pageview()) | {"site_key": "nobody"})
    assert (response.status_code, response["Beacon-Reason"]) == (404, "site")
    assert "unknown or archived" in why(response)["site_key"]


@pytest.mark.parametrize("site_key", ["x" * 5000, "a\x00b", "\u202e", "' OR 1=1 --"])
def test_an_odd_site_key_is_404_too(door: DoorClient, site_key: str) -> None:
    assert door.post(batch(pageview()) | {"site_key": site_key}).status_code == 404


def test_an_archived_site_is_404(door: DoorClient, route: SiteRoute) -> None:
    SiteRoute.objects.update(status="archived")
    assert door.post(batch(pageview())).status_code == 404


def test_a_paused_site_says_so_and_counts_the_refused(door: DoorClient, route: SiteRoute, streams: Streams) -> None:
    SiteRoute.objects.update(status="paused")
    response = door.post(batch(pageview(1), custom(2)))
    assert (response.status_code, response["Beacon-Reason"]) == (400, "site;2")
    assert "paused" in why(response)["site_key"]
    assert streams.refused == {"site_paused": 2}


def test_an_excluded_address_says_so(door: DoorClient, route: SiteRoute, streams: Streams) -> None:
    SiteRoute.objects.update(settings={"ignored_addresses": to_text(networks_seal([ip_network("192.0.2.0/24")]))})
    response = door.post(batch(pageview()))
    assert (response.status_code, response["Beacon-Reason"]) == (400, "excluded")
    assert streams.refused == {"excluded": 1}


def test_declared_bots_are_taken_and_told(door: DoorClient, streams: Streams) -> None:
    response = door.post(batch(pageview(1), custom(2)), User_Agent="Googlebot/2.1 (+http://www.google.com/bot.html)")
    assert (response.status_code, response["Beacon-Reason"]) == (202, "bot_declared;2")
    assert len(streams.envelopes[0].events) == 2


def test_no_user_agent_is_stored_safely(door: DoorClient, streams: Streams) -> None:
    assert door.post(batch(pageview()), User_Agent=None).status_code == 202
    assert streams.envelopes[0].user_agent == ""


def test_a_lying_clock_is_corrected_by_when_it_says_it_sent(door: DoorClient, streams: Streams) -> None:
    hour = 3_600_000
    before = now_ms()
    response = door.post(batch(pageview(at=before - 10 * hour - 5_000), sent_at=before - 10 * hour))
    assert response.status_code == 202
    (event,) = streams.envelopes[0].events
    assert before - 5_000 <= event.occurred_ms <= now_ms() - 5_000 + 50
    assert abs(event.clock_skew_ms - 10 * hour) < 5_000


def test_what_is_older_than_a_week_is_refused_as_too_old(door: DoorClient, streams: Streams) -> None:
    response = door.post(batch(pageview(1, at=now_ms() - 8 * DAY_MS), pageview(2, at=0), pageview(3)))
    assert (response.status_code, response["Beacon-Reason"]) == (202, "too_old;2")
    assert set(why(response)) == {"events[0].at", "events[1].at"}
    assert streams.refused == {"too_old": 2}


def test_from_48_hours_on_an_event_is_late(door: DoorClient, streams: Streams) -> None:
    door.post(batch(pageview(1, at=now_ms() - 3 * DAY_MS), pageview(2, at=now_ms() - DAY_MS)))
    late = {event.event_id.int & 0xF: event.is_late for envelope in streams.envelopes for event in envelope.events}
    assert late == {1: True, 2: False}


def test_what_is_personal_never_reaches_the_stream(door: DoorClient, streams: Streams) -> None:
    door.post(
        batch(
            pageview(
                1,
                url="https://shop.example/u/jo@mail.example?utm_campaign=4111111111111111&q=jo&reset=abc#token=zz",
                title="Mail to jo@mail.example",
                referrer="https://intranet.example/jo@mail.example?secret=1",
                props={"jo@mail.example": "call +49 170 1234567", "card": 4111111111111111},
                target={"text": "jo@mail.example", "href": "mailto:jo@mail.example"},
                items=[{"name": "for jo@mail.example", "sku": "a"}],
                transaction_id="jo@mail.example",
            ),
            custom(2, name="jo@mail.example"),
        )
    )
    raw = streams.raw
    for clear in (b"jo@", b"4111", b"1234567", b"secret", b"reset", b"zz", b"192.0.2"):
        assert clear not in raw
    event = streams.envelopes[0].events[0]
    assert (event.path, event.query, event.title) == ("/u/[email]", "utm_campaign=[card]", "Mail to [email]")
    assert event.props == {"[email]": "call [phone]", "card": "[card]"}


def test_a_users_id_is_hashed_and_only_with_consent(door: DoorClient, streams: Streams) -> None:
    identify = custom(
        1, kind="identify", name=..., user={"id": "customer-42", "email": "jo@mail.example", "traits": {"a": 1}}
    )
    door.post(batch(identify))
    assert streams.envelopes == []
    answer = door.post(batch(identify, consent={"analytics": "granted", "source": "api", "at": now_ms()}))
    (envelope,) = streams.envelopes
    assert envelope.events[0].user_id_hash is not None
    assert json.loads(answer.content)["ignored"] == 1  # traits have no home
    assert b"customer-42" not in streams.raw
    assert b"mail.example" not in streams.raw


def test_what_the_browser_signals_is_kept(door: DoorClient, streams: Streams) -> None:
    door.post(batch(pageview(), consent={"gpc": False}), Sec_GPC="1", DNT="1", Accept_Language="de,en;q=0.5")
    (envelope,) = streams.envelopes
    assert (envelope.consent.gpc, envelope.consent.dnt, envelope.accept_language) == (True, True, "de,en;q=0.5")


def test_control_characters_and_half_characters_are_stored_safely(door: DoorClient, streams: Streams) -> None:
    body = json.dumps(batch(pageview(title="a\x00b\x1b[31m\ud83dc", props={"n\x00": "\u2028"}))).encode()
    assert door.post(body).status_code == 202
    event = streams.envelopes[0].events[0]
    assert (event.title, event.props) == ("a b [31m\ufffdc", {"n ": " "})


def test_hash_routes_count_where_the_site_wants_them(door: DoorClient, route: SiteRoute, streams: Streams) -> None:
    door.post(batch(pageview(url="https://shop.example/app#/cart")))
    SiteRoute.objects.update(settings={"hash_routes": True})
    routes.routes.forget_all()
    door.post(batch(pageview(url="https://shop.example/app#/cart")))
    assert sorted(envelope.events[0].fragment for envelope in streams.envelopes) == ["", "/cart"]


def test_it_asks_the_database_nothing_once_it_knows_the_site(
    door: DoorClient,
    django_assert_num_queries: Callable[[int], AbstractContextManager[object]],
) -> None:
    door.post(batch(pageview()))
    with django_assert_num_queries(0):
        for count in (1, 100):
            assert door.post(batch(*[custom(n) for n in range(count)])).status_code == 202


def test_a_request_over_midnight_travels_as_two_visitors_days(
    door: DoorClient, streams: Streams, monkeypatch: pytest.MonkeyPatch
) -> None:
    midnight = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    monkeypatch.setattr(clock, "now", lambda: midnight + timedelta(minutes=10))
    moment = int(midnight.timestamp() * 1000)
    response = door.post(batch(pageview(1, at=moment - 60_000), pageview(2, at=moment + 60_000)))
    assert response.json()["accepted"] == 2
    before, after = sorted(streams.envelopes, key=lambda envelope: envelope.events[0].occurred_ms)
    assert before.visitor_id != after.visitor_id
    assert after.previous_visitor_id == before.visitor_id
    assert before.previous_visitor_id is None
    assert before.ip_hash != after.ip_hash
