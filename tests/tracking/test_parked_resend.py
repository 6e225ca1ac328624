"""Sending again what was parked: once, whole or not at all, by a page and by a command."""

import threading
from io import StringIO
from typing import Any

import msgspec
import pytest
from django.core.management import CommandError, call_command
from django.db import connection, connections
from pytest_django import DjangoDbBlocker

from apps.agencies.models import Agency
from apps.core import facts as core_facts
from apps.core.tenancy import in_schema
from apps.tracking import sealing, valkey
from apps.tracking.envelope import Envelope, Refusals, pack
from apps.tracking.facts import EventsStored
from apps.tracking.ledger import LedgerDay, ledger_sum
from apps.tracking.ledger_check import site_check
from apps.tracking.models import Event, ParkedEntry, Session
from apps.tracking.parked import Resent, parked_resend, parked_words
from apps.tracking.session_check import sessions_differing
from apps.tracking.writer.entries import read_entry
from apps.tracking.writer.share import MOST_TRIES
from apps.tracking.writer.streams import UNREADABLE
from tests import factories
from tests.cast import Cast

from .arrivals import envelope, store, store_entries, view

PAGE = "/s/first-site/settings/parked"


def parked(cast: Cast, *events: Any, **fields: Any) -> ParkedEntry:
    """Park an envelope that can't be stored, and return its row."""
    store(envelope(cast.site, *(events or (view(0, "/a\x00b"), view(1))), **fields))
    return ParkedEntry.objects.order_by("-id")[0]


def heal(row: ParkedEntry) -> None:
    """Take out what couldn't be stored, as a release that can store it would."""
    body = msgspec.msgpack.decode(bytes(row.payload), type=Envelope)
    for event in body.events:
        event.path = event.path.replace("\x00", "")
    ParkedEntry.objects.filter(id=row.id).update(payload=pack(body))


def resend(row: ParkedEntry) -> Resent | None:
    return parked_resend(site_id=row.site_id, parked_id=row.id)


def agrees(cast: Cast) -> bool:
    return not site_check(cast.site.id).differences and not sessions_differing(cast.site)


def test_it_is_stored_and_counted_once(in_alder: Cast) -> None:
    row = parked(in_alder)
    heal(row)
    assert resend(row) == Resent(events=2)
    assert ledger_sum(site_id=in_alder.site.id) == LedgerDay(counted=2)
    assert Session.objects.get(site_id=in_alder.site.id).pageviews == 2
    assert not ParkedEntry.objects.exists() and agrees(in_alder)
    assert resend(row) is None
    assert Event.objects.count() == 2


def test_one_that_fails_again_leaves_nothing_but_its_error(in_alder: Cast) -> None:
    row = parked(in_alder)
    outcome = resend(row)
    assert outcome is not None and not outcome.is_stored
    now = ParkedEntry.objects.get()
    assert (now.tries, now.error) == (MOST_TRIES + 1, row.error)
    assert now.last_tried_at and row.last_tried_at and now.last_tried_at > row.last_tried_at
    assert not Event.objects.exists() and not Session.objects.exists()
    assert ledger_sum(site_id=in_alder.site.id) == LedgerDay(parked=2)
    assert agrees(in_alder)


def test_what_came_meanwhile_is_repeated(in_alder: Cast) -> None:
    good, bad = view(1), view(0, "/a\x00b")
    row = parked(in_alder, bad, good)
    store(envelope(in_alder.site, good))
    heal(row)
    resend(row)
    assert ledger_sum(site_id=in_alder.site.id) == LedgerDay(counted=2, repeated=1)
    assert agrees(in_alder)


def test_refusals_become_refusals(in_alder: Cast) -> None:
    schema = str(in_alder.alder.schema_name)
    store(Refusals(schema, in_alder.site.id, "18 November", {"rate": 3}))
    row = ParkedEntry.objects.get()
    assert (row.is_refusals, row.events) == (True, 0) and agrees(in_alder)
    ParkedEntry.objects.update(payload=pack(Refusals(schema, in_alder.site.id, "2026-11-18", {"rate": 3})))
    resend(row)
    assert ledger_sum(site_id=in_alder.site.id) == LedgerDay(refused={"rate": 3})


