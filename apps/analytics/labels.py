"""What is stored in a word, said in words."""

from apps.tracking.drop_reasons import Refusal, SetAside
from apps.tracking.steps.signals import Signal

SET_ASIDE: dict[str, str] = {
    SetAside.BOT_DECLARED: "Bots that say so",
    SetAside.BOT_HEADLESS: "Headless browsers",
    SetAside.BOT_NETWORK: "Bots by their network",
    SetAside.BOT_CONTRADICTION: "Bots that contradict themselves",
    SetAside.BOT_BEHAVIOUR: "Bots by their behaviour",
    SetAside.SPAM_REFERRER: "Spam referrers",
    SetAside.EXCLUDED: "Excluded by a rule",
    SetAside.ORPHAN: "Engagement without its page view",
    SetAside.UNTIED: "Words on consent without a visit",
}
REFUSED: dict[str, str] = {
    Refusal.INVALID: "not valid",
    Refusal.TOO_OLD: "too old",
    Refusal.ORIGIN: "from a foreign domain",
    Refusal.SITE_PAUSED: "while the site was paused",
    Refusal.RATE: "over the rate limit",
    Refusal.EXCLUDED: "from the agency itself",
    Refusal.CONSENT: "without consent",
    Refusal.TOO_LARGE: "too large",
    Refusal.ENCODING: "not readable",
}
# Each goes on after "because": "its user agent says so".
SIGNALS: dict[str, str] = {
    Signal.DECLARED: "its user agent says so",
    Signal.HEADLESS: "it is a browser without a screen",
    Signal.WEBDRIVER: "a program drives the browser",
    Signal.SPAM_REFERRER: "it was sent by a spam referrer",
    Signal.FETCH: "its requests are headed like a page's, not like a tag's",
    Signal.NO_ORIGIN: "it doesn't say which page it is on",
    Signal.NO_SCREEN: "no script ran that knows a screen",
    Signal.NO_LANGUAGE: "it speaks no language",
    Signal.HINTS: "its headers name another browser or system than its user agent",
    Signal.LANGUAGES: "browser and headers share no language",
    Signal.SCREEN: "no screen has this size",
    Signal.TIME_ZONE: "there is no such time zone",
    Signal.TOUCH: "it is a telephone without touch",
    Signal.LIBRARY: "it is a system's own library for fetching",
    Signal.HOSTING: "it comes from a data centre",
    Signal.VPN: "it comes through a VPN",
    Signal.PROXY: "it comes through a proxy",
    Signal.TOR: "it comes through Tor",
}
LANGUAGES: dict[str, str] = {
    "ar": "Arabic",
    "bg": "Bulgarian",
    "ca": "Catalan",
    "cs": "Czech",
    "da": "Danish",
    "de": "German",
    "el": "Greek",
    "en": "English",
    "es": "Spanish",
    "et": "Estonian",
    "fa": "Persian",
    "fi": "Finnish",
    "fr": "French",
    "he": "Hebrew",
    "hi": "Hindi",
    "hr": "Croatian",
    "hu": "Hungarian",
    "id": "Indonesian",
    "it": "Italian",
    "ja": "Japanese",
    "ko": "Korean",
    "lt": "Lithuanian",
    "lv": "Latvian",
    "nb": "Norwegian",
    "nl": "Dutch",
    "no": "Norwegian",
    "pl": "Polish",
    "pt": "Portuguese",
    "ro": "Romanian",
    "ru": "Russian",
    "sk": "Slovak",
    "sl": "Slovenian",
    "sr": "Serbian",
    "sv": "Swedish",
    "th": "Thai",
    "tr": "Turkish",
    "uk": "Ukrainian",
    "vi": "Vietnamese",
    "zh": "Chinese",
}
DEVICES: dict[str, tuple[str, str]] = {
    "desktop": ("Desktop", "monitor"),
    "mobile": ("Mobile", "smartphone"),
    "tablet": ("Tablet", "tablet"),
    "tv": ("TV", "tv"),
    "console": ("Console", "gamepad-2"),
}


def set_aside_label(reason: str) -> str:
    return SET_ASIDE.get(reason, reason.replace("_", " "))


def signal_labels(signals: str) -> list[str]:
    """Return a visit's signals (comma-separated, as stored) in words, the strongest first."""
    found = set(filter(None, signals.split(",")))
    known = [label for signal, label in SIGNALS.items() if signal in found]
    return known + sorted(found - SIGNALS.keys())


def refused_label(reason: str) -> str:
    return REFUSED.get(reason, reason.replace("_", " "))
