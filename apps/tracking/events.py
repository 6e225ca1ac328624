"""From the wire's event to the stream's: moments corrected, ids made, figures within their columns. Pure."""

import math
import re
from decimal import Decimal, InvalidOperation
from functools import lru_cache
from uuid import NAMESPACE_URL, UUID, uuid5

import msgspec

from .envelope import Context, EventIn
from .payload import ContextWire, EventWire, ItemWire, Number, TargetWire, VitalsWire
from .steps.page_url import kept_link, kept_referrer, page_url
from .steps.scrub import scrub

DAY_MS = 86_400_000
LATE_AFTER_MS = 2 * DAY_MS
TOO_OLD_AFTER_MS = 7 * DAY_MS
# Nothing was measured before: a site that keeps everything for ever still isn't sent the year 1970.
EARLIEST_MS = 946_684_800_000  # 2000-01-01
MOST_INT = 2**31 - 1
MOST_ENGAGED_MS = DAY_MS
MOST_VITAL_MS = 600_000
MOST_CLS = 100
MOST_VALUE = Decimal(10) ** 14  # a column of 18 digits, 4 of them behind the point
CENTS = Decimal("0.0001")
# JSON numbers beyond this aren't exact in a browser anyway, and MessagePack ends at 64 bits.
EXACT = 2**53
MOST_PIXELS = 100_000
SITES_CACHED = 4096
# The digit of a UUID that says it is laid out as RFC 9562 says.
VARIANT = "89abAB"
# A language tag as BCP 47 shapes it; many pages write it with an underscore.
QUERY = re.compile(r"[?#]")
LANGUAGE = re.compile(r"[a-z]{1,8}(?:[-_][a-z0-9]{1,8})*", re.I)


class Wrong(ValueError):
    """An event can't be kept: which field, and why."""

    def __init__(self, field: str, why: str) -> None:
        super().__init__(why)
        self.field = field
        self.why = why


class TooOld(Wrong):
    """The event happened before what its door takes."""


def occurred_ms(at: int, *, skew_ms: int, received_ms: int, oldest_ms: int) -> int:
    """Return when an event happened by our clock, never after its receipt. Raises TooOld."""
    corrected = at + skew_ms
    if corrected >= received_ms:
        return received_ms
    if corrected < oldest_ms:
        raise TooOld("at", f"is too old: at most {(received_ms - oldest_ms) // DAY_MS} days may lie behind")
    return corrected


def oldest_ms(received_ms: int, *, is_server: bool, retention_days: int | None) -> int:
    """Return the earliest moment that is taken: a week back, for servers as far back as the site keeps events."""
    if not is_server:
        return received_ms - TOO_OLD_AFTER_MS
    if retention_days is None:
        return EARLIEST_MS
    return max(EARLIEST_MS, received_ms - max(retention_days * DAY_MS, TOO_OLD_AFTER_MS))


@lru_cache(maxsize=SITES_CACHED)
def site_namespace(site_key: str) -> UUID:
    return uuid5(NAMESPACE_URL, f"beacon:site:{site_key}")


def event_id(site_key: str, text: str) -> UUID:
    """Return the id that an event is stored under: a UUIDv7 as it is, of any other text the site's UUIDv5."""
    if len(text) == 36 and text[14] == "7" and text[19] in VARIANT:
        try:
            return msgspec.convert(text, UUID)  # Python's own reader takes ten times as long
        except msgspec.ValidationError:
            pass
    return uuid5(site_namespace(site_key), text)


def event_in(
    wire: EventWire,
    *,
    site_key: str,
    occurred: int,
    skew_ms: int,
    is_late: bool,
    has_hash_routes: bool,
    parameters: tuple[str, ...] = (),
) -> EventIn:
    """Return the event as it travels on, not yet scrubbed. Raises Wrong."""
    event = EventIn(
        event_id=event_id(site_key, wire.id),
        kind=wire.kind,
        occurred_ms=occurred,
        is_late=is_late,
        clock_skew_ms=max(-MOST_INT, min(MOST_INT, skew_ms)),
    )
    if wire.kind == "event":
        if not wire.name:
            raise Wrong("name", "is required for an event")
        event.is_interactive = wire.interactive is not False
    _put_page(event, wire, has_hash_routes=has_hash_routes, parameters=parameters)
    if wire.page_id and wire.page_id != wire.id:
        event.page_id = event_id(site_key, wire.page_id)
    elif wire.page_id or wire.kind == "pageview":
        event.page_id = event.event_id
    _put_texts(event, wire)
    _put_figures(event, wire)
    return event


def _put_page(event: EventIn, wire: EventWire, *, has_hash_routes: bool, parameters: tuple[str, ...]) -> None:
    if not wire.url:
        if wire.kind == "pageview":
            raise Wrong("url", "is required for a page view")
        return
    page = page_url(wire.url, has_hash_routes=has_hash_routes, parameters=parameters)
    if page is None:
        raise Wrong("url", "must be an absolute http or https address")
    event.host, event.path, event.query, event.fragment = page
    if wire.kind == "pageview":
        _put_own_words(event, wire)


