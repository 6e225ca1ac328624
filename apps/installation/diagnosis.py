"""From what was seen to what stands in the way: rules in the order of `causes.Cause`. Pure.

Each rule answers with the values that its cause's texts need, or None. The first that answers is the check's answer;
the others are shown beside it, so that the next one is known before the first is mended.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from .blocklists import blocking_rule
from .causes import EXPLANATIONS, ORDER, Cause, Severity
from .csp import csp_connect, csp_nonce, csp_script, door_url
from .findings import Findings, FoundTag, Request
from .written import parts_of

Values = dict[str, str]
Rule = Callable[[Findings], Values | None]

FIRST_PARTY_PATH = "/k7"
ARRIVED = frozenset({"", "bot_declared"})
TROUBLES = {
    "private": Cause.PRIVATE_ADDRESS,
    "name": Cause.NAME_UNKNOWN,
    "unreachable": Cause.UNREACHABLE,
    "tls_expired": Cause.TLS_EXPIRED,
    "tls_wrong_host": Cause.TLS_WRONG_HOST,
    "tls_self_signed": Cause.TLS_SELF_SIGNED,
    "tls_unknown_ca": Cause.TLS_UNKNOWN_CA,
    "tls_broken": Cause.TLS_BROKEN,
    "redirects": Cause.ENDLESS_REDIRECTS,
}
FAILURES = {
    "name": "its host has no address",
    "private": "its host has a private address, which this check doesn’t open",
    "timeout": "its server doesn’t answer in time",
    "refused": "its server refuses the connection",
    "net::ERR_CONNECTION_RESET": "the connection breaks off",
}
DOOR_REASONS = {
    "origin": ("the page’s domain isn’t among the site’s domains", "Add the domain of the page to the site’s domains."),
    "site": ("it doesn’t know the site key, or the site is paused or archived", "Put the site’s own tag on the page."),
    "rate": ("more arrives at once than is allowed", "Raise the site’s rate in its settings, or check again later."),
    "excluded": (
        "the check comes from an address that you asked not to count",
        "Nothing is to be done: visitors from elsewhere are counted. The addresses stand under “Your own visits”.",
    ),
    "consent": (
        "its visitor hasn’t agreed, and the site counts only those who have",
        "Replace the tag by the one in the site’s settings, which waits until a visitor agrees.",
    ),
    "too_old": ("the page’s clock is wrong", "Check again; if it stays, look whether something caches requests."),
}


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """A cause with the values of its texts."""

    cause: Cause
    values: Values = field(default_factory=dict)

    @property
    def severity(self) -> Severity:
        return EXPLANATIONS[self.cause].severity


def diagnose(found: Findings, *, blocklists: Path | None = None) -> list[Diagnosis]:
    """Return what stands in the way, the first to be mended in front; WELL or SOURCE_ONLY where nothing does."""
    trouble = found.fetched.trouble
    if trouble.kind:
        values = {"host": trouble.host, "why": trouble.why, "address": trouble.address, "url": found.start_url}
        return [Diagnosis(TROUBLES[trouble.kind], values)]
    rules = [*RULES.items(), (Cause.BLOCK_LIST, lambda one: _block_list(one, blocklists))]
    answers = [Diagnosis(cause, given) for cause, rule in rules if (given := rule(found)) is not None]
    if not [one for one in answers if one.cause is not Cause.BLOCK_LIST] and found.visit.outcome == "no_browser":
        answers.append(Diagnosis(Cause.SOURCE_ONLY))
    return sorted(answers, key=lambda one: ORDER[one.cause]) or [Diagnosis(Cause.WELL)]


# --- the page ---------------------------------------------------------------------------------------------------------


def _status(found: Findings) -> int:
    return (found.visit.status if found.visit.is_seen else 0) or found.fetched.status


def _page_refused(found: Findings) -> Values | None:
    status = _status(found)
    is_refused = 400 <= status < 500 and status not in (404, 410)
    return {"status": str(status)} if is_refused and not has_arrived(found) else None


def _page_missing(found: Findings) -> Values | None:
    status = _status(found)
    return {"status": str(status), "url": found.final_url} if status in (404, 410) and not found.is_there else None


def _page_fails(found: Findings) -> Values | None:
    status = _status(found)
    return {"status": str(status), "host": found.final_host} if status >= 500 else None


def _no_page(found: Findings) -> Values | None:
    kind = found.fetched.header("content-type").partition(";")[0].strip().lower()
    is_page = not kind or "html" in kind or _status(found) >= 400
    return None if is_page else {"url": found.final_url, "kind": kind}


def _is_page(found: Findings) -> bool:
    return _status(found) < 400 or found.is_there


def _redirect_elsewhere(found: Findings) -> Values | None:
    start = parts_of(found.start_url).hostname or ""
    if found.final_host == start or found.site.lists(found.final_host) or not found.site.lists(start):
        return None
    return {"start": start, "host": _bare(found.final_host)}


def _domain_not_listed(found: Findings) -> Values | None:
    if found.site.lists(found.final_host) or _redirect_elsewhere(found) is not None:
        return None
    return {"host": _bare(found.final_host)}


def _site_rests(found: Findings) -> Values | None:
    return None if found.site.status == "active" else {"status": found.site.status}


# --- the tag ----------------------------------------------------------------------------------------------------------


def has_arrived(found: Findings) -> bool:
    """Return whether Beacon took what the tag sent."""
    return any(one.status == 202 and one.reason in ARRIVED for one in found.visit.sent)


def _script_failures(found: Findings) -> list[Request]:
    """Return the requests for the tag's script that brought none; none where one of them did."""
    scripts = found.scripts
    failed = [one for one in scripts if not _is_script(one)]
    return failed if len(failed) == len(scripts) else []


