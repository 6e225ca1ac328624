"""Each cause on a page that has it, in a real browser; those of the way to the page: test_fetch_causes.py."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from apps.installation.causes import Cause
from apps.installation.diagnosis import diagnose
from apps.installation.findings import Findings, SiteFacts, Visit
from apps.installation.texts import answer_of

from .conftest import SharedBrowser, found_at
from .world import HOST, KEY, World

# All pages are opened once, at the first test: on one worker, then, and not on each.

CASES = [
    ("well", Cause.WELL),
    ("script_puts_tag", Cause.WELL),
    ("proxy_path_well", Cause.WELL),
    ("no_tag", Cause.NO_TAG),
    ("key_wrong", Cause.KEY_WRONG),
    ("key_missing", Cause.KEY_MISSING),
    ("tag_twice", Cause.TAG_TWICE),
    ("csp_script", Cause.CSP_SCRIPT),
    ("csp_nonce", Cause.CSP_NONCE),
    ("csp_nonce_well", Cause.WELL),
    ("csp_two", Cause.CSP_SCRIPT),
    ("csp_connect", Cause.CSP_CONNECT),
    ("other_service", Cause.NO_TAG),
    ("consent_waits", Cause.CONSENT),
    ("consent_held", Cause.CONSENT),
    ("consent_manager", Cause.CONSENT),
    ("consent_own_wish", Cause.CONSENT),
    ("script_error", Cause.SCRIPT_ERROR),
    ("script_error_bundle", Cause.SCRIPT_ERROR),
    ("tag_manager", Cause.TAG_MANAGER),
    ("proxy_path", Cause.PROXY_PATH),
    ("proxy_path_door", Cause.PROXY_PATH),
    ("block_list", Cause.BLOCK_LIST),
    ("script_unreachable", Cause.PROXY_PATH),
    ("not_sent", Cause.NOT_SENT),
]
# Further addresses that are opened with the others: page -> host.
ELSEWHERE, SENT_ON, SENT_TO_WWW = ("well", "elsewhere.example"), ("to/elsewhere", HOST), ("to/www", HOST)
PLACES = [*((page, HOST) for page, _ in CASES), ELSEWHERE, SENT_ON, SENT_TO_WWW]
Found = Callable[..., Findings]


@pytest.fixture(scope="module")
def visits(world: World, browser: SharedBrowser) -> dict[tuple[str, str], Visit]:
    """Return what the browser sees at each place, several open at once."""
    return dict(zip(PLACES, browser.open_all([world.url(*place) for place in PLACES]), strict=True))


@pytest.fixture
def found(world: World, visits: dict[tuple[str, str], Visit]) -> Found:
    """Return what a whole check finds at one of the places."""

    def found(page: str, host: str = HOST, facts: SiteFacts | None = None) -> Findings:
        return found_at(world, page, visits[page, host], host=host, facts=facts)

    return found


@pytest.mark.parametrize(("page", "cause"), CASES)
def test_a_page_shows_its_cause(found: Found, page: str, cause: Cause) -> None:
    assert diagnose(found(page))[0].cause is cause


# What can be told without a browser: a tag that a script puts in, or a door that doesn't answer, can't.
IN_THE_SOURCE = {
    "well": Cause.SOURCE_ONLY,
    "no_tag": Cause.NO_TAG,
    "key_wrong": Cause.KEY_WRONG,
    "key_missing": Cause.KEY_MISSING,
    "tag_twice": Cause.TAG_TWICE,
    "csp_script": Cause.CSP_SCRIPT,
    "csp_two": Cause.CSP_SCRIPT,
    "csp_connect": Cause.CSP_CONNECT,
    "consent_waits": Cause.CONSENT,
    "consent_held": Cause.CONSENT,
    "tag_manager": Cause.TAG_MANAGER,
    "block_list": Cause.BLOCK_LIST,
    "401": Cause.PAGE_REFUSED,
    "403": Cause.PAGE_REFUSED,
    "404": Cause.PAGE_MISSING,
    "503": Cause.PAGE_FAILS,
}


@pytest.mark.parametrize(("page", "cause"), IN_THE_SOURCE.items())
def test_without_a_browser_the_source_tells_what_it_can(world: World, page: str, cause: Cause) -> None:
    answers = diagnose(found_at(world, page, Visit()))
    assert answers[0].cause is cause
    assert (Cause.SOURCE_ONLY in [one.cause for one in answers]) is (cause in (Cause.SOURCE_ONLY, Cause.BLOCK_LIST))


def test_what_the_door_refuses_by_domain_is_said_with_the_domain(found: Found) -> None:
    seen = found(*ELSEWHERE)
    answer = diagnose(seen)[0]
    assert (answer.cause, answer.values["host"]) == (Cause.DOMAIN_NOT_LISTED, "elsewhere.example")
    assert (seen.visit.sent[0].status, seen.visit.sent[0].reason) == (403, "origin")


def test_a_redirect_to_another_domain_is_told_from_a_wrong_domain(found: Found) -> None:
    answer = diagnose(found(*SENT_ON))[0]
    assert (answer.cause, answer.values["host"]) == (Cause.REDIRECT_ELSEWHERE, "elsewhere.example")


def test_a_redirect_to_www_is_no_other_domain(found: Found) -> None:
    assert diagnose(found(*SENT_TO_WWW))[0].cause is Cause.WELL


def test_a_site_that_rests_is_said_before_its_tag(world: World, found: Found) -> None:
    answer = diagnose(found("no_tag", facts=world.facts(status="paused")))[0]
    assert (answer.cause, answer.values) == (Cause.SITE_RESTS, {"status": "paused"})


def test_the_policys_fix_is_what_to_copy(world: World, found: Found) -> None:
    values = diagnose(found("csp_script"))[0].values
    assert values["directive"] == "script-src"
    assert values["directives"] == (
        f"script-src 'self' https://cdn.example {world.track}; connect-src 'self' {world.track}"
    )


def test_where_a_nonce_counts_the_tag_is_to_have_it(world: World, found: Found) -> None:
    values = diagnose(found("csp_nonce"))[0].values
    assert values["tag"] == f'<script async nonce="…" src="{world.track}/b.js" data-site-id="{KEY}"></script>'
    assert values["also"] == f", and add {world.track} to its connect-src"


def test_of_two_policies_the_one_that_forbids_is_to_be_mended(world: World, found: Found) -> None:
    values = diagnose(found("csp_two"))[0].values
    assert values["directives"] == f"script-src 'self' {world.track}"
    assert values["which"] == " (number 2 of its 2 policies, “script-src 'self'”)"


def test_a_tag_that_waits_as_its_site_wants_it_is_installed_well(world: World, found: Found) -> None:
    facts = replace(world.facts(), is_consent_first=True)
    answers = [answer_of(one.cause.value, one.values) for one in diagnose(found("consent_waits", facts=facts))]
    assert [(one.cause, one.state) for one in answers] == [(Cause.CONSENT_FIRST, "good")]
    assert "waits for consent" in answers[0].says
    assert diagnose(found("consent_held", facts=facts))[0].cause is Cause.CONSENT
    assert diagnose(found("well", facts=facts))[0].cause is Cause.WELL


def test_the_check_is_no_visitor(found: Found) -> None:
    assert [(one.status, one.reason) for one in found("well").visit.sent] == [(202, "bot_declared")]


def test_nothing_is_sent_by_a_tag_that_is_held(found: Found) -> None:
    visit = found("consent_held").visit
    assert (visit.globals, visit.sent) == (["Cookiebot"], [])
