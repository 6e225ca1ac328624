"""Patterns of pages as people write them: which pages meet which."""

import random
import re
import time

import pytest

from apps.sites.goals.conditions import condition_written
from apps.sites.goals.patterns import Page, page_matches, pattern_written, stars_expression


@pytest.mark.parametrize(
    ("pattern", "meets", "doesnt"),
    [
        # This page, with or without a slash at its end.
        ("/thanks", ["/thanks", "/thanks/", "/Thanks"], ["/thanks/you", "/thanks2", "/a/thanks", "/"]),
        ("/thanks/", ["/thanks", "/thanks/"], ["/thanks/you"]),
        ("/", ["/"], ["/a"]),
        # A star stands for anything, slashes too.
        ("/thanks*", ["/thanks", "/thanks/", "/thanks2", "/thanks/you"], ["/a/thanks", "/thank"]),
        ("/thanks/*", ["/thanks/", "/thanks/you"], ["/thanks"]),
        ("/shop/*/done", ["/shop/a/done", "/shop/a/b/done/"], ["/shop/done", "/shop/a/done/x"]),
        ("*done", ["/done", "/a/done", "/adone/"], ["/done/x"]),
        ("/a**b", ["/ab", "/a/x/b"], ["/a"]),
        # Without a slash before it: the address contains it.
        ("thanks", ["/thanks", "/a/thanks-you", "/THANKS/b"], ["/thank", "/"]),
        ("thanks/you", ["/a/thanks/you/b"], ["/thanks"]),
        # What means something in a regular expression or in LIKE means itself.
        ("/a.b", ["/a.b"], ["/axb"]),
        ("/a_b%+(c)", ["/a_b%+(c)"], ["/axb%+(c)", "/a_b"]),
        # Letters beyond ASCII, written either way.
        ("/café", ["/caf%C3%A9", "/caf%c3%a9/", "/café"], ["/caf", "/cafe"]),
        ("/caf%C3%A9*", ["/café/menu", "/caf%C3%A9"], ["/cafe"]),
    ],
)
def test_a_pattern_of_a_path(pattern: str, meets: list[str], doesnt: list[str]) -> None:
    assert [path for path in meets if not page_matches(pattern, Page("shop.example", path))] == []
    assert [path for path in doesnt if page_matches(pattern, Page("shop.example", path))] == []


@pytest.mark.parametrize(
    ("pattern", "meets", "doesnt"),
    [
        ("shop.example/thanks", ["shop.example/thanks", "www.shop.example/thanks/"], ["other.example/thanks"]),
        ("https://www.shop.example/thanks*", ["shop.example/thanks/a"], ["shop.example/a", "a.shop.example/thanks"]),
        ("http://shop.example", ["shop.example/"], ["shop.example/a"]),
        ("*.shop.example/thanks", ["a.shop.example/thanks"], ["shop.example/thanks"]),
        ("https://localhost/done", ["localhost/done"], ["shop.example/done"]),
    ],
)
def test_a_pattern_with_a_host_is_met_there_alone(pattern: str, meets: list[str], doesnt: list[str]) -> None:
    def pages(texts: list[str]) -> list[Page]:
        return [Page(text.partition("/")[0], "/" + text.partition("/")[2]) for text in texts]

    assert [page for page in pages(meets) if not page_matches(pattern, page)] == []
    assert [page for page in pages(doesnt) if page_matches(pattern, page)] == []


@pytest.mark.parametrize(
    ("pattern", "query", "fragment", "meets"),
    [
        ("/find?q=shoes", "q=shoes", "", True),
        ("/find?q=shoes", "q=shoes&page=2", "", False),
        ("/find?*q=shoes*", "page=2&q=shoes", "", True),
        ("?q=shoes", "q=shoes", "", True),
        ("/find", "q=shoes", "", True),
        ("/find#/done", "", "/done", True),
        ("/find#/done", "", "/cart", False),
        ("/find", "", "/cart", True),
    ],
)
def test_query_and_hash_route_count_where_the_pattern_has_them(
    pattern: str, query: str, fragment: str, meets: bool
) -> None:
    assert page_matches(pattern, Page("shop.example", "/find", query, fragment)) is meets


def test_an_empty_pattern_is_met_by_every_page() -> None:
    assert page_matches("", Page("", "/anything"))


@pytest.mark.parametrize(
    ("text", "kept"), [(" /thanks ", "/thanks"), ("https://shop.example/a", "https://shop.example/a"), ("a*", "a*")]
)
def test_a_pattern_is_kept_as_it_was_written(text: str, kept: str) -> None:
    assert pattern_written(text) == kept


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "Say which page"),
        (" ** ", "Say which page"),
        ("/a b", "no spaces"),
        ("/" + "a" * 500, "500 letters"),
        ("/a" + "*a" * 11, "10 stars"),
        ("https:///thanks", "comes a host"),
        ("https://thanks", "comes a host"),
    ],
)
def test_one_that_cant_be_meant_is_refused_in_words(text: str, says: str) -> None:
    with pytest.raises(ValueError, match=says):
        pattern_written(text)


def test_many_stars_find_what_trying_every_place_finds() -> None:
    draw = random.Random(7)
    for _ in range(20_000):
        pattern = "".join(draw.choices("ab/*", k=draw.randint(1, 9)))
        subject = "".join(draw.choices("ab/", k=draw.randint(0, 9)))
        *pieces, last = pattern.split("*")
        # With a slash that may be there or not, as a page's pattern ends.
        last = draw.choice([last, f"{last}/?"])
        everywhere = re.fullmatch(".*".join([*pieces, last]), subject)
        found = re.fullmatch(stars_expression([*pieces, last]), subject)
        assert (found is None) is (everywhere is None), (pattern, last, subject)


def test_no_pattern_takes_long() -> None:
    began = time.process_time()
    assert not page_matches("*a" * 10 + "b", Page("shop.example", "/" + "a" * 2000))
    assert not page_matches("/*" * 9 + "x/", Page("shop.example", "/" * 2000))
    assert time.process_time() - began < 1


@pytest.mark.parametrize(("prop", "value"), [("a\0b", "1"), ("plan", "te\0am")])
def test_a_condition_with_a_null_is_refused_in_words(prop: str, value: str) -> None:
    with pytest.raises(ValueError, match="can’t be kept"):
        condition_written(prop, "is", value)
