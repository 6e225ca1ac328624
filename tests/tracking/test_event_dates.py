"""Dating, naming and bounding of events: pure, by tables."""

from uuid import UUID

import pytest

from apps.tracking.events import (
    DAY_MS,
    EARLIEST_MS,
    TooOld,
    Wrong,
    amount,
    context_in,
    event_id,
    event_in,
    occurred_ms,
    oldest_ms,
)
from apps.tracking.payload import ConsentWire, ContextWire, EventWire, ItemWire, TargetWire, VitalsWire
from apps.tracking.steps.consent import consent_in

NOW = 1_800_000_000_000
UUID7 = "018f0f6e-1111-7abc-8def-000000000001"


@pytest.mark.parametrize(
    ("at", "skew_ms", "expected"),
    [
        (NOW - 5_000, 0, NOW - 5_000),
        (NOW - 5_000, 3_000, NOW - 2_000),
        (NOW + 60_000, -60_000, NOW),  # a clock a minute fast
        (NOW + 60_000, 0, NOW),  # ahead: the time of receipt
        (10**30, 0, NOW),
        (NOW - 7 * DAY_MS, 0, NOW - 7 * DAY_MS),
        (0, NOW - 1_000, NOW - 1_000),  # a clock that says 1970
    ],
)
def test_the_senders_clock_is_corrected_and_never_believed_ahead(at: int, skew_ms: int, expected: int) -> None:
    assert occurred_ms(at, skew_ms=skew_ms, received_ms=NOW, oldest_ms=NOW - 7 * DAY_MS) == expected


@pytest.mark.parametrize("at", [NOW - 7 * DAY_MS - 1, 0, -1, -(10**30)])
def test_what_is_older_than_a_week_is_refused(at: int) -> None:
    with pytest.raises(TooOld) as caught:
        occurred_ms(at, skew_ms=0, received_ms=NOW, oldest_ms=NOW - 7 * DAY_MS)
    assert caught.value.why == "is too old: at most 7 days may lie behind"


@pytest.mark.parametrize(
    ("is_server", "retention_days", "expected"),
    [
        (False, None, NOW - 7 * DAY_MS),
        (False, 365, NOW - 7 * DAY_MS),
        (True, 90, NOW - 90 * DAY_MS),
        (True, 3, NOW - 7 * DAY_MS),
        (True, None, EARLIEST_MS),
        (True, 10**6, EARLIEST_MS),
    ],
)
def test_servers_may_go_back_as_far_as_the_site_keeps(
    is_server: bool, retention_days: int | None, expected: int
) -> None:
    assert oldest_ms(NOW, is_server=is_server, retention_days=retention_days) == expected


def test_a_uuid7_stays_and_any_other_text_becomes_the_sites_own_uuid5() -> None:
    assert event_id("s", UUID7) == event_id("other", UUID7.upper()) == UUID(UUID7)
    order = event_id("s", "order-17")
    assert (order.version, order) == (5, event_id("s", "order-17"))
    assert order != event_id("other", "order-17")
    assert event_id("s", UUID7.replace("7abc", "4abc")).version == 5
    assert event_id("s", UUID7[:-1] + "x").version == 5


def wire(**fields: object) -> EventWire:
    return EventWire(**({"id": UUID7, "kind": "event", "at": NOW, "name": "download"} | fields))  # type: ignore[arg-type]


def make(**fields: object):  # type: ignore[no-untyped-def]
    return event_in(wire(**fields), site_key="s", occurred=NOW, skew_ms=10**30, is_late=False, has_hash_routes=False)


def test_events_are_interactive_unless_they_say_no_and_other_kinds_never_are() -> None:
    assert make().is_interactive
    assert not make(interactive=False).is_interactive
    assert not make(kind="pageview", url="https://shop.example/", interactive=True).is_interactive


def test_a_page_view_is_its_own_page() -> None:
    assert make(kind="pageview", url="https://shop.example/").page_id == UUID(UUID7)
    assert make(kind="engagement", page_id="p1").page_id == event_id("s", "p1")
    assert make().page_id is None


