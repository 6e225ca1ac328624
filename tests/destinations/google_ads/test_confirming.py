"""Google's later verdict in the rows, asked for as the worker does: by its own connections, at the running stand-in."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest
from django.db import connection

from apps.core import clock
from apps.core.tenancy import in_schema
from apps.destinations.confirming import UNASKED, deliveries_confirm
from apps.destinations.keeping import deliveries_tidy
from apps.destinations.match import match_keys_done
from apps.destinations.models import Delivery, Destination
from apps.destinations.providers.base import Outcome, Target, Unanswered, Verdict
from apps.destinations.providers.google_ads.provider import GoogleAds
from apps.destinations.recording import Ending, deliveries_end
from apps.destinations.secrets import secrets_seal
from apps.destinations.services import deliveries_resend, destination_archive
from apps.tracking.models import ConversionMatch
from tests.cast import Cast
from tests.destinations.conftest import NOW, Committing, later
from tests.destinations.google_ads.conftest import There
from tests.destinations.google_ads.messages import GOOGLE, ask, message

State = Delivery.State


def _destination(site_id: int, target: Target) -> Destination:
    now = clock.now()
    return Destination.objects.create(
        site_id=site_id,
        provider="google_ads",
        name="Ads",
        settings=dict(target.settings),
        secrets_sealed=secrets_seal(target.secrets),
        stand_in_url=target.base_url,
        created_at=now,
        created_by="ada",
        changed_at=now,
    )


def _received(destination: Destination, there: There, *gclids: str, **facts: Any) -> list[int]:
    """Have one request received with these clicks; return its deliveries' ids. `facts`: of what happened."""
    now = clock.now()
    messages = [
        message(number, transaction_id=uuid4().hex, click_ids={"gclid": gclid}, **facts)
        for number, gclid in enumerate(gclids)
    ]
    request = GOOGLE.request(there.prepared(), messages)
    verdicts = GOOGLE.verdicts(request, ask(request))
    return [
        Delivery.objects.create(
            destination=destination,
            site_id=destination.site_id,
            event_id=uuid4(),
            session_id=UUID(int=1),
            occurred_at=now,
            source_name="Lead",
            name="Lead",
            state=State.RECEIVED,
            created_at=now,
            received_at=now,
            next_attempt_at=now - timedelta(seconds=1),
            receipt=verdict.receipt,
        ).id
        for verdict in verdicts
    ]


def _keep_match(delivery: Delivery) -> None:
    ConversionMatch.objects.create(
        event_id=delivery.event_id,
        site_id=delivery.site_id,
        session_id=delivery.session_id,
        sealed=b"",
        stored_at=clock.now(),
    )


@pytest.mark.django_db
def test_each_delivery_is_told_what_is_known_of_it(cast: Cast, there: There, committing: Committing) -> None:
    with in_schema(cast.alder.schema_name):
        destination = _destination(cast.site.id, there.target)
        counted = _received(destination, there, "Cj0K")
        stranger = _received(destination, there, "unknown-1")
        refused = _received(destination, there, "Cj2K", occurred_at=clock.now() - timedelta(days=100))
        recent = _received(destination, there, "recent-1")
        mixed = _received(destination, there, "Cj1K", "unknown-2")

        for delivery in Delivery.objects.all():
            _keep_match(delivery)
        match_keys_done(ConversionMatch.objects.values_list("event_id", flat=True))
        assert ConversionMatch.objects.count() == 6

        with committing():
            assert deliveries_confirm(destination.id) == 6
        rows = Delivery.objects.in_bulk()
        # What is refused may be sent again by a person, what was too recent is so by itself; not who clicked on no ad.
        kept = {rows[one].event_id for one in (*refused, *recent)}
        assert set(ConversionMatch.objects.values_list("event_id", flat=True)) == kept
        assert (rows[recent[0]].received_at, rows[recent[0]].receipt) == (None, "")
        told = [(rows[one].state, rows[one].reason) for one in (*counted, *stranger, *refused, *recent, *mixed)]
        assert told == [
            (State.CONFIRMED, "processed"),
            (State.RECEIVED, "unmatched"),
            (State.REJECTED, "EVENT_TOO_OLD"),
            (State.WAITING, "TOO_RECENT_CLICK"),
            (State.RECEIVED, "partly_counted"),
            (State.RECEIVED, "partly_counted"),
        ]
        again_at = rows[recent[0]].next_attempt_at
        assert again_at is not None and again_at > clock.now() + timedelta(hours=5)
        assert rows[mixed[0]].next_attempt_at is None
        # Nobody asks once more.
        assert deliveries_confirm(destination.id) == 0


