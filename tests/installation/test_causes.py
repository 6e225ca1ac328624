"""Each cause on a page that has it, in a real browser; those of the way to the page: test_fetch_causes.py."""

import pytest

from apps.installation.causes import Cause
from apps.installation.diagnosis import Diagnosis, diagnose
from apps.installation.findings import Visit

from .conftest import Look, SharedBrowser, found_at
from .world import KEY, World

CASES = [
    ("well", Cause.WELL),
    ("script_puts_tag", Cause.WELL),
    ("proxy_path_well", Cause.WELL),
    ("no_tag", Cause.NO_TAG),
    ("key_wrong", Cause.KEY_WRONG),
    ("key_missing", Cause.KEY_MISSING),
    ("tag_twice", Cause.TAG_TWICE),
    ("csp_script", Cause.CSP_SCRIPT),
    ("csp_connect", Cause.CSP_CONNECT),
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
    ("401", Cause.PAGE_REFUSED),
    ("403", Cause.PAGE_REFUSED),
    ("404", Cause.PAGE_MISSING),
    ("503", Cause.PAGE_FAILS),
]
PAGES = [page for page, _ in CASES]


@pytest.fixture(scope="module")
def visits(world: World, browser: SharedBrowser) -> dict[str, Visit]:
    """Return what the browser sees on each page, several open at once."""
    return dict(zip(PAGES, browser.open_all([world.url(page) for page in PAGES]), strict=True))


def first(look_at: Look, url: str, **facts: object) -> Diagnosis:
    return diagnose(look_at(url, **facts))[0]


@pytest.mark.parametrize(("page", "cause"), CASES)
def test_a_page_shows_its_cause(world: World, visits: dict[str, Visit], page: str, cause: Cause) -> None:
    assert diagnose(found_at(world, page, visits[page]))[0].cause is cause


# What can be told without a browser: a tag that a script puts in, or a door that doesn't answer, can't.
IN_THE_SOURCE = {
    "well": Cause.SOURCE_ONLY,
    "no_tag": Cause.NO_TAG,
    "key_wrong": Cause.KEY_WRONG,
    "key_missing": Cause.KEY_MISSING,
    "tag_twice": Cause.TAG_TWICE,
    "csp_script": Cause.CSP_SCRIPT,
    "csp_connect": Cause.CSP_CONNECT,
    "consent_held": Cause.CONSENT,
    "tag_manager": Cause.TAG_MANAGER,
    "block_list": Cause.BLOCK_LIST,
    "403": Cause.PAGE_REFUSED,
    "404": Cause.PAGE_MISSING,
    "503": Cause.PAGE_FAILS,
}


@pytest.mark.parametrize(("page", "cause"), IN_THE_SOURCE.items())
def test_without_a_browser_the_source_tells_what_it_can(world: World, page: str, cause: Cause) -> None:
    answers = diagnose(found_at(world, page, Visit()))
    assert answers[0].cause is cause
    assert (Cause.SOURCE_ONLY in [one.cause for one in answers]) is (cause in (Cause.SOURCE_ONLY, Cause.BLOCK_LIST))


def test_what_the_door_refuses_by_domain_is_said_with_the_domain(world: World, look_at: Look) -> None:
    answer = first(look_at, world.url("well", "elsewhere.example"))
    assert (answer.cause, answer.values["host"]) == (Cause.DOMAIN_NOT_LISTED, "elsewhere.example")
    assert world.posts[0] == (KEY, f"http://elsewhere.example:{world.port}")


def test_a_redirect_to_another_domain_is_told_from_a_wrong_domain(world: World, look_at: Look) -> None:
    answer = first(look_at, world.url("to/elsewhere"))
    assert (answer.cause, answer.values["host"]) == (Cause.REDIRECT_ELSEWHERE, "elsewhere.example")


def test_a_redirect_to_www_is_no_other_domain(world: World, look_at: Look) -> None:
    assert first(look_at, world.url("to/www")).cause is Cause.WELL


def test_a_site_that_rests_is_said_before_its_tag(world: World, look_at: Look) -> None:
    world.door_answers = (400, "site")
    answer = first(look_at, world.url("well"), facts=world.facts(status="paused"))
    assert (answer.cause, answer.values) == (Cause.SITE_RESTS, {"status": "paused"})


@pytest.mark.parametrize(("reason", "word"), [("excluded", "address"), ("rate", "more"), ("something", "something")])
def test_a_refusal_gives_the_doors_own_reason(world: World, look_at: Look, reason: str, word: str) -> None:
    world.door_answers = (400, reason)
    answer = first(look_at, world.url("well"))
    assert answer.cause is Cause.DOOR_REFUSED
    assert word in answer.values["why"]


def test_a_door_that_fails_is_named(world: World, look_at: Look) -> None:
    world.door_answers = (502, "")
    answer = first(look_at, world.url("well"))
    assert (answer.cause, answer.values["why"]) == (Cause.DOOR_UNREACHABLE, "502")


def test_the_policys_fix_is_what_to_copy(world: World, visits: dict[str, Visit]) -> None:
    values = diagnose(found_at(world, "csp_script", visits["csp_script"]))[0].values
    assert values["directive"] == "script-src"
    assert values["directives"] == (
        f"script-src 'self' https://cdn.example {world.track}; connect-src 'self' {world.track}"
    )


def test_the_check_is_no_visitor(visits: dict[str, Visit]) -> None:
    assert [(one.status, one.reason) for one in visits["well"].sent] == [(202, "bot_declared")]


def test_nothing_is_sent_by_a_tag_that_is_held(visits: dict[str, Visit]) -> None:
    assert (visits["consent_held"].globals, visits["consent_held"].sent) == (["Cookiebot"], [])
