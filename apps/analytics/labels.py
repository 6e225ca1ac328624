"""What is stored in a word, said in words."""

from apps.tracking.drop_reasons import Refusal, SetAside

SET_ASIDE: dict[str, str] = {
    SetAside.BOT_DECLARED: "Bots that say so",
    SetAside.BOT_HEADLESS: "Headless browsers",
    SetAside.BOT_NETWORK: "Bots by their network",
    SetAside.BOT_BEHAVIOUR: "Bots by their behaviour",
    SetAside.SPAM_REFERRER: "Spam referrers",
    SetAside.EXCLUDED: "Excluded by a rule",
    SetAside.ORPHAN: "Engagement without its page view",
}
REFUSED: dict[str, str] = {
    Refusal.INVALID: "not valid",
    Refusal.TOO_OLD: "too old",
    Refusal.ORIGIN: "from a foreign domain",
    Refusal.SITE_PAUSED: "while the site was paused",
    Refusal.RATE: "over the rate limit",
    Refusal.EXCLUDED: "from the agency itself",
    Refusal.TOO_LARGE: "too large",
    Refusal.ENCODING: "not readable",
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


def refused_label(reason: str) -> str:
    return REFUSED.get(reason, reason.replace("_", " "))
