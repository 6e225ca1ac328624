"""What a user agent says: browser, engine, system, device (EN4).

Pure: no request, no database. ua-parser's Rust matcher knows browsers, systems, brands and models; engine and device
class are worked out here, because its rules don't name them. Whether it is a bot is `steps.bots`' business.
"""

import re
from enum import StrEnum
from functools import cache, lru_cache

import msgspec
from ua_parser import Parser, Result
from ua_parser.loaders import load_builtins
from ua_parser.regex import Resolver

# Browsers keep theirs under 400 characters; longer ones are junk, and matching costs time by length.
MAX_LENGTH = 1024
CACHED_AGENTS = 8192


class DeviceClass(StrEnum):
    DESKTOP = "desktop"
    MOBILE = "mobile"
    TABLET = "tablet"
    TV = "tv"
    CONSOLE = "console"
    BOT = "bot"
    UNKNOWN = ""


class ClientHints(msgspec.Struct, frozen=True, kw_only=True):
    """What a browser says beside its frozen user agent: `Sec-CH-UA-*` headers and the tracker's `touch`."""

    platform: str = ""
    platform_version: str = ""
    model: str = ""
    is_mobile: bool | None = None
    has_touch: bool | None = None


class Agent(msgspec.Struct, frozen=True, kw_only=True):
    """A user agent's parts; an empty text is "not known". Versions are `major.minor`."""

    browser: str = ""
    browser_version: str = ""
    engine: str = ""
    system: str = ""
    system_version: str = ""
    device_class: DeviceClass = DeviceClass.UNKNOWN
    brand: str = ""
    model: str = ""


# The device class has a column of its own, so a browser keeps one name on all of them.
BROWSER_NAMES = {
    "Chrome Frame": "Internet Explorer",
    "Chrome Mobile": "Chrome",
    "Chrome Mobile iOS": "Chrome",
    "Chrome Mobile WebView": "Android WebView",
    "DuckDuckGo Mobile": "DuckDuckGo",
    "Edge Mobile": "Edge",
    "Firefox Mobile": "Firefox",
    "Firefox iOS": "Firefox",
    "IE": "Internet Explorer",
    "IE Mobile": "Internet Explorer",
    "Mobile Safari": "Safari",
    "Mobile Safari UI/WKWebView": "Safari in an app",
    "Opera Mobile": "Opera",
    "UC Browser Mobile": "UC Browser",
    "Yandex Browser": "Yandex",
}
SYSTEM_NAMES = {"Mac OS X": "macOS", "Mac OS": "macOS", "Chrome OS": "ChromeOS", "ATV OS X": "tvOS"}
PLATFORM_NAMES = {"Chrome OS": "ChromeOS", "Chromium OS": "ChromeOS"}

# Newer browsers write these whatever the machine runs (user agent reduction), so they say nothing about the version.
FROZEN_MAC = "Intel Mac OS X 10_15_7"
FROZEN_MAC_FIREFOX = "Intel Mac OS X 10.15;"
FROZEN_ANDROID = "Android 10; K)"

# Sec-CH-UA-Platform-Version of Windows 11 starts at 13; 1 to 10 are Windows 10 (Microsoft's table).
WINDOWS_11_PLATFORM = 13
# The first Chrome on Blink instead of WebKit.
BLINK_SINCE = 28

# Words in lower case; looked for one by one, which is ten times faster than one pattern of them all.
_CONSOLE_WORDS = ("playstation", "nintendo", "xbox")
_TV_WORDS = (
    "smart-tv", "smarttv", "googletv", "google tv", "appletv", "apple tv", "android tv", "tvos", "hbbtv", "netcast",
    "web0s", "viera", "bravia", " roku", "/roku", "crkey", "; aft", "aquos", "nettv", "philipstv", " tv ", "; tv",
    " dtv", " box ",
)  # fmt: skip
_TABLET_WORDS = (
    "ipad", "tablet", "kindle", "playbook", " silk/", "; sm-t", "; sm-x", "nexus 7", "nexus 9", "nexus 10", "; kf",
)  # fmt: skip
_MOBILE_WORDS = (
    "mobi", "iphone", "ipod", "android", "windows phone", "blackberry", "bb10", "opera mini", "symbian",
    "series 60", "series60", "series40", "kaios", "palm", "midp",
)  # fmt: skip
_DESKTOP_SYSTEMS = (
    "windows", "macos", "linux", "ubuntu", "debian", "fedora", "red hat", "suse", "mint", "arch", "gentoo",
    "slackware", "centos", "mandriva", "puppy", "chromeos", "bsd", "solaris", "sunos", "haiku", "beos", "os/2",
    "risc os", "amigaos",
)  # fmt: skip
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")
_CHROME_VERSION = re.compile(r"(?:Chrome|Chromium|CriOS)/(\d+)")
_NO_BRAND = ("Generic", "Spider", "Unknown")


@cache
def parser() -> Parser:
    """Make the matcher, once a process: that takes as long as all else of a start, and few processes need it."""
    return Parser(Resolver(load_builtins()))


