"""What was seen, line by line with its time, for whoever doubts the answer. Pure."""

from .findings import Findings, Request, Visit
from .written import clean

MOST_LINES = 40
MOST_TEXT = 300


def evidence(found: Findings) -> list[tuple[int | None, str]]:
    """Return the lines of a check: milliseconds since its stage began (None: no moment of its own), what was seen."""
    lines = [*_fetched(found), *_source(found), *_visit(found)]
    return [(at_ms, clean(text[:MOST_TEXT])) for at_ms, text in lines[:MOST_LINES]]


def _fetched(found: Findings) -> list[tuple[int | None, str]]:
    fetched = found.fetched
    lines: list[tuple[int | None, str]] = [(None, f"Redirected to {hop}") for hop in fetched.hops[1:]]
    trouble = fetched.trouble
    if trouble.kind:
        why = ": ".join(part for part in (trouble.kind.replace("_", " "), trouble.why or trouble.address) if part)
        return [*lines, (fetched.milliseconds, f"{trouble.host or fetched.url} didn’t answer ({why})")]
    size = f"{len(fetched.body) // 1024} KB"
    return [*lines, (fetched.milliseconds, f"{fetched.url} answered {fetched.status}, {size}")]


def _source(found: Findings) -> list[tuple[int | None, str]]:
    if found.fetched.trouble.kind:
        return []
    lines: list[tuple[int | None, str]] = []
    for tag in found.source.tags:
        held = f", held as not to run{f' by {tag.holder}' if tag.holder else ''}" if tag.is_held else ""
        lines.append((None, f"Source: tag {tag.src}, key {tag.site_key or 'missing'}{held}"))
    if not found.source.tags:
        lines.append((None, "Source: no tag"))
    lines += [(None, f"Source: {name} {container}") for name, container in found.source.managers]
    lines += [(None, f"Content-Security-Policy: {policy}") for policy in found.source.policies]
    return lines


def _visit(found: Findings) -> list[tuple[int | None, str]]:
    visit = found.visit
    if visit.outcome == "no_browser":
        return [(None, "Not opened in a browser")] if not found.fetched.trouble.kind else []
    if visit.outcome == "failed":
        return [(None, f"Browser: {visit.why}")]
    lines: list[tuple[int | None, str]] = [(visit.milliseconds, f"Browser: looked at {visit.url}, {visit.status}")]
    known = {tag.src for tag in [*found.page.tags, *found.source.tags]} | {found.site.script_url}
    lines += [_request("script", one) for one in visit.scripts if one.url in known]
    lines += [_request("sent", one) for one in visit.sent]
    lines += [
        (one.at_ms, f"Browser: {one.directive} forbids {one.url or 'an inline script'}") for one in visit.violations
    ]
    lines += [(one.at_ms, f"Browser: {one.text} ({one.where or 'no place'})") for one in visit.errors]
    lines.sort(key=lambda line: line[0] or 0)
    lines += [(None, f"Consent tool: {tool}") for tool in found.consent_tools]
    lines += [(None, f"Private address, not opened: {host}") for host in visit.refused]
    return lines + _added(found, visit)


def _request(what: str, one: Request) -> tuple[int | None, str]:
    answer = one.failure or f"{one.status}" + (f", Beacon-Reason: {one.reason}" if one.reason else "")
    return one.at_ms, f"Browser: {what} {one.url} ({answer})"


def _added(found: Findings, visit: Visit) -> list[tuple[int | None, str]]:
    before = {tag.src for tag in found.source.tags}
    return [(None, f"Browser: tag {tag.src} put in by a script") for tag in found.page.tags if tag.src not in before]
