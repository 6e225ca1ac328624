"""Signals of bots beside the user agent, one by one, and browsers that must give none."""

from typing import Any

import pytest

from apps.tracking.envelope import Context
from apps.tracking.steps.signals import ENOUGH, POINTS, Signal, head_signals, points, tag_signals

from .envelopes import CHROME, tagged

FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:144.0) Gecko/20100101 Firefox/144.0"
SAFARI = (
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.1 "
    "Safari/605.1.15"
)
IPHONE = (
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.1 "
    "Mobile/15E148 Safari/604.1"
)
ANDROID = (
    "Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Mobile Safari/537.36"
)
TV_STICK = (
    "Mozilla/5.0 (Linux; Android 11; 4K Google TV Stick Build/RTT0; wv) AppleWebKit/537.36 (KHTML, like Gecko) "
    "Version/4.0 Chrome/101.0.4951.61 Mobile Safari/537.36"
)
TOR_ON_ANDROID = "Mozilla/5.0 (Android 10; Mobile; rv:128.0) Gecko/128.0 Firefox/128.0"
DESKTOP_VIEW = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36"
ELECTRON = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Shop/1.2 Chrome/130.0.0.0 "
    "Electron/33.0.0 Safari/537.36"
)
BRANDS = '"Chromium";v="140", "Not=A?Brand";v="24", "Google Chrome";v="140"'
BRAVE = '"Chromium";v="140", "Not=A?Brand";v="24", "Brave";v="140"'
HEADLESS = '"Chromium";v="140", "HeadlessChrome";v="140"'
TAG = ("cross-site", "cors", "empty")
BEACON = ("same-origin", "no-cors", "empty")
NONE = ("", "", "")


@pytest.mark.parametrize(
    ("agent", "brands", "mobile", "platform", "fetch"),
    [
        (CHROME, BRANDS, "?0", '"Windows"', TAG),
        (CHROME, BRAVE, "?0", '"Windows"', BEACON),
        (CHROME, "", "", "", NONE),  # plain http, or an old browser
        (FIREFOX, "", "", "", TAG),
        (SAFARI, "", "", "", BEACON),
        (IPHONE, "", "", "", TAG),
        (ANDROID, BRANDS, "?1", '"Android"', TAG),
        (TV_STICK, BRANDS, "?0", '"Android"', TAG),
        (DESKTOP_VIEW, BRANDS, "?0", '"Linux"', TAG),
        (DESKTOP_VIEW, BRANDS, "?0", '"Android"', TAG),
        (DESKTOP_VIEW, BRANDS, "?0", '"Chrome OS"', TAG),
        (ELECTRON, BRANDS, "?0", '"Windows"', TAG),
        (CHROME, BRANDS, "?0", '"Fuchsia"', TAG),
        (CHROME, BRANDS, "?0", "Unknown", ("same-site", "same-origin", "empty")),
        ("", BRANDS, "?0", '"Windows"', TAG),
    ],
)
def test_real_browsers_heads_give_no_signal(
    agent: str, brands: str, mobile: str, platform: str, fetch: tuple[str, str, str]
) -> None:
    assert head_signals(agent, brands, mobile, platform, fetch) == ()


@pytest.mark.parametrize(
    ("agent", "brands", "mobile", "platform", "fetch", "signals"),
    [
        (FIREFOX, BRANDS, "?0", '"Linux"', TAG, ("hints",)),
        (SAFARI, BRANDS, "?0", '"macOS"', TAG, ("hints",)),
        (CHROME, BRANDS, "?0", '"Linux"', TAG, ("hints",)),
        (CHROME, BRANDS, "?1", '"Android"', TAG, ("hints",)),
        (CHROME, BRANDS, "?1", "", TAG, ("hints",)),
        (CHROME, HEADLESS, "?0", '"Windows"', TAG, ("headless",)),
        (CHROME, "", "", "", ("none", "navigate", "document"), ("fetch",)),
        (CHROME, "", "", "", ("none", "cors", "empty"), ("fetch",)),
        (CHROME, "", "", "", ("cross-site", "navigate", "empty"), ("fetch",)),
        (CHROME, "", "", "", ("same-origin", "cors", "document"), ("fetch",)),
    ],
)
def test_a_head_against_itself_is_a_signal(
    agent: str, brands: str, mobile: str, platform: str, fetch: tuple[str, str, str], signals: tuple[str, ...]
) -> None:
    assert head_signals(agent, brands, mobile, platform, fetch) == signals


PHONE: dict[str, Any] = {"screen": (390, 844), "viewport": (390, 700), "languages": ["en"]}


