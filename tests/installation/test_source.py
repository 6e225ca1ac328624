"""Reading a page's HTML."""

import time

import pytest

from apps.installation.source import source_read, without_noscript

from .test_judgement import SITE


def tags(html: str, url: str = "https://shop.example/a/b") -> list[tuple[str, str, bool]]:
    return [(tag.src, tag.site_key, tag.is_held) for tag in source_read(html, url=url, site=SITE).tags]


@pytest.mark.parametrize(
    ("html", "expected"),
    [
        ("<script src=https://door.example/b.js data-site-id=k></script>", ("https://door.example/b.js", "k", False)),
        ("<SCRIPT SRC='/k7/x.js' DATA-SITE-ID=' k '></SCRIPT>", ("https://shop.example/k7/x.js", "k", False)),
        ("<script src=b.js data-site-id=k></script>", ("https://shop.example/a/b.js", "k", False)),
        ("<base href=/c/><script src=b.js data-site-id=k></script>", ("https://shop.example/c/b.js", "k", False)),
        ("<script src=https://door.example/b.js?v=2></script>", ("https://door.example/b.js?v=2", "", False)),
        ("<script type=text/plain src=/b.js data-site-id=k></script>", ("https://shop.example/b.js", "k", True)),
        ("<script type=module src=/b.js data-site-id=k></script>", ("https://shop.example/b.js", "k", False)),
        ("<script data-src=/b.js data-site-id=k></script>", ("https://shop.example/b.js", "k", True)),
    ],
)  # fmt: skip
def test_the_tag_is_found_in_its_forms(html: str, expected: tuple[str, str, bool]) -> None:
    assert tags(html) == [expected]


@pytest.mark.parametrize(
    "html",
    [
        "<!-- <script src=/b.js data-site-id=k></script> -->",
        "<noscript><script src=/b.js data-site-id=k></script></noscript>",
        "<template><script src=/b.js data-site-id=k></script></template>",
        "<textarea><script src=/b.js data-site-id=k></script></textarea>",
        "<script>'<script src=/b.js data-site-id=k>'</script>",
        "<script src=/b.js></script>",
        "<p data-site-id=k src=/b.js>",
    ],
)
def test_what_no_browser_runs_is_no_tag(html: str) -> None:
    assert tags(html) == []


def test_a_noscript_in_a_comment_ends_nothing() -> None:
    html = "<!-- <noscript> --><b>kept</b><noscript>gone</noscript><i>kept too</i>"
    assert without_noscript(html) == "<!-- <noscript> --><b>kept</b></noscript><i>kept too</i>"


def test_a_page_made_to_be_slow_is_read_quickly() -> None:
    for part in ("<!-- ", "<noscript>", "<script>", "<b "):
        begun = time.monotonic()
        source_read(part * 200_000, url="https://shop.example/", site=SITE)
        assert time.monotonic() - begun < 5


def test_managers_tools_and_policies_are_told() -> None:
    found = source_read(
        '<meta http-equiv="content-security-policy" content="script-src *">'
        '<script src="https://www.googletagmanager.com/gtm.js?id=GTM-XY12"></script>'
        '<script src="https://consent.cookiebot.com/uc.js"></script><script>var id = "k-of-site";</script>',
        url="https://shop.example/",
        site=SITE,
        headers=[("content-security-policy", "default-src 'self'"), ("server", "x")],
    )
    assert found.managers == [("Google Tag Manager", "GTM-XY12")]
    assert found.consent_tools == ["Cookiebot"]
    assert found.policies == ["default-src 'self'", "script-src *"]
    assert found.mentions_tag
