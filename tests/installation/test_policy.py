"""Content-Security-Policy by the rules of CSP Level 3, as far as an address tells."""

import pytest

from apps.installation.policy import CONNECT, SCRIPT, fixed, parse, rules

PAGE = "https://shop.example/"
URL = "https://door.example/b.js"


@pytest.mark.parametrize(
    ("policy", "allows", "directive"),
    [
        ("", True, ""),
        ("img-src 'none'", True, ""),
        ("default-src 'self'", False, "default-src"),
        ("default-src 'none'; script-src *", True, ""),
        ("script-src 'self' https://door.example", True, ""),
        ("script-src door.example", True, ""),
        ("script-src *.example", True, ""),
        ("script-src *.door.example", False, "script-src"),
        ("script-src https:", True, ""),
        ("script-src http:", True, ""),
        ("script-src https://door.example:8443", False, "script-src"),
        ("script-src https://door.example:*", True, ""),
        ("script-src https://door.example:² https://door.example:٤٤٣", False, "script-src"),
        ("script-src https://door.example:443", True, ""),
        ("script-src https://door.example/b.js", True, ""),
        ("script-src https://door.example/js/", False, "script-src"),
        ("script-src 'none'", False, "script-src"),
        ("script-src https://door.example; script-src-elem 'self'", False, "script-src-elem"),
        ("SCRIPT-SRC 'self'; script-src https://door.example", False, "script-src"),
        # Whether a nonce is the tag's own, or trust is passed on to it, an address doesn't tell.
        ("script-src 'nonce-abc' 'strict-dynamic'", True, ""),
        # Several policies: each has to let it through.
        ("script-src *, script-src 'self'", False, "script-src"),
    ],
)
def test_a_policy_lets_the_tag_load_or_not(policy: str, allows: bool, directive: str) -> None:
    ruling = rules([policy], SCRIPT, URL, page_url=PAGE)
    assert (ruling.allows, ruling.directive) == (allows, directive)


def test_self_is_the_pages_own_host() -> None:
    assert rules(["script-src 'self'"], SCRIPT, "https://shop.example/k7/b.js", page_url=PAGE).allows
    assert not rules(["connect-src 'self'"], CONNECT, URL, page_url=PAGE).allows


@pytest.mark.parametrize(
    ("policy", "expected"),
    [
        ("default-src 'self'", "script-src 'self' https://d.example; connect-src 'self' https://d.example"),
        ("script-src 'self'; img-src *", "script-src 'self' https://d.example"),
        ("script-src 'none'; connect-src *", "script-src https://d.example; connect-src * https://d.example"),
        (
            "script-src-elem a.example; connect-src https://d.example",
            "script-src-elem a.example https://d.example; connect-src https://d.example",
        ),
    ],
)
def test_the_fix_keeps_what_is_there(policy: str, expected: str) -> None:
    assert fixed(parse(policy), "https://d.example") == expected