def _is_script(one: Request) -> bool:
    return one.status in (200, 304) and "html" not in one.kind and not one.failure


def _tag_values(found: Findings) -> Values:
    return {"tag": found.site.tag, "first_party_tag": _first_party_tag(found)}


def _first_party_tag(found: Findings) -> str:
    return found.site.tag.replace(found.site.script_url, f"{FIRST_PARTY_PATH}/b.js")


def _key_missing(found: Findings) -> Values | None:
    without = [tag for tag in found.tags if not tag.site_key]
    return _tag_values(found) if without and len(without) == len(found.tags) else None


def _key_wrong(found: Findings) -> Values | None:
    keys = {tag.site_key for tag in found.tags if tag.site_key}
    if not keys or found.site.site_key in keys:
        return None
    return _tag_values(found) | {"found": sorted(keys)[0][:64], "site_key": found.site.site_key}


def _consent(found: Findings) -> Values | None:
    if has_arrived(found) or _consent_first(found) is not None or not (holding := _holding(found)):
        return None
    tool = holding.holder or next(iter(found.consent_tools), "")
    return _tag_values(found) | {"tool": f" ({tool})" if tool else ""}


def _consent_first(found: Findings) -> Values | None:
    """Answer for a tag that waits by its own wish, where that is the site's: it does what it is to do."""
    is_waiting = bool(found.tags) and all(tag.needs_consent and not tag.is_held for tag in found.tags)
    if not is_waiting or not found.site.is_consent_first or found.visit.sent:
        return None
    return {} if any(_is_script(one) for one in found.scripts) else None


def _holding(found: Findings) -> FoundTag | None:
    """Return the tag that waits for consent: held by its type, by its own wish, or by a tool that has the manager."""
    held = [tag for tag in found.tags if tag.is_held or (tag.needs_consent and not found.visit.sent)]
    if held and len(held) == len(found.tags):
        return held[0]
    waits = found.visit.consent_denied or bool(found.consent_tools)
    if waits and not found.is_there and (found.managers or found.source.mentions_tag or found.visit.mentions_tag):
        return FoundTag("", "")
    return None


def _proxy_path(found: Findings) -> Values | None:
    """Answer for a tag by the site's own host whose script or whose door isn't Beacon's."""
    own = [one for one in [*_script_failures(found), *_unanswered(found)] if _is_own(found, one.url)]
    if not own or csp_script(found) or csp_nonce(found) or csp_connect(found) or _is_blocked(own[0]):
        return None
    one = own[0]
    script_path = next(
        (parts_of(tag.src).path for tag in found.tags if _is_own(found, tag.src)), parts_of(one.url).path
    )
    path = script_path.rpartition("/")[0] or "/"
    return {"path": path, "url": one.url, "why": _why(one), "target": found.site.origin}


def _is_own(found: Findings, url: str) -> bool:
    """Return whether an address of the tag is on another host than Beacon's door: a first-party path."""
    return parts_of(url).netloc != parts_of(found.site.script_url).netloc


def _script_error(found: Findings) -> Values | None:
    is_meant = found.source.mentions_tag or found.page.mentions_tag or found.visit.mentions_tag
    if found.is_there or not found.visit.errors or not is_meant or _holding(found):
        return None
    error = found.visit.errors[0]
    return _tag_values(found) | {"error": error.text, "where": error.where or "see the browser’s console"}


def _tag_manager(found: Findings) -> Values | None:
    if found.is_there or not found.managers or _holding(found) or _script_error(found):
        return None
    name, container = found.managers[0]
    return _tag_values(found) | {"manager": name, "container": container}


def _blocked_by_client(found: Findings) -> Values | None:
    hit = next((one for one in [*found.scripts, *found.visit.sent] if _is_blocked(one)), None)
    return None if hit is None else _tag_values(found) | {"url": hit.url}