def test_one_that_cant_be_read_stays_with_the_reason(in_alder: Cast) -> None:
    parts = msgspec.msgpack.decode(pack(envelope(in_alder.site, view(0))))
    parts[3] = "not a moment"
    store_entries([read_entry(3, "1800000000000-0", {b"e": msgspec.msgpack.encode(parts)})])
    outcome = resend(ParkedEntry.objects.get())
    assert outcome == Resent(events=1, error="Unreadable: Expected `int`, got `str` - at `$[3]`")
    assert agrees(in_alder)


def test_it_says_when_the_address_cant_be_opened_any_more(in_alder: Cast) -> None:
    sealing.load(500_000)
    sealed = {"sealed_ip": sealing.seal_address("192.0.2.1", 500_000), "seal_hour": 500_000}
    first, second = parked(in_alder, **sealed), parked(in_alder, view(9, "/\x00"), **sealed)
    heal(first)
    heal(second)
    assert resend(first) == Resent(events=2, is_placed=True)
    sealing.forget_all()
    valkey.volatile().delete("beacon:seal:500000")
    assert resend(second) == Resent(events=1, is_placed=False)


def test_its_facts_are_told(in_alder: Cast, django_capture_on_commit_callbacks: Any) -> None:
    heard: list[EventsStored] = []
    core_facts.listen(EventsStored, heard.append)
    row = parked(in_alder)
    heal(row)
    with django_capture_on_commit_callbacks(execute=True):
        resend(row)
    assert [fact.session_ids for fact in heard] == [(Session.objects.get().id,)]
    core_facts._listeners[EventsStored].remove(heard.append)


def test_another_sites_entry_isnt_found(in_alder: Cast) -> None:
    row = parked(in_alder)
    assert parked_resend(site_id=in_alder.other_site.id, parked_id=row.id) is None


