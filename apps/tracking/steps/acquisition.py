"""Where a visit came from: source, medium, campaign, channel, referrer.

Pure. Definitions: product description, "source" and "channel". The channel rules are those of GA4's default channel
group for manual traffic, in its order ([GA4] Default channel group, support.google.com/analytics/answer/9756891, read
November 2026), with these differences: its two video channels are one, "AI assistants" comes before the unpaid
channels, and which hosts are search engines, socials and so on is read from `data/sources.tsv`, since Google's own list
isn't free. Its "Paid Other" and "Unassigned" are kept for what no rule knows.
"""

import re
from collections.abc import Iterable, Mapping
from enum import StrEnum
from functools import cache, lru_cache
from pathlib import Path
from urllib.parse import SplitResult, parse_qsl, urlsplit

import msgspec

DATA = Path(__file__).resolve().parent.parent / "data"
DIRECT = "Direct"
MAX_VALUE = 255
MAX_CLICK_ID = 512
MAX_REFERRER = 2048
MAX_QUERY_FIELDS = 200
CACHED_HOSTS = 8192

# Each with the platform that hands it out: the fallback for the source, and the kind of site for the channel.
AD_CLICK_IDS = {
    "gclid": "Google",
    "gbraid": "Google",
    "wbraid": "Google",
    "msclkid": "Bing",
    "ttclid": "TikTok",
    "li_fat_id": "LinkedIn",
    "twclid": "X (Twitter)",
}
# Meta hangs it on every link that leaves it, paid or not: it tells the source and never the medium.
UNPAID_CLICK_IDS = {"fbclid": "Facebook"}
CLICK_IDS = (*AD_CLICK_IDS, *UNPAID_CLICK_IDS)


class Channel(StrEnum):
    DIRECT = "Direct"
    ORGANIC_SEARCH = "Organic Search"
    PAID_SEARCH = "Paid Search"
    ORGANIC_SOCIAL = "Organic Social"
    PAID_SOCIAL = "Paid Social"
    EMAIL = "Email"
    REFERRAL = "Referral"
    DISPLAY = "Display"
    AFFILIATES = "Affiliates"
    VIDEO = "Video"
    AUDIO = "Audio"
    SMS = "SMS"
    PUSH = "Push"
    CROSS_NETWORK = "Cross-network"
    ORGANIC_SHOPPING = "Organic Shopping"
    PAID_SHOPPING = "Paid Shopping"
    AI_ASSISTANTS = "AI assistants"
    PAID_OTHER = "Paid Other"
    UNASSIGNED = "Unassigned"


class SiteKind(StrEnum):
    """What sort of site a source is."""

    SEARCH = "search"
    SOCIAL = "social"
    VIDEO = "video"
    SHOPPING = "shopping"
    AI = "ai"
    EMAIL = "email"
    DISPLAY = "display"
    OTHER = ""


class Source(msgspec.Struct, frozen=True):
    name: str
    kind: SiteKind


class Acquisition(msgspec.Struct, frozen=True, kw_only=True):
    """Where a visit came from; an empty text is "not given". `medium` is empty for Direct."""

    source: str = DIRECT
    medium: str = ""
    campaign: str = ""
    term: str = ""
    content: str = ""
    utm_id: str = ""
    click_ids: dict[str, str] = {}
    channel: Channel = Channel.DIRECT
    referrer: str = ""
    referrer_host: str = ""


# The medium of visits that carry none, by the kind of site they came from; GA4 names search and assistants so.
REFERRED_MEDIUM = {SiteKind.SEARCH: "organic", SiteKind.AI: "ai-assistant", SiteKind.EMAIL: "email"}

