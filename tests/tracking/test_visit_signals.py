"""Signals of bots on their way: judged at the door, stored on the visit, shown by reason; no header travels."""

from typing import Any

import pytest

from apps.tracking.drop_reasons import SetAside
from apps.tracking.envelope import Context
from apps.tracking.ledger import ledger_sum
from tests.cast import Cast

from .arrivals import CRAWLER, envelope, store, view, visits
from .doors import DoorClient, Streams, batch, pageview

FIREFOX_WITH_HINTS: dict[str, str | None] = {
    "Sec_CH_UA": '"Chromium";v="140", "Google Chrome";v="140"',
    "Sec_CH_UA_Platform": '"Windows"',
}


def test_the_door_judges_the_head_and_sends_names_only(door: DoorClient, streams: Streams) -> None:
    navigation: dict[str, str | None] = {"Sec_Fetch_Mode": "navigate", "Sec_Fetch_Dest": "document"}
    door.post(batch(pageview(1)))
    door.post(batch(pageview(2)), "batch", **FIREFOX_WITH_HINTS)
    door.post(batch(pageview(3)), "batch", **navigation)
    found = {body.events[0].event_id.int & 0xFF: body.head_signals for body in streams.envelopes}
    assert found == {1: [], 2: ["hints"], 3: ["fetch"]}
    assert b"Chromium" not in streams.raw
    assert b"navigate" not in streams.raw


def test_the_pixel_is_asked_for_nothing_of_it(door: DoorClient, streams: Streams) -> None:
    door.pixel(site_key="doorsite", url="https://shop.example/")
    assert streams.envelopes[0].head_signals == []


def test_a_persons_visit_has_none(in_alder: Cast) -> None:
    store(envelope(in_alder.site, view(0)))
    (visit,) = visits(in_alder.site)
    assert (visit.signals, visit.set_aside) == ("", "")


@pytest.mark.parametrize(
    ("fields", "signals", "reason"),
    [
        ({"user_agent": CRAWLER}, "declared", SetAside.BOT_DECLARED),
        ({"head_signals": ["headless"]}, "headless", SetAside.BOT_HEADLESS),
        ({"context": Context(screen=(9, 9), languages=["de"], webdriver=True)}, "webdriver", SetAside.BOT_HEADLESS),
        ({"head_signals": ["hints"]}, "hints", SetAside.NOT),
        ({"head_signals": ["fetch"]}, "fetch", SetAside.BOT_CONTRADICTION),
        ({"head_signals": ["hints"], "accept_language": "zh"}, "hints,languages", SetAside.BOT_CONTRADICTION),
    ],
)
def test_what_speaks_for_a_bot_is_stored(
    in_alder: Cast, fields: dict[str, Any], signals: str, reason: SetAside
) -> None:
    store(envelope(in_alder.site, view(0), **fields))
    (visit,) = visits(in_alder.site)
    assert (visit.signals, visit.set_aside) == (signals, reason)
    assert ledger_sum(site_id=in_alder.site.id).set_aside == ({reason.value: 1} if reason else {})


def test_what_one_sender_contradicts_is_not_answered_for_another(in_alder: Cast) -> None:
    """The writer remembers senders by address and agent; two may share both."""
    site = in_alder.site
    store(envelope(site, view(0), visitor=1), envelope(site, view(0), visitor=2, head_signals=["fetch"]))
    store(envelope(site, view(1), visitor=1), envelope(site, view(1), visitor=2, head_signals=["fetch"]))
    assert [(visit.set_aside, visit.pageviews) for visit in visits(site)] == [("", 2), ("bot_contradiction", 2)]


def test_a_spam_referrer_is_a_signal_of_its_visit(in_alder: Cast) -> None:
    spam = view(0, referrer="https://semalt.com/")
    store(envelope(in_alder.site, spam, view(1), head_signals=["hints"]))
    found = {visit.set_aside: visit.signals for visit in visits(in_alder.site)}
    assert found == {"spam_referrer": "hints,spam_referrer", "": "hints"}
