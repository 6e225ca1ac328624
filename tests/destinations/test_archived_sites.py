"""Of an archived site nothing leaves: what was queued waits, says why, and goes once the site is resumed."""

import pytest

from apps.agencies.models import Agency
from apps.demo.webhook_stand_in.receiver import Receiver
from apps.destinations import delivering, tasks
from apps.destinations.delivering import destination_send, due_within
from apps.destinations.keeping import deliveries_tidy
from apps.destinations.models import Delivery, Destination
from apps.sites.models import Goal, Site
from apps.sites.services import client_archive, client_restore, site_set_status
from tests.cast import Cast

from .conftest import convert, later, only, route
from .looking import words

PAGE = "/s/first-site/destinations"


@pytest.fixture
def waiting(in_alder: Cast, webhook: Destination, goal: Goal) -> Delivery:
    route(convert(goal, in_alder.site))
    return only()


def archive(cast: Cast, how: str) -> None:
    if how == "client":
        client_archive(client=cast.site.client)
    elif how == "agency":
        Agency.objects.filter(id=cast.alder.id).update(is_active=False)
    else:
        site_set_status(site=cast.site, status=Site.Status.ARCHIVED)


def resume(cast: Cast) -> None:
    Agency.objects.filter(id=cast.alder.id).update(is_active=True)
    cast.site.refresh_from_db()
    client_restore(client=cast.site.client)
    site_set_status(site=cast.site, status=Site.Status.ACTIVE)


@pytest.mark.parametrize("how", ["site", "client", "agency"])
def test_what_is_queued_waits_and_goes_once_it_is_resumed(
    how: str,
    in_alder: Cast,
    webhook: Destination,
    waiting: Delivery,
    receiver: Receiver,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    woken: list[int] = []
    monkeypatch.setattr(tasks, "destination_wake", woken.append)
    archive(in_alder, how)
    assert destination_send(webhook.id) is False and due_within(webhook.id, 15) is None
    tasks._wake_due()
    assert not receiver.taken and not woken
    assert (only().state, only().attempts, only().leased_until) == ("waiting", 0, None)
    resume(in_alder)
    tasks._wake_due()
    assert woken == [webhook.id]
    destination_send(webhook.id)
    assert only().state == "received" and sum(receiver.taken.values()) == 1


def test_a_paused_sites_queue_is_sent(
    in_alder: Cast, webhook: Destination, waiting: Delivery, receiver: Receiver
) -> None:
    site_set_status(site=in_alder.site, status=Site.Status.PAUSED)
    destination_send(webhook.id)
    assert only().state == "received"


def test_what_was_taken_up_when_it_is_archived_doesnt_leave_any_more(
    in_alder: Cast, webhook: Destination, waiting: Delivery, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    take_up = delivering._take_up

    def archived_after(turn: delivering.Turn) -> bool:
        found = take_up(turn)
        archive(in_alder, "site")
        return found

    monkeypatch.setattr(delivering, "_take_up", archived_after)
    destination_send(webhook.id)
    assert not receiver.taken
    assert (only().state, only().leased_until) == ("waiting", None)


def test_what_waits_for_too_long_is_given_up_with_the_reason(
    in_alder: Cast, waiting: Delivery, monkeypatch: pytest.MonkeyPatch
) -> None:
    archive(in_alder, "site")
    later(monkeypatch, days=4)
    deliveries_tidy()
    assert (only().state, only().reason) == ("dead", "site_archived")
    assert "The site was archived when this was due" in only().words


def test_what_was_tried_before_keeps_what_its_provider_answered(
    in_alder: Cast, waiting: Delivery, monkeypatch: pytest.MonkeyPatch
) -> None:
    Delivery.objects.update(attempts=2, reason="503", words="Answered 503.")
    archive(in_alder, "site")
    later(monkeypatch, days=4)
    deliveries_tidy()
    assert (only().state, only().reason) == ("dead", "503")
    assert only().words == "Answered 503. The site was archived when this was due, and for too long: given up."


def test_pages_say_why_it_waits(in_alder: Cast, webhook: Destination, waiting: Delivery) -> None:
    archive(in_alder, "site")
    manager = in_alder.browser(in_alder.manager)
    page = words(manager.get(PAGE))
    assert "The site is archived: nothing is sent. What was due waits until it is resumed." in page
    assert "waits: the site is archived" in page
    here = words(manager.get(f"{PAGE}/{webhook.id}"))
    assert "Site archived" in here and "It goes once the site is resumed" in here
    assert "what is replayed waits until it is resumed" in words(manager.get(f"{PAGE}/{webhook.id}/replay"))


def test_no_test_is_sent_of_it_either(
    in_alder: Cast, webhook: Destination, waiting: Delivery, receiver: Receiver
) -> None:
    archive(in_alder, "site")
    answer = in_alder.browser(in_alder.manager).post(f"{PAGE}/{webhook.id}/test", {})
    assert "Resume it in its settings first" in words(answer, 409)
    assert not receiver.seen and Delivery.objects.count() == 1
