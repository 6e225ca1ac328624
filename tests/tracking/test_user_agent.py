"""What a user agent says."""

import pytest

from apps.tracking.steps.user_agent import Agent, ClientHints, DeviceClass, user_agent

from .agents import browsers, rows

WEBKIT = "AppleWebKit/537.36 (KHTML, like Gecko)"
WINDOWS = f"Mozilla/5.0 (Windows NT 10.0; Win64; x64) {WEBKIT} Chrome/120.0.0.0 Safari/537.36"
MAC_SAFARI = f"Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) {WEBKIT} Version/17.1 Safari/605.1.15"
FROZEN_ANDROID = f"Mozilla/5.0 (Linux; Android 10; K) {WEBKIT} Chrome/120.0.0.0 Mobile Safari/537.36"
SAMSUNG = (
    f"Mozilla/5.0 (Linux; Android 14; SM-S918B) {WEBKIT} SamsungBrowser/23.0 Chrome/115.0.0.0 Mobile Safari/537.36"
)


@pytest.mark.parametrize(
    ("ua", "browser", "engine", "system", "device_class", "hardware"),
    [
        (WINDOWS, "Chrome 120.0", "Blink", "Windows 10", "desktop", ""),
        (MAC_SAFARI, "Safari 17.1", "WebKit", "macOS ", "desktop", "Apple Mac"),
        (MAC_SAFARI.replace("10_15_7", "10_14_6"), "Safari 17.1", "WebKit", "macOS 10.14", "desktop", "Apple Mac"),
        (FROZEN_ANDROID, "Chrome 120.0", "Blink", "Android ", "mobile", ""),
        (FROZEN_ANDROID.replace("Mobile ", ""), "Chrome 120.0", "Blink", "Android ", "tablet", ""),
        (SAMSUNG, "Samsung Internet 23.0", "Blink", "Android 14", "mobile", "Samsung SM-S918B"),
        (
            "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0",
            "Firefox 128.0",
            "Gecko",
            "Linux ",
            "desktop",
            "",
        ),
        (
            "Mozilla/5.0 (Windows NT 6.1; WOW64; Trident/7.0; rv:11.0) like Gecko",
            "Internet Explorer 11.0",
            "Trident",
            "Windows 7",
            "desktop",
            "",
        ),
        (
            "Mozilla/5.0 (Windows NT 10.0) AppleWebKit/537.36 Chrome/52.0 Safari/537.36 Edge/15.1",
            "Edge 15.1",
            "EdgeHTML",
            "Windows 10",
            "desktop",
            "",
        ),
        (
            "Mozilla/5.0 (Windows NT 6.1) AppleWebKit/536.5 Chrome/19.0.1084.52 Safari/536.5",
            "Chrome 19.0",
            "WebKit",
            "Windows 7",
            "desktop",
            "",
        ),
        (
            "Opera/9.80 (X11; Linux x86_64) Presto/2.12.388 Version/12.16",
            "Opera 12.16",
            "Presto",
            "Linux ",
            "desktop",
            "",
        ),
        (
            "Mozilla/5.0 (compatible; Konqueror/4.5; Linux) KHTML/4.5 (like Gecko)",
            "Konqueror 4.5",
            "KHTML",
            "Linux ",
            "desktop",
            "",
        ),
        (
            "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)",
            "Googlebot 2.1",
            "",
            " ",
            "bot",
            "",
        ),
        ("", " ", "", " ", "", ""),
        ("\x00\x01", " ", "", " ", "", ""),
        ("none of this is true", " ", "", " ", "", ""),
    ],
)
def test_it_takes_an_agent_apart(
    ua: str, browser: str, engine: str, system: str, device_class: str, hardware: str
) -> None:
    found = user_agent(ua)
    assert f"{found.browser} {found.browser_version}" == browser
    assert (found.engine, found.device_class.value) == (engine, device_class)
    assert f"{found.system} {found.system_version}" == system
    assert f"{found.brand} {found.model}".strip() == hardware


@pytest.mark.parametrize(("device_class", "browser", "system", "ua"), rows("tricky_browsers.tsv"))
def test_it_knows_rarer_devices_and_browsers_in_apps(device_class: str, browser: str, system: str, ua: str) -> None:
    found = user_agent(ua)
    assert (found.device_class.value, found.browser, found.system) == (device_class, browser, system)


def test_it_gives_the_device_class_of_real_browsers() -> None:
    assert [(given, ua) for given, ua in browsers() if user_agent(ua).device_class.value != given] == []


@pytest.mark.parametrize(
    ("ua", "hints", "changes"),
    [
        (WINDOWS, ClientHints(platform="Windows", platform_version="15.0.0"), {"system_version": "11"}),
        (WINDOWS, ClientHints(platform="Windows", platform_version="10.0.0"), {"system_version": "10"}),
        (MAC_SAFARI, ClientHints(platform="macOS", platform_version="14.5.0"), {"system_version": "14.5"}),
        (MAC_SAFARI, ClientHints(platform="Windows", platform_version="15.0.0"), {}),
        (
            FROZEN_ANDROID,
            ClientHints(platform="Android", platform_version="14.0.0", model="Pixel 8"),
            {"system_version": "14.0", "model": "Pixel 8"},
        ),
        (
            MAC_SAFARI,
            ClientHints(has_touch=True),
            {
                "device_class": DeviceClass.TABLET,
                "system": "iOS",
                "system_version": "",
                "brand": "Apple",
                "model": "iPad",
            },
        ),
        (MAC_SAFARI, ClientHints(has_touch=False), {}),
        (WINDOWS, ClientHints(has_touch=True), {}),
        (WINDOWS, ClientHints(is_mobile=True), {"device_class": DeviceClass.MOBILE}),
        (WINDOWS, ClientHints(), {}),
    ],
)
def test_hints_better_a_frozen_agent(ua: str, hints: ClientHints, changes: dict[str, object]) -> None:
    plain, bettered = user_agent(ua), user_agent(ua, hints)
    differing = {
        name: getattr(bettered, name)
        for name in Agent.__struct_fields__
        if getattr(bettered, name) != getattr(plain, name)
    }
    assert differing == {name: value for name, value in changes.items() if value != getattr(plain, name)}


def test_a_very_long_agent_is_cut() -> None:
    assert user_agent(WINDOWS + "x" * 1_000_000).browser == "Chrome"
