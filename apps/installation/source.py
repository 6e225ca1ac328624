"""What a page's HTML says: our tags, tag managers, policies, consent tools. Pure, and bounded whatever a page holds."""

import re

from apps.core.ids import KEY_ALPHABET

from .consent_tools import HELD_SRC, HOLDERS, HOLDING_CLASSES, RUNNING_TYPES, SCRIPTS
from .findings import FoundTag, SiteFacts, Source
from .markup import Element, elements
from .written import joined, parts_of

# As core.ids.public_key makes them.
KEY = re.compile(rf"[{KEY_ALPHABET}]{{16}}")
READ = frozenset({"base", "meta", "script"})
# No page has more; one that does was made to keep us busy.
MOST_SCRIPTS = 2000
MOST_TAGS = 20
MOST_POLICIES = 20
MOST_POLICY = 20_000
# (name, how its script or snippet is told, how its container is named)
MANAGERS = (
    ("Google Tag Manager", re.compile(r"googletagmanager\.com/(?:gtm|ns)\b|gtm\.start"), re.compile(r"GTM-\w{4,12}")),
    ("Tealium", re.compile(r"tags\.tiqcdn\.com|/utag\.js"), re.compile(r"utag/[\w-]+/[\w-]+")),
    ("Adobe Tags", re.compile(r"assets\.adobedtm\.com"), re.compile(r"launch-[\w.-]{1,100}?(?=\.min|\.js)")),
    ("Matomo Tag Manager", re.compile(r"/container_\w+\.js"), re.compile(r"container_\w+")),
)  # fmt: skip


def source_read(html: str, *, url: str, site: SiteFacts, headers: list[tuple[str, str]] | None = None) -> Source:
    """Return what a page's HTML holds. `headers`: of its answer, names in lower case."""
    read = list(elements(html, READ))
    bases = [one.attributes["href"] for one in read if one.name == "base" and "href" in one.attributes]
    base = (joined(url, bases[0].strip()) if bases else "") or url
    policies = [value for name, value in headers or [] if name == "content-security-policy"]
    policies += [one.attributes.get("content", "") for one in read if _is_policy(one)]
    found = Source(policies=[policy[:MOST_POLICY] for policy in policies[:MOST_POLICIES]])
    for one in [one for one in read if one.name == "script"][:MOST_SCRIPTS]:
        _script(found, one, base, site)
    found.tags = found.tags[:MOST_TAGS]
    found.managers = list(dict.fromkeys(found.managers))
    found.consent_tools = list(dict.fromkeys(found.consent_tools))
    return found


def _is_policy(one: Element) -> bool:
    return one.name == "meta" and one.attributes.get("http-equiv", "").strip().lower() == "content-security-policy"


def mentions_tag(text: str, site: SiteFacts) -> bool:
    """Return whether a script's text names the site or where the tag comes from: it is to put the tag in."""
    return site.site_key in text or parts_of(site.script_url).netloc + parts_of(site.script_url).path in text


def _script(found: Source, element: Element, base: str, site: SiteFacts) -> None:
    attributes = element.attributes
    address = next((attributes[name] for name in HELD_SRC if attributes.get(name)), "")
    text = "" if address else element.text
    src = joined(base, address.strip()) if address else ""
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
    """Return whether a script is the tag: by its address, or by its attribute together with a key or a name of ours.

    Others call their scripts `b.js` too, or their attribute `data-site-id`; both together they don't.
    """
    if not src:
        return False
    if src.partition("?")[0] == site.script_url:
        return True
    if "data-site-id" not in attributes:
        return False
    key, parts = attributes["data-site-id"].strip(), parts_of(src)
    is_our_key = key == site.site_key or KEY.fullmatch(key) is not None
    name = parts.path.rpartition("/")[2]
    is_our_name = name == "b.js" or (bool(site.path_token) and name == f"{site.path_token}.js")
    return is_our_key or is_our_name or parts.netloc == parts_of(site.script_url).netloc


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
