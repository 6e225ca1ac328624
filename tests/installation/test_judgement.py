"""Judging what no page can show by itself: a blocker in the browser, a browser that breaks off, a door beyond reach."""

import pytest

from apps.installation.causes import Cause
from apps.installation.diagnosis import diagnose
from apps.installation.findings import Fetched, Findings, FoundTag, Request, SiteFacts, Source, Visit

SCRIPT = "https://door.example/b.js"
TAG = f'<script async src="{SCRIPT}" data-site-id="k"></script>'
SITE = SiteFacts("k", ("shop.example",), "active", SCRIPT, TAG)
PAGE = "https://shop.example/"
FOUND = FoundTag(SCRIPT, "k")


def cause(visit: Visit, tags: tuple[FoundTag, ...] = (FOUND,)) -> tuple[Cause, dict[str, str]]:
    source = Source(tags=list(tags))
    answer = diagnose(Findings(SITE, PAGE, Fetched(hops=[PAGE], status=200), source, visit, source))[0]
    return answer.cause, answer.values


def seen(*scripts: Request, sent: tuple[Request, ...] = ()) -> Visit:
    return Visit(outcome="seen", url=PAGE, status=200, body="<p>", scripts=list(scripts), sent=list(sent))


LOADED = Request(SCRIPT, 5, 200, kind="text/javascript")


def test_a_blocker_in_the_browser_is_named() -> None:
    found, values = cause(seen(Request(SCRIPT, 5, failure="net::ERR_BLOCKED_BY_CLIENT")))
    assert (found, values["url"]) == (Cause.BLOCKED_BY_CLIENT, SCRIPT)
    assert values["first_party_tag"] == '<script async src="/k7/b.js" data-site-id="k"></script>'


@pytest.mark.parametrize(
    ("script", "why"),
    [
        (Request(SCRIPT, 5, failure="name"), "its host has no address"),
        (Request(SCRIPT, 5, failure="refused"), "its server refuses the connection"),
        (Request(SCRIPT, 5, 404, kind="text/html"), "404"),
        (Request(SCRIPT, 5, 200, kind="text/html"), "a web page instead of the script"),
    ],
)
def test_a_script_that_doesnt_load_says_why(script: Request, why: str) -> None:
    found, values = cause(seen(script))
    assert (found, values["why"]) == (Cause.SCRIPT_UNREACHABLE, why)


def test_a_door_beyond_reach_says_why() -> None:
    post = Request("https://door.example/api/track/batch", 9, failure="timeout")
    found, values = cause(seen(LOADED, sent=(post,)))
    assert (found, values["why"]) == (Cause.DOOR_UNREACHABLE, "its server doesn’t answer in time")


@pytest.mark.parametrize(
    ("status", "reason", "word"), [(400, "excluded", "address"), (429, "rate;3", "more"), (400, "new", "“new”")]
)
def test_a_refusal_gives_the_doors_own_reason(status: int, reason: str, word: str) -> None:
    post = Request("https://door.example/api/track/batch", 9, status, reason)
    found, values = cause(seen(LOADED, sent=(post,)))
    assert found is Cause.DOOR_REFUSED
    assert word in values["why"]


def test_a_door_that_fails_is_named() -> None:
    post = Request("https://door.example/api/track/batch", 9, 502)
    found, values = cause(seen(LOADED, sent=(post,)))
    assert (found, values["why"]) == (Cause.DOOR_UNREACHABLE, "502")


def test_one_that_arrived_is_enough() -> None:
    lost = Request("https://door.example/api/track/batch", 9, failure="net::ERR_CONNECTION_RESET")
    taken = Request("https://door.example/api/track/batch", 12, 202, "bot_declared")
    assert cause(seen(LOADED, sent=(lost, taken)))[0] is Cause.WELL


def test_a_visit_that_breaks_off_is_no_verdict_on_the_page() -> None:
    found, values = cause(Visit(outcome="failed", why="it wasn’t loaded in time"))
    assert (found, values) == (Cause.NOT_OPENED, {"why": "it wasn’t loaded in time"})


def test_a_subdomain_is_listed_and_a_longer_name_is_not() -> None:
    assert SITE.lists("www.shop.example")
    assert SITE.lists("de.shop.example")
    assert not SITE.lists("workshop.example")


def test_what_is_first_to_be_mended_stands_first() -> None:
    wrong = FoundTag(SCRIPT, "another")
    source = Source(tags=[wrong, wrong])
    visit = seen(LOADED, sent=(Request("https://door.example/api/track/batch", 9, 404, "site"),))
    visit.url = "https://elsewhere.example/"
    found = Findings(SITE, PAGE, Fetched(hops=[PAGE], status=200), source, visit, source)
    causes = [one.cause for one in diagnose(found)]
    assert causes == [Cause.REDIRECT_ELSEWHERE, Cause.KEY_WRONG, Cause.TAG_TWICE]