# How people write a source in utm_source who don't write its name or host.
ALIASES = {
    "adwords": "google",
    "chat-gpt": "chatgpt",
    "fb": "facebook",
    "gemini": "google gemini",
    "ig": "instagram",
    "insta": "instagram",
    "microsoft": "bing",
    "twitter": "x (twitter)",
    "vk": "vkontakte",
    "x": "x (twitter)",
    "yahoo": "yahoo!",
    "yt": "youtube",
}
# Names that are words of every day: somebody's own utm_source=free or =orange means no search engine.
ORDINARY_NAMES = {
    "1.cz", "abacho", "all.by", "arama", "atlas", "centrum", "charter", "clix", "conduit.com", "crawler", "eo",
    "excite", "flix.de", "free", "frontier", "goo", "holmes", "inbox", "info.com", "karma", "medium", "nate", "neti",
    "onet.pl", "orange", "poe", "search.ch", "search.com", "searchy", "shop", "skynet", "so-net", "stripe", "ted",
    "terra", "tiscali", "vinden", "voila", "web.nl", "winamp", "witch", "you", "zoek", "zoeken",
}  # fmt: skip

PAID_MEDIUM = re.compile(r"^(.*cp.*|ppc|retargeting|paid.*)$")
SHOPPING_CAMPAIGN = re.compile(r"^(.*(([^a-df-z]|^)shop|shopping).*)$")
DISPLAY_MEDIUMS = {"display", "banner", "expandable", "interstitial", "cpm"}
SOCIAL_MEDIUMS = {"social", "social-network", "social-media", "sm", "social network", "social media"}
EMAIL_WORDS = {"email", "e-mail", "e_mail", "e mail"}
REFERRAL_MEDIUMS = {"referral", "app", "link"}
AI_MEDIUM = "ai-assistant"

# What may stand for the `*` of `google.*`: a country's ending, alone or behind com. or co.
COUNTRY_ENDING = re.compile(r"^(?:com?\.)?[a-z]{2}$|^com$|^cat$")
HOST = re.compile(r"^[\w-]+(?:\.[\w-]+)*$")
CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")


def acquire(query: str | Mapping[str, str], referrer: str, site_hosts: Iterable[str]) -> Acquisition:
    """Return where a visit came from, by its first page's query and referrer.

    `query`: the URL's query, parsed or not, with or without "?". `site_hosts`: the site's own domains; what equals or
    lies under one of them is no referrer. Never raises: what can't be read counts as not given.
    """
    fields = _fields(query)
    cleaned, host, found = _referrer(referrer, site_hosts)
    click_ids = {name: fields[name][:MAX_CLICK_ID] for name in CLICK_IDS if fields.get(name)}
    utm = {
        name: fields.get(f"utm_{name}", "")[:MAX_VALUE]
        for name in ("source", "medium", "campaign", "term", "content", "id")
    }
    source = _named(utm["source"]) or (found.name if found else host) or _clicked(click_ids) or DIRECT
    medium = utm["medium"] or _medium(utm["source"], host, found, click_ids)
    kind = _kind(utm["source"], found, click_ids)
    return Acquisition(
        source=source,
        medium=medium,
        campaign=utm["campaign"],
        term=utm["term"],
        content=utm["content"],
        utm_id=utm["id"],
        click_ids=click_ids,
        channel=channel(utm["source"] or source, medium, utm["campaign"], kind, is_referred=bool(host)),
        referrer=cleaned,
        referrer_host=host,
    )


def channel(source: str, medium: str, campaign: str, kind: SiteKind, *, is_referred: bool = False) -> Channel:
    """Return the channel by GA4's rules: the first that fits, case aside."""
    source, medium, campaign = source.lower(), medium.lower(), campaign.lower()
    if source == "direct" and medium in {"", "(none)", "(not set)"} and not campaign:
        return Channel.DIRECT
    if "cross-network" in campaign:
        return Channel.CROSS_NETWORK
    is_shopping = kind is SiteKind.SHOPPING or SHOPPING_CAMPAIGN.match(campaign) is not None
    if PAID_MEDIUM.match(medium):
        return _paid_channel(medium, kind, is_shopping=is_shopping)
    if medium in DISPLAY_MEDIUMS:
        return Channel.DISPLAY
    return _unpaid_channel(source, medium, kind, is_shopping=is_shopping, is_referred=is_referred)