@pytest.mark.real
def test_two_who_send_it_again_at_once_store_it_once(real_agency: Agency, django_db_blocker: DjangoDbBlocker) -> None:
    schema = str(real_agency.schema_name)
    with django_db_blocker.unblock(), in_schema(schema):
        site = factories.make_site(domain="twice.example")
        store(envelope(site, view(0, "/a\x00b"), schema=schema))
        row = ParkedEntry.objects.get()
        heal(row)
        together, outcomes = threading.Barrier(2), []

        def send() -> None:
            with in_schema(schema):
                together.wait(30)
                outcomes.append(resend(row))
            connections.close_all()

        threads = [threading.Thread(target=send) for _ in range(2)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(60)
        assert sorted(outcome is None for outcome in outcomes) == [False, True]
        assert Event.objects.count() == 1
        assert ledger_sum(site_id=site.id) == LedgerDay(counted=1)


@pytest.mark.parametrize(
    ("error", "words"),
    [
        ("DataError: PostgreSQL text fields cannot contain NUL (0x00) bytes", "can’t be stored"),
        ('InvalidTextRepresentation: invalid input syntax for type numeric: "..."', "can’t be stored"),
        ("CheckViolation: new row violates", "contradicts"),
        ("Unreadable: Expected `int`", "as the tracker writes"),
        ("KeyError: at _row:212", "fault of its own"),
        ("ValueError", "fault of its own"),
    ],
)
def test_errors_have_words(error: str, words: str) -> None:
    assert words in parked_words(error)


# --- the page ---------------------------------------------------------------------------------------------------------


def test_managers_and_above_see_it(in_alder: Cast) -> None:
    row = parked(in_alder)
    for member in (in_alder.owner, in_alder.admin, in_alder.manager, in_alder.limited):
        page = in_alder.browser(member).get(PAGE).content.decode()
        assert "It holds a value that can’t be stored." in page
        assert f'name="id" value="{row.id}"' in page


def test_lower_roles_are_refused(in_alder: Cast) -> None:
    row = parked(in_alder)
    heal(row)
    for member in (in_alder.analyst, in_alder.viewer):
        assert in_alder.browser(member).get(PAGE).status_code == 403
        assert in_alder.browser(member).post(f"{PAGE}/resend", {"id": str(row.id)}).status_code == 403
    assert ParkedEntry.objects.count() == 1


def test_for_outsiders_it_isnt_there(in_alder: Cast) -> None:
    row = parked(in_alder)
    heal(row)
    for browser in (
        in_alder.browser(in_alder.outsider),
        in_alder.browser(in_alder.outsider, in_alder.birch),
    ):
        assert browser.get(PAGE).status_code == 404
        assert browser.post(f"{PAGE}/resend", {"id": str(row.id)}).status_code == 404
    second = in_alder.browser(in_alder.limited).post("/s/second-site/settings/parked/resend", {"all": "1"})
    assert second.status_code == 404
    assert ParkedEntry.objects.count() == 1


def test_one_is_sent_again_from_the_page(in_alder: Cast) -> None:
    first, second = parked(in_alder), parked(in_alder)
    heal(first)
    browser = in_alder.browser(in_alder.manager)
    page = browser.post(f"{PAGE}/resend", {"id": str(first.id)}, follow=True).content.decode()
    assert "2 events stored after all." in page
    assert list(ParkedEntry.objects.values_list("id", flat=True)) == [second.id]


def test_all_are_sent_again_and_what_fails_is_said(in_alder: Cast) -> None:
    heal(parked(in_alder))
    left = parked(in_alder, view(3, "/c\x00"))
    page = in_alder.browser(in_alder.manager).post(f"{PAGE}/resend", {"all": "1"}, follow=True).content.decode()
    assert "2 events stored after all." in page
    assert "1 event couldn’t be stored this time either" in page
    assert list(ParkedEntry.objects.values_list("id", flat=True)) == [left.id]


@pytest.mark.parametrize("given", ["", "x", "999", "²", "9" * 30])
def test_what_isnt_there_is_said(in_alder: Cast, given: str) -> None:
    page = in_alder.browser(in_alder.manager).post(f"{PAGE}/resend", {"id": given}, follow=True).content.decode()
    assert "There was nothing to send again" in page


def test_nothing_parked_is_a_page_too(in_alder: Cast) -> None:
    assert b"Nothing is parked" in in_alder.browser(in_alder.manager).get(PAGE).content


# --- the command ------------------------------------------------------------------------------------------------------


def command(**options: Any) -> str:
    out = StringIO()
    call_command("parked", stdout=out, **options)
    return out.getvalue()


def test_the_command_lists(in_alder: Cast) -> None:
    row = parked(in_alder)
    assert f"alder/first-site  #{row.id}  {row.parked_at:%Y-%m-%d %H:%M:%S}  events 2, tries 3  DataError:" in command()
    assert command(agency="birch") == "Nothing is parked.\n"


def test_the_command_sends_one_again(in_alder: Cast) -> None:
    first, second = parked(in_alder), parked(in_alder)
    heal(first)
    heal(second)
    assert command(agency="alder", site="first-site", resend=True, id=first.id).endswith("  stored\n")
    assert list(ParkedEntry.objects.values_list("id", flat=True)) == [second.id]


def test_the_command_says_what_stays_parked(in_alder: Cast) -> None:
    heal(parked(in_alder))
    parked(in_alder, view(3, "/c\x00"))
    with pytest.raises(CommandError, match="1 stay parked"):
        command(resend=True)
    assert ParkedEntry.objects.count() == 1


def test_a_number_needs_its_agency(in_alder: Cast) -> None:
    with pytest.raises(CommandError, match="--agency"):
        command(id=1)


def test_operators_see_what_belongs_to_no_agency(in_alder: Cast) -> None:
    name = UNREADABLE.format(partition=2)
    gone = pack(envelope(in_alder.site, view(0), schema="a_99999"))
    valkey.durable().delete(name)
    valkey.durable().xadd(name, {"e": gone}, id="1800000000000-0")
    valkey.durable().xadd(name, {"e": b"\xc1"}, id="1800000000001-0")
    said = command().splitlines()
    valkey.durable().delete(name)
    assert said[0].startswith("no agency  partition 2, entry 1800000000000-0  2027-01-15 08:00:00  ")
    assert said[0].endswith("There is no agency a_99999.")
    assert len(said) == 2 and "1 bytes" in said[1]
    assert connection.schema_name == str(in_alder.alder.schema_name)  # type: ignore[attr-defined]
