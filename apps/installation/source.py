"""What a page's HTML says: our tags, tag managers, policies, consent tools. Pure; read by a real parser."""

import re
from urllib.parse import urljoin, urlsplit

from selectolax.lexbor import LexborHTMLParser, LexborNode

from .consent_tools import HELD_SRC, HOLDERS, HOLDING_CLASSES, RUNNING_TYPES, SCRIPTS
from .findings import FoundTag, SiteFacts, Source

# Places whose scripts no browser with scripting runs.
UNSEEN = frozenset({"noscript", "template"})
# Raw text to a browser with scripting, and what ends it. The parser reads as one without, where `noscript` is elements
# that may even fall out of it; so that one is taken out before.
RAW = re.compile(r"<!--|<(script|style|textarea|title|xmp|iframe|noembed|noframes|noscript)\b", re.I)
# (name, how its script or snippet is told, how its container is named)
MANAGERS = (
    ("Google Tag Manager", re.compile(r"googletagmanager\.com/(?:gtm|ns)\b|gtm\.start"), re.compile(r"GTM-\w{4,12}")),
    ("Tealium", re.compile(r"tags\.tiqcdn\.com|/utag\.js"), re.compile(r"utag/[\w-]+/[\w-]+")),
    ("Adobe Tags", re.compile(r"assets\.adobedtm\.com"), re.compile(r"launch-[\w.-]+?(?=\.min|\.js)")),
    ("Matomo Tag Manager", re.compile(r"/container_\w+\.js"), re.compile(r"container_\w+")),
)  # fmt: skip


def source_read(html: str, *, url: str, site: SiteFacts, headers: list[tuple[str, str]] | None = None) -> Source:
    """Return what a page's HTML holds. `headers`: of its answer, names in lower case."""
    tree = LexborHTMLParser(without_noscript(html))
    base_node = tree.css_first("base[href]")
    base = urljoin(url, base_node.attributes.get("href") or "") if base_node else url
    found = Source(policies=[value for name, value in headers or [] if name == "content-security-policy"])
    for node in tree.css("meta"):
        if (node.attributes.get("http-equiv") or "").lower() == "content-security-policy":
            found.policies.append(node.attributes.get("content") or "")
    for node in tree.css("script"):
        if not _is_unseen(node):
            _script(found, node, base, site)
    found.managers = list(dict.fromkeys(found.managers))
    found.consent_tools = list(dict.fromkeys(found.consent_tools))
    return found


def without_noscript(html: str) -> str:
    """Return HTML as a browser with scripting sees it: without what stands in `noscript`. Linear in its length."""
    lowered = html.lower()
    kept: list[str] = []
    at = start = 0
    while opening := RAW.search(html, at):
        name = (opening.group(1) or "").lower()
        closing = f"</{name}" if name else "-->"
        end = lowered.find(closing, opening.end())
        if end < 0:
            # Nothing ends it: the rest is its text.
            end = len(html)
        if name == "noscript":
            kept.append(html[start : opening.start()])
            start = end
        at = end + len(closing)
    return "".join([*kept, html[start:]])


def mentions_tag(text: str, site: SiteFacts) -> bool:
    """Return whether a script's text names the site or where the tag comes from: it is to put the tag in."""
    return site.site_key in text or urlsplit(site.script_url).netloc + urlsplit(site.script_url).path in text


def _script(found: Source, node: LexborNode, base: str, site: SiteFacts) -> None:
    attributes = {name.lower(): value or "" for name, value in node.attributes.items()}
    address = next((attributes[name] for name in HELD_SRC if attributes.get(name)), "")
    text = "" if address else node.text()
    src = urljoin(base, address.strip()) if address else ""
    if _is_ours(src, attributes, site):
        found.tags.append(_tag(src, attributes))
        return
    said = src or text
    for name, sign, container in MANAGERS:
        if sign.search(said):
            named = container.search(said)
            found.managers.append((name, named.group() if named else "no container id"))
    found.consent_tools += [tool for part, tool in SCRIPTS.items() if src and part in src.lower()]
    found.mentions_tag = found.mentions_tag or mentions_tag(text, site)


def _is_ours(src: str, attributes: dict[str, str], site: SiteFacts) -> bool:
    """Return whether a script is the tag: by its address, by what only the tag has, or by a name of its own on a
    first-party path. A `b.js` without a key is the tag only where it comes from Beacon: others use that name too."""
    if not src:
        return False
    if src.partition("?")[0] == site.script_url:
        return True
    return "data-site-id" in attributes


def _tag(src: str, attributes: dict[str, str]) -> FoundTag:
    kind = attributes.get("type", "").strip().lower()
    classes = attributes.get("class", "").lower()
    holder = next((tool for name, tool in HOLDERS.items() if name in attributes), "")
    holder = holder or next((tool for part, tool in HOLDING_CLASSES.items() if part in classes), "")
    is_held = kind not in RUNNING_TYPES or not attributes.get("src")
    return FoundTag(
        src=src,
        site_key=attributes.get("data-site-id", "").strip(),
        is_held=is_held,
        holder=holder if is_held else "",
        needs_consent=attributes.get("data-consent", "").lower() in ("required", "opt-in"),
    )


def _is_unseen(node: LexborNode) -> bool:
    parent = node.parent
    while parent is not None:
        if parent.tag in UNSEEN:
            return True
        parent = parent.parent
    return False
