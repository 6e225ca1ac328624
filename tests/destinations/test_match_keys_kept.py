"""For how long match keys are kept: until the last delivery of their event is done, whoever ends it and how."""

import pytest
from django.db import connection

from apps.core.tenancy import current_schema, in_schema
from apps.destinations.endings import finish
from apps.destinations.match import match_keys_done
from apps.destinations.models import Delivery, Destination
from apps.destinations.recording import Ending
from apps.destinations.services import destination_archive
from apps.sites.models import Goal
from apps.tracking.models import ConversionMatch
from tests.cast import Cast

from .conftest import Committing, convert, match_put, route, rule_make, webhook_make

State = Delivery.State


@pytest.fixture
def two(in_alder: Cast, receiver_url: str, webhook: Destination, goal: Goal) -> list[Delivery]:
    """An event with match keys on its way to two destinations."""
    rule_make(webhook_make(in_alder.site, receiver_url, name="Other"), goal)
    one = convert(goal, in_alder.site, minutes=-1)
    match_put(one, {"fbp": "fb.1.1.2"})
    route(one)
    Delivery.objects.update(state=State.SENDING)
    return list(Delivery.objects.order_by("id"))


def received(delivery: Delivery) -> None:
    finish([Ending(delivery, State.RECEIVED, "204", "Answered 204.", is_received=True)])


def test_two_that_end_at_once_leave_none(two: list[Delivery], committing: Committing) -> None:
    with committing():
        # What the second one's transaction sees before the first one's is committed.
        received(two[1])
        Delivery.objects.filter(id=two[1].id).update(state=State.SENDING)
        received(two[0])
        Delivery.objects.filter(id=two[1].id).update(state=State.RECEIVED, next_attempt_at=None)
        assert ConversionMatch.objects.exists()
    assert not ConversionMatch.objects.exists()


def test_they_are_looked_for_in_the_agency_that_they_are_of_wherever_it_is_committed(
    two: list[Delivery], committing: Committing
) -> None:
    schema = current_schema()
    with committing():
        received(two[0])
        received(two[1])
        # As where a block around the agency's commits.
        connection.set_schema_to_public()  # type: ignore[attr-defined]
    with in_schema(schema):
        assert not ConversionMatch.objects.exists()


def test_what_a_removed_destination_had_waiting_holds_them_no_longer(
    two: list[Delivery], committing: Committing
) -> None:
    with committing():
        received(two[0])
    assert ConversionMatch.objects.exists()
    with committing():
        destination_archive(destination=two[1].destination)
    assert not ConversionMatch.objects.exists()


def test_a_test_holds_none(two: list[Delivery]) -> None:
    Delivery.objects.filter(id=two[0].id).update(state=State.RECEIVED, next_attempt_at=None)
    Delivery.objects.filter(id=two[1].id).update(state=State.UNCERTAIN, is_test=True)
    match_keys_done([two[0].event_id])
    assert not ConversionMatch.objects.exists()
