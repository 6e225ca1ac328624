"""Calls with an API key: whose visitor it is, and when, is the server's to say."""

import json
from typing import Any

import pytest
from django.db import connection, transaction
from django.utils import timezone

from apps.agencies.api_keys import key_hash as hash_of
from apps.agencies.api_keys import new_key, shown_prefix
from apps.agencies.models import Agency, ApiKey, SiteRoute
from apps.tracking import routes, sealing
from apps.tracking.events import DAY_MS
from tests.secret_keys import former_key_drop, key_change
from tests.tracking.doors import BROWSER, DoorClient, Streams, batch, custom, now_ms, pageview, why

VISITOR = "203.0.113.9"


@pytest.fixture
def key(route: SiteRoute) -> str:
    return make_key(route.agency)


def make_key(agency: Agency, *scopes: str) -> str:
    key = new_key()
    ApiKey.objects.create(
        agency=agency, name="Server", prefix=shown_prefix(key), key_hash=hash_of(key), scopes=list(scopes) or ["ingest"]
    )
    return key


def bearer(key: str) -> dict[str, str | None]:
    return {"Authorization": f"Bearer {key}", "Origin": None, "User_Agent": "python-httpx/0.28"}


def test_a_server_names_its_visitor(door: DoorClient, key: str, streams: Streams) -> None:
    response = door.post(batch(pageview(), ip=VISITOR, user_agent=BROWSER, visitor="customer-7"), **bearer(key))
    assert (response.status_code, "Beacon-Reason" in response) == (202, False)
    (envelope,) = streams.envelopes
    assert (envelope.origin, envelope.user_agent) == ("server", BROWSER)
    assert sealing.open_address(envelope.sealed_ip, envelope.seal_hour) == VISITOR


def test_a_server_is_told_of_no_extras_and_its_own_headers_say_nothing_of_its_visitor(
    door: DoorClient, key: str, route: SiteRoute, streams: Streams
) -> None:
    route.settings = {"extras": ["clicks"], "honours_dnt": True, "requires_consent": True}
    route.save()
    granted = {"analytics": "granted", "marketing": "granted", "source": "tcf"}
    response = door.post(batch(pageview(), consent=granted), **bearer(key), DNT="1", Sec_GPC="1")
    assert (response.status_code, json.loads(response.content)) == (202, {"accepted": 1, "rejected": []})
    (envelope,) = streams.envelopes
    assert (envelope.consent.marketing, envelope.consent.gpc, envelope.consent.dnt) == ("granted", False, False)
    assert door.post(batch(pageview(2)), **bearer(key))["Beacon-Reason"] == "consent"


def test_a_key_that_was_used_outlives_the_servers_former_key(door: DoorClient, key: str, settings: Any) -> None:
    unused = make_key(ApiKey.objects.get().agency)
    key_change(settings)
    for number in (1, 2):
        assert door.post(batch(pageview(number)), **bearer(key)).status_code == 202
    former_key_drop(settings)
    assert door.post(batch(pageview(3)), **bearer(key)).status_code == 202
    assert door.post(batch(pageview(4)), **bearer(unused)).status_code == 401


def test_where_nothing_can_be_written_a_key_holds_by_the_servers_former_key_all_the_same(
    door: DoorClient, key: str, settings: Any, caplog: pytest.LogCaptureFixture
) -> None:
    key_change(settings)
    assert door.post(batch(pageview(1))).status_code == 202  # all else that is read is known now
    with transaction.atomic(), connection.cursor() as cursor:
        # As a standby is, and a database with a full disk.
        cursor.execute("SET LOCAL transaction_read_only = on")
        assert door.post(batch(pageview(2)), **bearer(key)).status_code == 202
        transaction.set_rollback(True)
    assert "couldn't be kept under the new server key" in caplog.text


def test_a_named_visitor_is_the_same_whatever_the_address(door: DoorClient, key: str, streams: Streams) -> None:
    for number, ip in enumerate((VISITOR, "203.0.113.10")):
        door.post(batch(pageview(number), ip=ip, visitor="customer-7"), **bearer(key))
    door.post(batch(pageview(3), ip=VISITOR, visitor="customer-8"), **bearer(key))
    ids = [envelope.visitor_id for envelope in streams.envelopes]
    assert len(ids) == 3
    assert len(set(ids)) == 2