@pytest.mark.django_db
def test_who_asks_at_the_same_time_leaves_the_others_verdict_alone(cast: Cast, there: There) -> None:
    with in_schema(cast.alder.schema_name):
        destination = _destination(cast.site.id, there.target)
        (one,) = _received(destination, there, "Cj0K")
        asked: list[str] = []

        def other_was_quicker(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
            """Have another's verdict come in once the rows that are due were read, as far as nothing holds them."""
            answer = execute(sql, params, many, context)
            if sql.startswith("SELECT") and 'FROM "delivery"' in sql and not asked:
                asked.append(sql)
                Delivery.objects.update(state=State.CONFIRMED, next_attempt_at=None, finished_at=clock.now())
            return answer

        with connection.execute_wrapper(other_was_quicker):
            deliveries_confirm(destination.id)
        # A second connection finds them taken.
        assert "FOR UPDATE" in asked[0] and "SKIP LOCKED" in asked[0]
        row = Delivery.objects.get(id=one)
        assert (row.state, row.next_attempt_at) == (State.CONFIRMED, None)


@pytest.fixture
def ads(in_alder: Cast, there: There, monkeypatch: pytest.MonkeyPatch) -> Iterator[Destination]:
    later(monkeypatch)
    yield _destination(in_alder.site.id, there.target)


@pytest.fixture
def one(ads: Destination, there: There) -> Delivery:
    """One that Google has, and hasn't decided on."""
    there.stand_in.status_after = 365 * 86400
    (id_,) = _received(ads, there, "Cj0K")
    return Delivery.objects.get(id=id_)


def unanswered(*_: object) -> Target:
    raise Unanswered("unreachable", "Nobody is there.", may_have_arrived=False)


def asked(ads: Destination, one: Delivery) -> tuple[str, str, bool]:
    """Ask for verdicts; return state and reason, and whether one is still to come."""
    deliveries_confirm(ads.id)
    one.refresh_from_db()
    return one.state, one.reason, one.next_attempt_at is not None


def test_its_time_for_a_verdict_begins_anew_where_a_person_sends_it_again(
    ads: Destination, one: Delivery, monkeypatch: pytest.MonkeyPatch
) -> None:
    receipt = one.receipt
    Delivery.objects.update(state=State.REJECTED, next_attempt_at=None)
    later(monkeypatch, days=2)
    assert deliveries_resend(site_id=ads.site_id, delivery_ids=[one.id]) == 1
    one.refresh_from_db()
    assert (one.received_at, one.receipt) == (None, "")
    # Received again, as sending notes it.
    ending = Ending(one, State.RECEIVED, "accepted", "Google has it.", receipt=receipt, is_received=True)
    deliveries_end([replace(ending, due_at=clock.now() + timedelta(minutes=30))])
    later(monkeypatch, days=2, minutes=31)
    assert asked(ads, one) == (State.RECEIVED, "accepted", True)
    assert one.received_at == NOW + timedelta(days=2)
    later(monkeypatch, days=3, hours=1)
    assert asked(ads, one) == (State.RECEIVED, "no_verdict", False)


def test_that_google_gave_none_is_said_only_where_it_was_asked(
    ads: Destination, one: Delivery, monkeypatch: pytest.MonkeyPatch
) -> None:
    later(monkeypatch, hours=25)
    with monkeypatch.context() as broken:
        broken.setattr(GoogleAds, "check", lambda *_: {})
        assert asked(ads, one) == (State.RECEIVED, "", True)
    with monkeypatch.context() as broken:
        broken.setattr(GoogleAds, "prepare", unanswered)
        later(monkeypatch, hours=26)
        assert asked(ads, one) == (State.RECEIVED, "", True)
    later(monkeypatch, hours=27)
    assert asked(ads, one) == (State.RECEIVED, "no_verdict", False)


def test_what_couldnt_be_asked_for_long_ends_and_says_so(
    ads: Destination, one: Delivery, monkeypatch: pytest.MonkeyPatch
) -> None:
    later(monkeypatch, hours=24, seconds=UNASKED.total_seconds() - 1)
    deliveries_tidy()
    assert Delivery.objects.get(id=one.id).next_attempt_at
    later(monkeypatch, hours=24, seconds=UNASKED.total_seconds() + 1)
    deliveries_tidy()
    one.refresh_from_db()
    assert (one.reason, one.next_attempt_at) == ("verdict_unasked", None)
    assert "Beacon couldn’t ask" in one.words


def test_credentials_that_are_refused_when_asking_are_for_a_person_to_mend(
    ads: Destination, one: Delivery, there: There
) -> None:
    httpx.post(f"{there.target.base_url}/revoke", data={"token": there.stand_in.client.refresh_token})
    assert asked(ads, one) == (State.RECEIVED, "", True)
    ads.refresh_from_db()
    assert (ads.problem, ads.open_until) == ("invalid_grant", NOW + timedelta(hours=1))


def test_secrets_that_cant_be_opened_are_too_and_break_nothing(ads: Destination, one: Delivery) -> None:
    Destination.objects.update(secrets_sealed=b"sealed with another key")
    assert asked(ads, one) == (State.RECEIVED, "", True)
    ads.refresh_from_db()
    assert ads.problem == "secrets_sealed"


def test_an_answer_shows_that_they_are_mended_where_nothing_waits_that_would(
    ads: Destination, one: Delivery, monkeypatch: pytest.MonkeyPatch
) -> None:
    Destination.objects.update(problem="invalid_grant", problem_words="No.", problem_at=NOW, open_until=NOW)
    other = Delivery.objects.create(
        destination=ads, site_id=ads.site_id, event_id=uuid4(), session_id=UUID(int=1), occurred_at=NOW, created_at=NOW
    )
    deliveries_confirm(ads.id)
    ads.refresh_from_db()
    assert ads.problem == "invalid_grant"
    other.delete()
    later(monkeypatch, hours=1)
    deliveries_confirm(ads.id)
    ads.refresh_from_db()
    assert ads.problem == ""


def test_of_a_removed_destination_none_is_awaited_and_match_keys_go(
    ads: Destination, one: Delivery, committing: Committing
) -> None:
    _keep_match(one)
    with committing():
        destination_archive(destination=ads)
    one.refresh_from_db()
    assert (one.state, one.reason, one.next_attempt_at) == (State.RECEIVED, "removed", None)
    assert "removed before" in one.words and not ConversionMatch.objects.exists()


def test_one_that_was_removed_by_an_older_version_isnt_awaited_either(ads: Destination, one: Delivery) -> None:
    Destination.objects.update(archived_at=NOW, is_on=False)
    deliveries_tidy()
    one.refresh_from_db()
    assert (one.reason, one.next_attempt_at) == ("removed", None)


def test_one_that_would_be_sent_again_isnt_where_its_destination_was_removed_meanwhile(
    ads: Destination, one: Delivery, monkeypatch: pytest.MonkeyPatch
) -> None:
    def removed_first(*_: object) -> dict[str, Verdict]:
        destination_archive(destination=ads)
        return {one.receipt: Verdict(Outcome.RETRY, "TOO_RECENT_CLICK", "Too recent.", retry_after=60.0)}

    monkeypatch.setattr(GoogleAds, "check", removed_first)
    assert asked(ads, one) == (State.RECEIVED, "removed", False)