def _put_own_words(event: EventIn, wire: EventWire) -> None:
    """Put what a page says of itself. What is no address or no language there is the page's mistake: left out."""
    if wire.canonical and (canonical := page_url(wire.canonical)) is not None:
        event.canonical_url = f"{canonical.host}{canonical.path}" + (f"?{canonical.query}" if canonical.query else "")
    if wire.content_group:
        event.content_group = wire.content_group
    if wire.language and LANGUAGE.fullmatch(wire.language.strip()):
        event.page_language = wire.language.strip().replace("_", "-")


def _put_texts(event: EventIn, wire: EventWire) -> None:
    if wire.name:
        event.name = wire.name
    if wire.title:
        event.title = wire.title
    if wire.referrer:
        event.referrer = kept_referrer(wire.referrer)
    if wire.transaction_id:
        event.transaction_id = wire.transaction_id
    if wire.props:
        event.props = {name: _bounded(value) for name, value in wire.props.items()}
        if wire.kind == "error" and isinstance(file := event.props.get("file"), str):
            # Which script it was; a query of its own may hold anything.
            event.props["file"] = QUERY.split(file, maxsplit=1)[0]
    if wire.target:
        event.target = _target(wire.target)
    if wire.items:
        event.items = [_item(item, index) for index, item in enumerate(wire.items)]


def _put_figures(event: EventIn, wire: EventWire) -> None:
    if wire.engaged_ms is not None:
        event.engaged_ms = _natural("engaged_ms", wire.engaged_ms, MOST_ENGAGED_MS)
    if wire.scroll_percent is not None:
        event.scroll_percent = _natural("scroll_percent", wire.scroll_percent, 100)
    if wire.vitals is not None:
        event.vitals = _vitals(wire.vitals)
    if wire.value is not None:
        event.value = amount("value", wire.value)
    if wire.currency:
        event.currency = _currency(wire.currency)


def _natural(field: str, given: int, most: int) -> int:
    if given < 0:
        raise Wrong(field, "must be 0 or more")
    return min(given, most)


def _vitals(wire: VitalsWire) -> dict[str, float]:
    vitals: dict[str, float] = {}
    for name in ("ttfb", "fcp", "lcp", "inp", "cls", "load"):
        given = getattr(wire, name)
        if given is not None:
            if given < 0:
                raise Wrong(f"vitals.{name}", "must be 0 or more")
            vitals[name] = float(min(given, MOST_CLS if name == "cls" else MOST_VITAL_MS))
    return vitals


def amount(field: str, given: Number | str) -> str:
    """Return an amount of money as decimal text with at most 4 places. Raises Wrong."""
    try:
        value = Decimal(str(given).strip())
    except InvalidOperation:
        raise Wrong(field, "must be a decimal number") from None
    # Compared as it is: arithmetic on a number with an exponent of 18 digits overflows.
    if value.is_finite() and -MOST_VALUE < value < MOST_VALUE:
        rounded = value.quantize(CENTS)
        if abs(rounded) < MOST_VALUE:
            return format(rounded.normalize(), "f")
    raise Wrong(field, f"must be a decimal number below {MOST_VALUE:,f}")


def _currency(given: str) -> str:
    code = given.strip().upper()
    if len(code) != 3 or not (code.isascii() and code.isalpha()):
        raise Wrong("currency", "must be a currency code of three letters, such as EUR")
    return code


def _target(wire: TargetWire) -> dict[str, str | float | int]:
    target: dict[str, str | float | int] = {}
    for name in ("selector", "text", "href"):
        text = getattr(wire, name)
        if text:
            target[name] = kept_link(text) if name == "href" else text
    for name in ("x", "y"):
        number = getattr(wire, name)
        if number is not None:
            target[name] = max(-MOST_PIXELS, min(MOST_PIXELS, number))
    return target


def _item(wire: ItemWire, index: int) -> dict[str, str | float | int]:
    item: dict[str, str | float | int] = {}
    for name in ("sku", "name", "category"):
        text = getattr(wire, name)
        if text:
            item[name] = text
    if wire.price is not None:
        item["price"] = amount(f"items[{index}].price", wire.price)
    if wire.quantity is not None:
        item["quantity"] = _bounded_number(wire.quantity)
    return item


def _bounded(value: str | bool | Number) -> str | bool | Number:
    return value if isinstance(value, str | bool) else _bounded_number(value)


def _bounded_number(number: Number) -> Number:
    return number if isinstance(number, float) or abs(number) <= EXACT else float(number)


def context_in(wire: ContextWire | None) -> Context:
    if wire is None:
        return Context()
    return Context(
        screen=_size(wire.screen),
        viewport=_size(wire.viewport),
        pixel_ratio=_ratio(wire.pixel_ratio),
        languages=[scrub(text) for text in wire.languages or () if text],
        time_zone=scrub(wire.time_zone or ""),
        color_scheme=scrub(wire.color_scheme or ""),
        touch=wire.touch,
        connection=scrub(wire.connection or ""),
        webdriver=wire.webdriver is True,
    )


def _size(size: tuple[Number, Number] | None) -> tuple[int, int] | None:
    if size is None:
        return None
    return _pixels(size[0]), _pixels(size[1])


def _pixels(side: Number) -> int:
    return round(max(0, min(MOST_PIXELS, side)))


def _ratio(ratio: Number | None) -> float | None:
    if ratio is None or not 0 < ratio <= 100 or not math.isfinite(ratio):
        return None
    return float(ratio)
