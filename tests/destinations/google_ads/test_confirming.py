"""Google's later verdict in the rows, asked for as the worker does: by its own connections, at the running stand-in."""

from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.db import connection

from apps.core import clock
from apps.core.tenancy import in_schema
from apps.destinations.confirming import deliveries_confirm
from apps.destinations.match import match_keys_done
from apps.destinations.models import Delivery, Destination
from apps.destinations.providers.base import Target
from apps.destinations.secrets import secrets_seal
from apps.tracking.models import ConversionMatch
from tests.cast import Cast
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


def _received(destination: Destination, there: There, *gclids: str) -> list[int]:
    """Have one request received with these clicks; return its deliveries' ids."""
    now = clock.now()
    messages = [
        message(number, transaction_id=uuid4().hex, click_ids={"gclid": gclid}) for number, gclid in enumerate(gclids)
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
def test_each_delivery_is_told_what_is_known_of_it(cast: Cast, there: There) -> None:
    with in_schema(cast.alder.schema_name):
        destination = _destination(cast.site.id, there.target)
        counted = _received(destination, there, "Cj0K")
        stranger = _received(destination, there, "unknown-1")
        recent = _received(destination, there, "recent-1")
        mixed = _received(destination, there, "Cj1K", "unknown-2")

        for delivery in Delivery.objects.all():
            _keep_match(delivery)
        match_keys_done(ConversionMatch.objects.values_list("event_id", flat=True))
        assert ConversionMatch.objects.count() == 5

        assert deliveries_confirm(destination.id) == 5
        rows = Delivery.objects.in_bulk()
        # What is refused may be sent again by a person, what was too recent is so by itself.
        kept = {rows[one].event_id for one in (*stranger, *recent)}
        assert set(ConversionMatch.objects.values_list("event_id", flat=True)) == kept
        told = [(rows[one].state, rows[one].reason) for one in (*counted, *stranger, *recent, *mixed)]
        assert told == [
            (State.CONFIRMED, "processed"),
            (State.REJECTED, "CLICK_NOT_FOUND"),
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