def test_without_a_key_these_fields_are_ignored(door: DoorClient, streams: Streams) -> None:
    door.post(batch(pageview(1), ip=VISITOR, user_agent="x", visitor="v"))
    door.post(batch(pageview(2)))
    first, second = streams.envelopes
    assert first.visitor_id == second.visitor_id
    assert first.user_agent == BROWSER


def test_it_may_send_the_past_within_the_retention(door: DoorClient, key: str, streams: Streams) -> None:
    # At noon: around midnight the two would be of two days, and in two envelopes.
    month_ago = (now_ms() // DAY_MS - 30) * DAY_MS + DAY_MS // 2
    events = [pageview(1, at=month_ago), custom(2, at=month_ago + 60_000), pageview(3, at=now_ms() - 91 * DAY_MS)]
    response = door.post(batch(*events, ip=VISITOR), **bearer(key))
    assert response.json()["accepted"] == 2
    assert why(response) == {"events[2].at": "is too old: at most 90 days may lie behind"}
    kept = [event for envelope in streams.envelopes for event in envelope.events]
    assert [event.occurred_ms for event in kept] == [month_ago, month_ago + 60_000]
    assert not any(event.is_late for event in kept)


def test_a_past_days_visitor_is_one_and_other_days_are_others(door: DoorClient, key: str, streams: Streams) -> None:
    noon = (now_ms() // DAY_MS - 20) * DAY_MS + DAY_MS // 2
    for number, at in enumerate((noon, noon + 3_600_000, noon - DAY_MS)):
        door.post(batch(pageview(number, at=at), ip=VISITOR, user_agent=BROWSER), **bearer(key))
    by_id = sorted(streams.envelopes, key=lambda envelope: envelope.events[0].event_id)
    assert by_id[0].visitor_id == by_id[1].visitor_id != by_id[2].visitor_id


def test_it_may_send_up_to_a_mebibyte(door: DoorClient, key: str) -> None:
    body = json.dumps(batch(*[custom(n, props={str(p): "v" * 500 for p in range(15)}) for n in range(100)])).encode()
    assert 700_000 < len(body) < 1_048_576
    assert door.post(body, **bearer(key)).status_code == 202
    assert door.post(body).status_code == 413
    assert door.post(body + b" " * 400_000, **bearer(key)).status_code == 413


def test_its_origin_is_not_looked_at(door: DoorClient, key: str) -> None:
    assert door.post(batch(pageview()), **(bearer(key) | {"Origin": "https://evil.example"})).status_code == 202


@pytest.mark.parametrize("authorization", ["Bearer wrong", "Bearer", "Bearer ", "Basic abc", "nonsense", "bearer \x00"])
def test_a_wrong_key_is_401(door: DoorClient, key: str, streams: Streams, authorization: str) -> None:
    response = door.post(batch(pageview()), Authorization=authorization)
    assert (response.status_code, response["WWW-Authenticate"]) == (401, "Bearer")
    assert streams.envelopes == []


def test_a_revoked_key_is_401(door: DoorClient, key: str) -> None:
    assert door.post(batch(pageview()), **bearer(key)).status_code == 202
    ApiKey.objects.update(revoked_at=timezone.now())
    routes.heard(routes.API_KEYS_CHANGED)
    assert door.post(batch(pageview()), **bearer(key)).status_code == 401


def test_a_key_without_the_scope_is_403(door: DoorClient, route: SiteRoute) -> None:
    assert door.post(batch(pageview()), **bearer(make_key(route.agency, "read"))).status_code == 403


def test_another_agencys_key_is_403(door: DoorClient, streams: Streams) -> None:
    other = Agency.objects.create(slug="other", name="Other", schema_name="a_9002")
    assert door.post(batch(pageview()), **bearer(make_key(other))).status_code == 403
    assert streams.envelopes == []


def test_a_wrong_address_is_named(door: DoorClient, key: str) -> None:
    response = door.post(batch(pageview(), ip="here"), **bearer(key))
    assert (response.status_code, why(response)) == (400, {"ip": "must be an IPv4 or IPv6 address"})
