"""A check from its address to its answer, within its time: fetch, open, judge, store."""

import ssl
import threading
from contextlib import ExitStack
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

from django.conf import settings

from apps.core.outbound import Guard
from apps.sites.models import Site
from apps.sites.path_token import path_token
from apps.sites.snippet import tag_of

from .browser.job import Job
from .browser.launching import chromium_find
from .consent_tools import GLOBALS
from .diagnosis import Diagnosis, diagnose
from .evidence import evidence
from .fetching import USER_AGENT, VERSION, page_fetch
from .findings import Fetched, Findings, SiteFacts, Source, Visit
from .models import SiteCheck
from .rendering import Renderer
from .services import BROKEN, NO_TIME, check_fail, check_finish, check_rendering, check_take, seconds_left
from .source import source_read
from .written import clean

# Of a check's 20 seconds: what fetching may take; what ending a browser that doesn't answer, judging and storing take;
# and without which a start is no use.
FETCH_SECONDS = 7.0
STORE_SECONDS = 3.0
LEAST_SECONDS = 6.0
# Browsers at once in a worker process: each takes a few hundred megabytes.
MOST_AT_ONCE = 2
_browsers = threading.BoundedSemaphore(MOST_AT_ONCE)


def check_run(check_id: int, *, guard: Guard | None = None) -> bool:
    """Carry out a check that waits; nothing for one that somebody has taken, or that is gone.

    Returns False where all browsers of this process are in use and the check can still wait: ask again in a moment.
    """
    if not _browsers.acquire(blocking=False):
        return _give_up_late(check_id)
    try:
        check = check_take(check_id)
        if check is None:
            return True
        if seconds_left(check) < LEAST_SECONDS:
            check_fail(check.id, NO_TIME)
            return True
        _answer(check, _look(check, guard=guard or guard_of_settings()))
        return True
    except Exception:
        check_fail(check_id, BROKEN)
        raise
    finally:
        _browsers.release()


def _answer(check: SiteCheck, found: Findings) -> None:
    answers = diagnose(found, blocklists=Path(settings.BEACON_DATA_DIR) / "databases")
    check_finish(check, cause=answers[0].cause.value, result=_result(found, answers))


def _give_up_late(check_id: int) -> bool:
    check = SiteCheck.objects.filter(id=check_id, finished_at=None).first()
    if check is not None and seconds_left(check) >= LEAST_SECONDS:
        return False
    check_fail(check_id, NO_TIME)
    return True


def guard_of_settings() -> Guard:
    """Return the guard as the operator has set it: Beacon's own door may be reached wherever it is."""
    parts = urlsplit(settings.BEACON_TRACK_URL)
    port = parts.port or (443 if parts.scheme == "https" else 80)
    return Guard(
        allows_private=settings.BEACON_CHECK_PRIVATE_ADDRESSES,
        allowed=frozenset({((parts.hostname or "").lower(), port)}),
    )


def site_facts(site: Site) -> SiteFacts:
    tag = tag_of(site)
    hosts = tuple(site.domains.values_list("host", flat=True))
    return SiteFacts(
        site_key=site.site_key,
        hosts=hosts,
        status=site.status,
        script_url=tag.script_url,
        tag=tag.text,
        path_token=path_token(site.site_key),
        is_consent_first=site.requires_consent,
    )


def _look(check: SiteCheck, *, guard: Guard) -> Findings:
    facts = site_facts(check.site)
    chromium = chromium_find(settings.BEACON_CHROMIUM)
    seconds = seconds_left(check) - STORE_SECONDS
    with ExitStack() as stack:
        # Its start takes a second or two: meanwhile the page is fetched.
        renderer = stack.enter_context(Renderer(_job(facts, guard, chromium, seconds))) if chromium else None
        fetched = _fetch(check.url, guard=guard, seconds=min(FETCH_SECONDS, seconds))
        visit = Visit()
        if renderer is not None and not fetched.trouble.kind and _is_page(fetched):
            check_rendering(check)
            visit = renderer.open(fetched.hops[0])
    return findings_of(facts, start_url=check.url, fetched=fetched, visit=visit)


def findings_of(facts: SiteFacts, *, start_url: str, fetched: Fetched, visit: Visit) -> Findings:
    source = source_read(fetched.body, url=fetched.url, site=facts, headers=fetched.headers)
    page = source_read(visit.body, url=visit.url, site=facts) if visit.is_seen else Source()
    return Findings(facts, start_url, fetched, source, visit, page)


def _fetch(url: str, *, guard: Guard, seconds: float) -> Fetched:
    """Fetch the page; a host that has no https at all, by http, as browsers do of an address without scheme."""
    trusts = authorities()
    found = page_fetch(url, guard=guard, seconds=seconds, trusts=trusts)
    is_shut = found.trouble.kind == "unreachable" and len(found.hops) == 1
    if not is_shut or not url.startswith("https://") or urlsplit(url).port is not None:
        return found
    left = seconds - found.milliseconds / 1000
    plain = urlunsplit(urlsplit(url)._replace(scheme="http"))
    other = page_fetch(plain, guard=guard, seconds=left, trusts=trusts) if left > 0.5 else found
    return found if other.trouble.kind else other


def authorities() -> ssl.SSLContext:
    """Return whose certificates are believed: those that the system believes."""
    return ssl.create_default_context()


def _is_page(fetched: Fetched) -> bool:
    kind = fetched.header("content-type")
    return not kind or "html" in kind


def _job(facts: SiteFacts, guard: Guard, chromium: str, seconds: float) -> Job:
    return Job(
        script_url=facts.script_url,
        site_key=facts.site_key,
        seconds=seconds,
        folder="",
        chromium=chromium,
        user_agent=USER_AGENT.format(version=VERSION),
        allows_private=guard.allows_private,
        allowed=sorted(guard.allowed),
        pins=guard.pins,
        globals=GLOBALS,
    )


def _result(found: Findings, answers: list[Diagnosis]) -> dict[str, Any]:
    told: dict[str, Any] = {
        "url": found.final_url,
        "causes": [[one.cause.value, one.values] for one in answers],
        "evidence": [[at_ms, text] for at_ms, text in evidence(found)],
        "browser": found.visit.outcome,
    }
    # Pages are anybody's: what they say may hold what no table takes.
    return clean(told)  # type: ignore[no-any-return]