def test_figures_stay_within_their_columns() -> None:
    event = make(
        engaged_ms=10**12,
        scroll_percent=250,
        vitals=VitalsWire(lcp=10**12, cls=0.25),
        target=TargetWire(x=10**9, text="Buy"),
        props={"big": 10**18, "small": 7, "text": "x"},
        items=[ItemWire(sku="a", price="9.90", quantity=2)],
    )
    assert (event.engaged_ms, event.scroll_percent) == (DAY_MS, 100)
    assert event.vitals == {"lcp": 600_000.0, "cls": 0.25}
    assert event.target == {"text": "Buy", "x": 100_000}
    assert event.props == {"big": 1e18, "small": 7, "text": "x"}
    assert event.items == [{"sku": "a", "price": "9.9", "quantity": 2}]
    assert event.clock_skew_ms == 2**31 - 1


@pytest.mark.parametrize(
    ("given", "expected"),
    [(12, "12"), (12.5, "12.5"), ("19.99", "19.99"), (0.1 + 0.2, "0.3"), ("1e3", "1000"), (-5, "-5"), (100, "100")],
)
def test_amounts_are_decimal_with_four_places(given: float | str, expected: str) -> None:
    assert amount("value", given) == expected


@pytest.mark.parametrize("given", ["", "ten", "NaN", "sNaN", "Infinity", "1e99", 10**14, "1,5"])
def test_what_is_no_amount_is_refused(given: str | int) -> None:
    with pytest.raises(Wrong) as caught:
        amount("value", given)
    assert caught.value.field == "value"


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"name": None}, "name"),
        ({"name": ""}, "name"),
        ({"kind": "pageview", "url": None}, "url"),
        ({"url": "/pricing"}, "url"),
        ({"engaged_ms": -1}, "engaged_ms"),
        ({"scroll_percent": -1}, "scroll_percent"),
        ({"vitals": VitalsWire(cls=-1)}, "vitals.cls"),
        ({"currency": "EURO"}, "currency"),
        ({"value": "much"}, "value"),
        ({"items": [ItemWire(), ItemWire(price="x")]}, "items[1].price"),
    ],
)
def test_what_types_cant_tell_is_named_too(fields: dict[str, object], field: str) -> None:
    with pytest.raises(Wrong) as caught:
        make(**fields)
    assert caught.value.field == field


def test_the_browsers_own_signals_win_over_what_the_page_says() -> None:
    said = ConsentWire(gpc=False, dnt=True, analytics="granted", at=-5)
    consent = consent_in(said, gpc="1", dnt="0")
    assert (consent.gpc, consent.dnt, consent.analytics, consent.at_ms) == (True, False, "granted", 0)
    assert consent_in(said, gpc="", dnt="").dnt
    assert not consent_in(None, gpc="", dnt="").gpc


def test_odd_screens_are_bounded() -> None:
    context = context_in(ContextWire(screen=(1920.4, -3), viewport=(10**9, 5), pixel_ratio=0, languages=["", "de"]))
    assert (context.screen, context.viewport, context.pixel_ratio, context.languages) == (
        (1920, 0),
        (100_000, 5),
        None,
        ["de"],
    )


@pytest.mark.parametrize(
    "given",
    ["1e999999999999999999", "-1e999999999999999999", "99999999999999.99999", "-99999999999999.99999", "1e14", "sNaN"],
)
def test_an_amount_that_no_column_holds_is_refused(given: str) -> None:
    with pytest.raises(Wrong) as caught:
        amount("value", given)
    assert caught.value.why == "must be a decimal number below 100,000,000,000,000"


def test_what_the_browser_says_of_itself_is_scrubbed_too() -> None:
    wire = ContextWire(
        languages=["d\x00e", "en"], time_zone="ann@example.org", color_scheme="\x00", connection="4\x00g"
    )
    context = context_in(wire)
    assert (context.languages, context.time_zone) == (["d e", "en"], "[email]")
    assert (context.color_scheme, context.connection) == (" ", "4 g")
    consent = consent_in(ConsentWire(text_version="a\x00b of ann@example.org"), gpc="", dnt="")
    assert consent.text_version == "a b of [email]"
