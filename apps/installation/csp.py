"""Whether a page's Content-Security-Policy keeps the tag away, and what is to be changed in it: rules. Pure."""

from collections.abc import Sequence

from .findings import Findings
from .policy import CONNECT, SCRIPT, Forbidder, fixed, forbidder
from .written import joined, parts_of

Values = dict[str, str]
SCRIPTS_NAMED = ("script-src", "script-src-elem", "default-src")


def csp_script(found: Findings) -> Values | None:
    """Answer for a policy whose list lacks the script's host."""
    hit = _script_hit(found)
    return None if hit is None or _needs_nonce(hit) else _values(found, *hit)


def csp_nonce(found: Findings) -> Values | None:
    """Answer for a policy that lets scripts run by their nonce, where hosts count for nothing or are none."""
    hit = _script_hit(found)
    if hit is None or not _needs_nonce(hit):
        return None
    values = _values(found, *hit)
    door = joined(found.site.script_url, "api/track/batch")
    keeps = forbidder(found.policies, CONNECT, door, page_url=found.final_url)
    also = f", and add {found.site.origin} to its {keeps.directive}" if keeps else ""
    return values | {"also": also, "tag": found.site.tag.replace("<script async", '<script async nonce="…"', 1)}


def csp_connect(found: Findings) -> Values | None:
    urls = {one.url for one in found.visit.sent} | {door_url(tag.src) for tag in found.tags if not tag.is_held}
    hit = _forbidden(found, urls, ("connect-src",), CONNECT)
    return None if hit is None else _values(found, *hit)


def door_url(src: str) -> str:
    """Return where a tag sends to that comes from `src`."""
    return joined(src, "api/track/batch") if src else ""


Hit = tuple[str, str, Forbidder | None]  # the directive by its name, the address, whose list it is


def _script_hit(found: Findings) -> Hit | None:
    urls = {tag.src for tag in found.tags if not tag.is_held} | {found.site.script_url}
    return _forbidden(found, urls, SCRIPTS_NAMED, SCRIPT)


def _needs_nonce(hit: Hit) -> bool:
    return hit[2] is not None and hit[2].goes_by_nonce


def _forbidden(found: Findings, urls: set[str], named: Sequence[str], directive: str) -> Hit | None:
    """Return what keeps one of `urls` away: as the browser says, or without one, as the policies read."""
    seen = next((one for one in found.visit.violations if one.directive in named and _same(one.url, urls)), None)
    if seen is not None:
        by = forbidder(found.policies, directive, seen.url, page_url=found.final_url, is_sure=True)
        return seen.directive, seen.url, by
    if found.visit.is_seen or not found.is_there:
        return None
    for url in sorted(url for url in urls if url):
        by = forbidder(found.policies, directive, url, page_url=found.final_url)
        if by is not None:
            return by.directive, url, by
    return None


def _values(found: Findings, named: str, url: str, by: Forbidder | None) -> Values:
    parts = parts_of(url)
    origin = f"{parts.scheme}://{parts.netloc}"
    if by is None:
        # The browser goes by a policy that the answer to our own request didn't have.
        return {"directive": named, "origin": origin, "which": "",
                "directives": f"script-src {origin}; connect-src {origin}"}  # fmt: skip
    which = f" (number {by.place} of its {by.count} policies, “{by.text[:60]}”)" if by.count > 1 else ""
    directives = fixed(by.directives, origin)
    return {"directive": by.directive, "origin": origin, "which": which, "directives": directives}


def _same(url: str, urls: set[str]) -> bool:
    """Return whether a violation is about one of our addresses; after a redirect browsers name the origin alone."""
    return any(url == one or one.startswith(f"{url.rstrip('/')}/") for one in urls if one)