def user_agent(ua: str, hints: ClientHints | None = None) -> Agent:
    """Return what `ua` says, bettered by `hints` where there are any.

    Some 20 us for an unseen agent, 0.1 for one seen before. Never raises; nonsense gives an `Agent` of empty texts.
    Windows "10" stands for 10 and 11 unless hints tell them apart.
    """
    agent = _parsed(ua[:MAX_LENGTH])
    return agent if hints is None else _with_hints(agent, ua, hints)


@lru_cache(maxsize=CACHED_AGENTS)
def _parsed(ua: str) -> Agent:
    # Names are taken from the text, and no database wants a zero byte.
    if not ua.isprintable():
        ua = _CONTROL.sub("", ua)
    found = parser().parse(ua)
    browser, browser_version = _browser(found)
    system, system_version = _system(found, ua)
    brand, model = _hardware(found)
    return Agent(
        browser=browser,
        browser_version=browser_version,
        engine=_engine(ua),
        system=system,
        system_version=system_version,
        device_class=_device_class(found, ua, system),
        brand=brand,
        model=model,
    )


def _version(major: str | None, minor: str | None) -> str:
    if not major:
        return ""
    return f"{major}.{minor}" if minor else major


def _browser(found: Result) -> tuple[str, str]:
    if found.user_agent is None:
        return "", ""
    family = found.user_agent.family
    return BROWSER_NAMES.get(family, family), _version(found.user_agent.major, found.user_agent.minor)


def _system(found: Result, ua: str) -> tuple[str, str]:
    if found.os is None:
        return "", ""
    name = SYSTEM_NAMES.get(found.os.family, found.os.family)
    if FROZEN_MAC in ua or FROZEN_MAC_FIREFOX in ua or FROZEN_ANDROID in ua:
        return name, ""
    return name, _version(found.os.major, found.os.minor)


def _hardware(found: Result) -> tuple[str, str]:
    device = found.device
    if device is None or device.brand is None or device.brand.startswith(_NO_BRAND):
        return "", ""
    return device.brand, device.model or ""


def _device_class(found: Result, ua: str, system: str) -> DeviceClass:
    if found.device is not None and found.device.family == "Spider":
        return DeviceClass.BOT
    lowered = ua.lower()
    if _has(lowered, _CONSOLE_WORDS):
        return DeviceClass.CONSOLE
    if _has(lowered, _TV_WORDS):
        return DeviceClass.TV
    # Google's own advice: Android without "Mobile" is a tablet.
    if _has(lowered, _TABLET_WORDS) or (system == "Android" and "android" in lowered and "mobi" not in lowered):
        return DeviceClass.TABLET
    if _has(lowered, _MOBILE_WORDS):
        return DeviceClass.MOBILE
    return DeviceClass.DESKTOP if _has(system.lower(), _DESKTOP_SYSTEMS) else DeviceClass.UNKNOWN


def _has(text: str, words: tuple[str, ...]) -> bool:
    for word in words:  # noqa: SIM110 - any() with a generator takes three times as long
        if word in text:
            return True
    return False


def _engine(ua: str) -> str:
    """Return the rendering engine; every browser on iOS is WebKit, whatever it calls itself."""
    if "Trident/" in ua or "MSIE " in ua:
        return "Trident"
    if "Edge/" in ua:
        return "EdgeHTML"
    if "Presto/" in ua or ua.startswith("Opera/"):
        return "Presto"
    if "Goanna/" in ua:
        return "Goanna"
    if "AppleWebKit/" in ua:
        chrome = None if ("iPhone" in ua or "iPad" in ua or "iPod" in ua) else _CHROME_VERSION.search(ua)
        return "Blink" if chrome and int(chrome[1][:6]) >= BLINK_SINCE else "WebKit"
    if "KHTML/" in ua or "Konqueror/" in ua:
        return "KHTML"
    return "Gecko" if "Gecko/" in ua and "rv:" in ua else ""


def _with_hints(agent: Agent, ua: str, hints: ClientHints) -> Agent:
    changes: dict[str, object] = {}
    platform = PLATFORM_NAMES.get(hints.platform, hints.platform)
    if hints.platform_version and platform and platform == agent.system:
        changes["system_version"] = _platform_version(platform, hints.platform_version)
    if hints.model:
        changes["model"] = hints.model
    # iPadOS asks for desktop pages as a Macintosh; no Macintosh has a touch screen.
    if hints.has_touch and "Macintosh" in ua and agent.browser == "Safari":
        changes |= {
            "device_class": DeviceClass.TABLET,
            "system": "iOS",
            "system_version": "",
            "brand": "Apple",
            "model": "iPad",
        }
    elif hints.is_mobile and agent.device_class in {DeviceClass.UNKNOWN, DeviceClass.DESKTOP}:
        changes["device_class"] = DeviceClass.MOBILE
    return msgspec.structs.replace(agent, **changes) if changes else agent


def _platform_version(platform: str, version: str) -> str:
    parts = version.split(".")
    if platform == "Windows" and parts[0].isdecimal():
        return "11" if int(parts[0][:6]) >= WINDOWS_11_PLATFORM else "10"
    return ".".join(parts[:2])
