"""The installation panel and the waiting page: nothing yet, the first event, refusals."""

from datetime import timedelta

from apps.core import clock
from apps.tracking.arrival import arrival_of
from apps.tracking.drop_reasons import Refusal, SetAside
from tests.cast import Cast
from tests.factories_tracking import ledger_put, visit_make

ARRIVAL = "/s/first-site/settings/arrival"
WAITING = "/s/first-site/waiting"


def test_before_the_first_event_the_panel_asks_again(in_alder: Cast) -> None:
    page = in_alder.browser(in_alder.manager).htmx(ARRIVAL).content.decode()
    assert "Waiting for the first event" in page
    assert 'hx-trigger="look"' in page


def test_the_first_event_is_said(in_alder: Cast) -> None:
    visit_make(in_alder.site, clock.now(), entry_host="first.example")
    page = in_alder.browser(in_alder.manager).htmx(ARRIVAL).content.decode()
    assert "The tag works." in page
    assert "first.example/" in page


def test_a_bot_shows_that_the_tag_works_and_is_called_one(in_alder: Cast) -> None:
    visit_make(in_alder.site, clock.now(), set_aside=SetAside.BOT_DECLARED.value)
    assert b"was a bot" in in_alder.browser(in_alder.manager).htmx(ARRIVAL).content


def test_an_import_is_no_sign_of_the_tag(in_alder: Cast) -> None:
    visit_make(in_alder.site, clock.now(), origin="import")
    assert not arrival_of(in_alder.site.id).has_arrived


def test_refusals_of_the_last_days_are_named(in_alder: Cast) -> None:
    ledger_put(in_alder.site, clock.now(), "refused", 12, Refusal.ORIGIN.value)
    ledger_put(in_alder.site, clock.now() - timedelta(days=8), "refused", 5, Refusal.RATE.value)
    page = in_alder.browser(in_alder.manager).htmx(ARRIVAL).content.decode()
    assert "From a domain that isn&#x27;t listed" in page
    assert "12 refused" in page
    assert "Too many at once" not in page


def test_each_reason_has_its_words(in_alder: Cast) -> None:
    for reason in Refusal:
        ledger_put(in_alder.site, clock.now(), "refused", 1, reason.value)
    lines = arrival_of(in_alder.site.id).refusals
    assert len(lines) == len(Refusal)
    assert not {line.label for line in lines} & {reason.value for reason in Refusal}


def test_the_waiting_page_gets_nothing_and_then_the_celebration(in_alder: Cast) -> None:
    browser = in_alder.browser(in_alder.viewer)
    assert browser.htmx(WAITING).status_code == 204
    visit_make(in_alder.site, clock.now(), entry_host="first.example")
    answer = browser.htmx(WAITING)
    assert b"The first event has arrived" in answer.content
    assert b"data-arrived" in answer.content