def _paid_channel(medium: str, kind: SiteKind, *, is_shopping: bool) -> Channel:
    if is_shopping:
        return Channel.PAID_SHOPPING
    by_kind = {
        SiteKind.SEARCH: Channel.PAID_SEARCH,
        SiteKind.SOCIAL: Channel.PAID_SOCIAL,
        SiteKind.VIDEO: Channel.VIDEO,
    }
    if kind in by_kind:
        return by_kind[kind]
    return Channel.DISPLAY if medium in DISPLAY_MEDIUMS or kind is SiteKind.DISPLAY else Channel.PAID_OTHER


def _unpaid_channel(source: str, medium: str, kind: SiteKind, *, is_shopping: bool, is_referred: bool) -> Channel:
    rules = (
        (kind is SiteKind.AI or medium == AI_MEDIUM, Channel.AI_ASSISTANTS),
        (is_shopping, Channel.ORGANIC_SHOPPING),
        (kind is SiteKind.SOCIAL or medium in SOCIAL_MEDIUMS, Channel.ORGANIC_SOCIAL),
        (kind is SiteKind.VIDEO or "video" in medium, Channel.VIDEO),
        (kind is SiteKind.SEARCH or medium == "organic", Channel.ORGANIC_SEARCH),
        (source in EMAIL_WORDS or medium in EMAIL_WORDS, Channel.EMAIL),
        (medium in {"affiliate", "affiliates"}, Channel.AFFILIATES),
        (medium in REFERRAL_MEDIUMS, Channel.REFERRAL),
        (medium == "audio", Channel.AUDIO),
        (source == "sms" or medium == "sms", Channel.SMS),
        (
            medium.endswith("push") or "mobile" in medium or "notification" in medium or source == "firebase",
            Channel.PUSH,
        ),
        # Not GA4's: a visit whose campaign says nothing usable but whose referrer is known did come from there.
        (is_referred and not medium, Channel.REFERRAL),
    )
    return next((found for fits, found in rules if fits), Channel.UNASSIGNED)


def is_spam_referrer(host: str) -> bool:
    """Return whether a referrer's host (`Acquisition.referrer_host`) is one of the known referrer spammers."""
    return any(parent in _spammers() for parent in _parents(host.lower()))


def known_source(host: str, path: str = "") -> Source | None:
    """Return the source known for a host, None where there is none; `path` matters for x.com/i/grok and its like."""
    host = host.lower().removeprefix("www.")
    for parent in _parents(host):
        for prefix, source in _table().with_path.get(parent, ()):
            if path.startswith(prefix):
                return source
    return _source_of_host(host)


@lru_cache(maxsize=CACHED_HOSTS)
def _source_of_host(host: str) -> Source | None:
    table = _table()
    exact = table.by_host.get(host)
    if exact:
        return exact
    for parent in _parents(host):
        name, _, ending = parent.partition(".")
        found = table.by_host.get(parent) or (table.by_name.get(name) if COUNTRY_ENDING.match(ending) else None)
        # A search engine's other hosts (docs, mail, developers) are not searches; images.google.fr has a row of its
        # own.
        if found and (parent == host or found.kind is not SiteKind.SEARCH):
            return found
    first, _, rest = host.partition(".")
    wild = _wild_name(host, table) or table.by_prefix.get(rest)
    return wild if first and wild else None


def _wild_name(host: str, table: "SourceTable") -> Source | None:
    """Find `images.google.*` and the like, whose name has more than one part."""
    parts = host.split(".")
    for cut in range(len(parts) - 1, 0, -1):
        name, ending = ".".join(parts[:cut]), ".".join(parts[cut:])
        if name in table.by_name and COUNTRY_ENDING.match(ending):
            return table.by_name[name]
    return None


class SourceTable(msgspec.Struct):
    by_host: dict[str, Source] = {}
    by_name: dict[str, Source] = {}  # google for google.*
    by_prefix: dict[str, Source] = {}  # bing.com for ?.bing.com
    with_path: dict[str, list[tuple[str, Source]]] = {}
    by_word: dict[str, Source] = {}  # what utm_source may say: a name in lower case