@pytest.mark.parametrize(
    ("fields", "signals"),
    [
        ({}, []),
        ({"has_origin": False}, [Signal.NO_ORIGIN]),
        ({"context": Context(languages=["en"])}, [Signal.NO_SCREEN]),
        ({"context": Context(screen=(0, 0), languages=["en"])}, [Signal.SCREEN]),
        ({"context": Context(screen=(1, 1), viewport=(30_000, 900), languages=["en"])}, [Signal.SCREEN]),
        # a page in the background; Safari zoomed out; Tor, whose screen is the window
        ({"context": Context(screen=(390, 844), viewport=(0, 0), languages=["en"])}, []),
        ({"context": Context(screen=(1920, 1080), viewport=(7680, 3200), languages=["en"])}, []),
        ({"context": Context(screen=(1000, 900), viewport=(1000, 900), languages=["en-US"], time_zone="UTC")}, []),
        ({"context": Context(screen=(1, 1), languages=["de-AT"])}, [Signal.LANGUAGES]),
        ({"context": Context(screen=(1, 1), languages=["EN_us".replace("_", "-"), "de"])}, []),
        ({"accept_language": "*", "context": Context(screen=(1, 1), languages=["de-AT"])}, []),
        ({"accept_language": "de;q=0.5, en", "context": Context(screen=(1, 1), languages=["en-US"])}, []),
        ({"accept_language": "", "context": Context(screen=(1, 1), languages=["en"])}, []),
        ({"accept_language": "", "context": Context(screen=(1, 1))}, [Signal.NO_LANGUAGE]),
        ({"accept_language": "", "context": Context(screen=(1, 1)), "user_agent": "Shop/1.0 (Pixel 9)"}, []),
        ({"context": Context(**PHONE, touch=False), "user_agent": IPHONE}, [Signal.TOUCH]),
        ({"context": Context(**PHONE, touch=False), "user_agent": ANDROID}, [Signal.TOUCH]),
        ({"context": Context(**PHONE, touch=True), "user_agent": ANDROID}, []),
        ({"context": Context(**PHONE), "user_agent": ANDROID}, []),
        ({"context": Context(**PHONE, touch=False), "user_agent": TV_STICK}, []),
        ({"context": Context(**PHONE, touch=False), "user_agent": TOR_ON_ANDROID}, []),
        ({"head_signals": ["hints"]}, [Signal.HINTS]),
    ],
)
def test_what_a_tag_lacks_or_contradicts_is_a_signal(fields: dict[str, Any], signals: list[Signal]) -> None:
    assert tag_signals(tagged(**fields)) == signals


@pytest.mark.parametrize(
    "zone",
    [
        "", "Europe/Vienna", "Asia/Calcutta", "Asia/Kolkata", "UTC", "GMT", "Etc/UTC", "Etc/GMT+3", "Etc/Unknown",
        "GMT+03:00", "+05:30", "undefined", "US/Pacific", "america/argentina/buenos_aires",
    ],
)  # fmt: skip
def test_time_zones_that_browsers_say_are_none(zone: str) -> None:
    assert tag_signals(tagged(context=Context(screen=(1, 1), languages=["en"], time_zone=zone))) == []


@pytest.mark.parametrize("zone", ["Mars/Olympus", "Europe/Wien", "New York", "1"])
def test_a_time_zone_that_does_not_exist_is_a_signal(zone: str) -> None:
    found = tag_signals(tagged(context=Context(screen=(1, 1), languages=["en"], time_zone=zone)))
    assert found == [Signal.TIME_ZONE]


def test_no_network_and_no_signal_but_the_strong_ones_suffices_alone() -> None:
    worth = {signal: points([signal]) for signal in Signal}
    assert {signal for signal, found in worth.items() if found >= ENOUGH} == {Signal.FETCH}
    assert [worth[signal] for signal in (Signal.VPN, Signal.PROXY, Signal.TOR)] == [0, 0, 0]
    assert points([Signal.HOSTING, Signal.VPN, Signal.PROXY, Signal.TOR]) < ENOUGH
    # A library that sends no Accept-Language from a data centre may carry a person.
    assert points([Signal.HOSTING, Signal.NO_LANGUAGE]) < ENOUGH


def test_signals_with_one_cause_count_once() -> None:
    assert points([Signal.NO_ORIGIN, Signal.NO_SCREEN]) == points([Signal.NO_ORIGIN])
    assert len({signal for family, _ in POINTS for signal in family}) == sum(len(family) for family, _ in POINTS)