def _is_blocked(one: Request) -> bool:
    return "ERR_BLOCKED_BY_CLIENT" in one.failure


def _script_unreachable(found: Findings) -> Values | None:
    failed = [one for one in _script_failures(found) if not _is_own(found, one.url) and not _is_blocked(one)]
    if not failed or failed[0].failure == "csp":
        return None
    return _tag_values(found) | {"url": failed[0].url, "why": _why(failed[0])}


# --- what it sends ----------------------------------------------------------------------------------------------------


def _unanswered(found: Findings) -> list[Request]:
    """Return what was sent and not answered by a door of Beacon's; none where one was taken."""
    if has_arrived(found):
        return []
    return [one for one in found.visit.sent if one.failure or not (one.status == 202 or one.reason)]


def _door_unreachable(found: Findings) -> Values | None:
    lost = [one for one in _unanswered(found) if not _is_own(found, one.url) and not _is_blocked(one)]
    if not lost or lost[0].failure == "csp":
        return None
    return {"url": lost[0].url, "why": _why(lost[0])}


def _door_refused(found: Findings) -> Values | None:
    """Answer for a refusal that no other rule explains."""
    if has_arrived(found) or _key_wrong(found) or _site_rests(found) or not found.site.lists(found.final_host):
        return None
    refused = next((one for one in found.visit.sent if one.reason and one.reason not in ARRIVED), None)
    if refused is None:
        return None
    reason = refused.reason.partition(";")[0].partition(",")[0]
    why, hint = DOOR_REASONS.get(reason, (f"for the reason “{reason}”", "See docs/ingest.md for what it means."))
    return {"why": why, "hint": hint}


def _not_sent(found: Findings) -> Values | None:
    loaded = any(_is_script(one) for one in found.scripts)
    has_answer = found.visit.sent or _key_missing(found) or csp_connect(found) or _holding(found)
    return _tag_values(found) if loaded and not has_answer else None


def _no_tag(found: Findings) -> Values | None:
    is_explained = found.managers or _holding(found) or _script_error(found)
    if found.is_there or is_explained or not _is_page(found) or _no_page(found):
        return None
    return _tag_values(found)


def _not_opened(found: Findings) -> Values | None:
    return {"why": found.visit.why} if found.visit.outcome == "failed" else None


def _tag_twice(found: Findings) -> Values | None:
    running = [tag for tag in found.tags if not tag.is_held]
    if len(running) < 2:
        return None
    return {"count": str(len(running)), "places": ", ".join(f"{tag.src} with {tag.site_key}" for tag in running[:4])}


def _block_list(found: Findings, folder: Path | None) -> Values | None:
    urls = list(dict.fromkeys(url for tag in found.tags for url in (tag.src, door_url(tag.src)) if url))
    rule = blocking_rule(urls, page_url=found.final_url, folder=folder)
    return _tag_values(found) | {"rule": rule} if rule else None


def _why(one: Request) -> str:
    if one.failure:
        return FAILURES.get(one.failure, one.failure.removeprefix("net::"))
    if one.status in (200, 304) and "html" in one.kind:
        return "a web page instead of the script"
    return f"{one.status}"


def _bare(host: str) -> str:
    return host.removeprefix("www.")


RULES: dict[Cause, Rule] = {
    Cause.PAGE_REFUSED: _page_refused,
    Cause.PAGE_MISSING: _page_missing,
    Cause.PAGE_FAILS: _page_fails,
    Cause.NO_PAGE: _no_page,
    Cause.REDIRECT_ELSEWHERE: _redirect_elsewhere,
    Cause.DOMAIN_NOT_LISTED: _domain_not_listed,
    Cause.SITE_RESTS: _site_rests,
    Cause.CSP_SCRIPT: csp_script,
    Cause.CSP_NONCE: csp_nonce,
    Cause.KEY_MISSING: _key_missing,
    Cause.KEY_WRONG: _key_wrong,
    Cause.CONSENT: _consent,
    Cause.PROXY_PATH: _proxy_path,
    Cause.SCRIPT_ERROR: _script_error,
    Cause.TAG_MANAGER: _tag_manager,
    Cause.BLOCKED_BY_CLIENT: _blocked_by_client,
    Cause.SCRIPT_UNREACHABLE: _script_unreachable,
    Cause.CSP_CONNECT: csp_connect,
    Cause.DOOR_UNREACHABLE: _door_unreachable,
    Cause.DOOR_REFUSED: _door_refused,
    Cause.NOT_SENT: _not_sent,
    Cause.NO_TAG: _no_tag,
    Cause.NOT_OPENED: _not_opened,
    Cause.TAG_TWICE: _tag_twice,
    Cause.CONSENT_FIRST: _consent_first,
}