@cache
def _table() -> SourceTable:
    table = SourceTable()
    for line in _lines("sources.tsv"):
        kind, name, hosts = line.split("\t")
        source = Source(name, SiteKind(kind))
        if name.lower() not in ORDINARY_NAMES:
            table.by_word.setdefault(name.lower(), source)
        for host in hosts.split():
            if "/" in host:
                host, _, path = host.partition("/")
                table.with_path.setdefault(host, []).append((f"/{path}", source))
            elif host.endswith(".*"):
                table.by_name.setdefault(host[:-2], source)
            elif host.startswith("?."):
                table.by_prefix.setdefault(host[2:], source)
            else:
                table.by_host.setdefault(host, source)
    return table


@cache
def _spammers() -> frozenset[str]:
    return frozenset(_lines("spam_referrers.txt"))


def _lines(name: str) -> list[str]:
    text = (DATA / name).read_text(encoding="utf-8")
    return [line for line in text.splitlines() if line and not line.startswith("#")]


def _fields(query: str | Mapping[str, str]) -> dict[str, str]:
    if isinstance(query, str):
        try:
            pairs = parse_qsl(query.removeprefix("?"), max_num_fields=MAX_QUERY_FIELDS)
        except ValueError:  # more fields than that: nobody's campaign
            return {}
    else:
        pairs = list(query.items())
    fields: dict[str, str] = {}
    for name, value in pairs:
        fields.setdefault(name.lower(), CONTROL.sub("", value).strip())
    return fields


def _referrer(referrer: str, site_hosts: Iterable[str]) -> tuple[str, str, Source | None]:
    """Return the referrer without query and fragment, its host, and the source known for it; empty where it is the site
    itself."""
    try:
        parts = urlsplit(CONTROL.sub("", referrer).strip())
        host = (parts.hostname or "").rstrip(".")
    except ValueError:
        return "", "", None
    if parts.scheme not in {"http", "https", "android-app", "ios-app"} or not HOST.match(host):
        return "", "", None
    host = host.removeprefix("www.")
    if any(_lies_under(host, own.lower().removeprefix("www.")) for own in site_hosts):
        return "", "", None
    return _cleaned(parts), host, known_source(host, parts.path)


def _cleaned(parts: SplitResult) -> str:
    netloc = parts.netloc.rpartition("@")[2].lower()
    return f"{parts.scheme}://{netloc}{parts.path}"[:MAX_REFERRER]


def _lies_under(host: str, domain: str) -> bool:
    return bool(domain) and (host == domain or host.endswith(f".{domain}"))


def _parents(host: str) -> Iterable[str]:
    """Yield a host and the domains it lies under, the nearest first; not the bare ending."""
    while host:
        yield host
        _, _, host = host.partition(".")
        if "." not in host:
            return


def _clicked(click_ids: Mapping[str, str]) -> str:
    platforms = {**AD_CLICK_IDS, **UNPAID_CLICK_IDS}
    return next((platforms[name] for name in click_ids), "")


def _medium(utm_source: str, host: str, found: Source | None, click_ids: Mapping[str, str]) -> str:
    """Return the medium of a visit without utm_medium; empty for a bare utm_source and for Direct."""
    if any(name in AD_CLICK_IDS for name in click_ids):
        return "cpc"
    if utm_source:
        return ""
    if host:
        return REFERRED_MEDIUM.get(found.kind, "referral") if found else "referral"
    return "referral" if click_ids else ""


def _kind(utm_source: str, found: Source | None, click_ids: Mapping[str, str]) -> SiteKind:
    """Return what sort of site the visit came from: by utm_source where given, else by referrer, else by the click id's
    platform."""
    if utm_source:
        named = _source_of_word(utm_source)
        if named:
            return named.kind
    elif found:
        return found.kind
    clicked = _clicked(click_ids)
    return _table().by_word[clicked.lower()].kind if clicked else SiteKind.OTHER


def _named(utm_source: str) -> str:
    """Return a utm_source as written, but a known site by its own name: `google` and `Google` are one."""
    named = _source_of_word(utm_source) if utm_source else None
    return named.name if named else utm_source


def _source_of_word(utm_source: str) -> Source | None:
    """Return the source that a utm_source means: a name, an alias, or a host such as `chatgpt.com`."""
    word = utm_source.lower()
    named = _table().by_word.get(ALIASES.get(word, word))
    if named or "." not in word:
        return named
    return known_source(word)
