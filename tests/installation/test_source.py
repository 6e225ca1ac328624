"""Reading a page's HTML."""

import time
from dataclasses import replace

import pytest

from apps.installation.source import MOST_TAGS, source_read

from .test_judgement import SITE as BARE_SITE

SITE = replace(BARE_SITE, path_token="theword")


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
        ("<script src=/x.js data-site-id=abcdefghjkmnpqr2></script>",
         ("https://shop.example/x.js", "abcdefghjkmnpqr2", False)),
        ("<script src=/b.js data-site-id=1></script>", ("https://shop.example/b.js", "1", False)),
        ("<script src=/theword.js data-site-id></script>", ("https://shop.example/theword.js", "", False)),
        ("<script src=https://door.example/c.js data-site-id=1></script>", ("https://door.example/c.js", "1", False)),
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
        # Another service that uses the same attribute, for a number or a key of its own form.
        "<script src=https://app.example/api/script.js data-site-id=1></script>",
        "<script src=https://app.example/api/script.js data-site-id=0a1b2c3d4e5f></script>",
        "<script src=https://app.example/api/script.js data-site-id></script>",
        "<p data-site-id=k src=/b.js>",
    ],
)
def test_what_no_browser_runs_is_no_tag(html: str) -> None:
    assert tags(html) == []


@pytest.mark.parametrize(
    "html",
    [
        "<!-- <noscript> --><script src=/b.js data-site-id=k></script><noscript>gone</noscript>",
        "<!--><script src=/b.js data-site-id=k></script>-->",
        "<!-- a --!><script src=/b.js data-site-id=k></script>",
        "<template><template></template>İ</template><script src=/b.js data-site-id=k></script>",
        "</template><script src=/b.js data-site-id=k></script>",
        "<p title='<script>' alt=\">\"><script src=/b.js data-site-id=k></script>",
        "<? echo ?><script src=/b.js data-site-id=k></script>",
        "a < b <script\nsrc = '&#47;b.js'\fdata-site-id=k data-site-id=z async/></script\t>",
        "İİİ<textarea></TEXTAREA ><script src=/b.js data-site-id=k></script>",
        "<script>if (a</script/b)</script><script src=/b.js data-site-id=k></script>",
        '<b x=y"><script src=/b.js data-site-id=k></script>',
    ],
)
def test_what_a_browser_runs_is_found(html: str) -> None:
    assert tags(html) == [("https://shop.example/b.js", "k", False)]


@pytest.mark.parametrize(
    "html",
    [
        "<plaintext><script src=/b.js data-site-id=k></script>",
        "<script src=/b.js data-site-id=k>",
        "<b title='<script src=/b.js data-site-id=k></script>",
        "<!-- <script src=/b.js data-site-id=k></script>",
    ],
)
def test_what_the_page_ends_in_the_middle_of_is_no_tag(html: str) -> None:
    assert tags(html) == []


@pytest.mark.parametrize("broken", ["//[domain]/x.js", "http://[x", "https://x:99999/x.js", "http://x:²/"])
def test_an_address_that_is_none_spoils_nothing(broken: str) -> None:
    html = f"<base href='{broken}'><script src='{broken}' data-site-id=k></script>{TAG_OF_OURS}"
    assert tags(html, "https://shop.example/") == [("https://shop.example/b.js", "k", False)]


LENGTH = 2 * 2**20
TAG_OF_OURS = "<script src=/b.js data-site-id=k></script>"


@pytest.mark.parametrize(
    "part",
    [
        "<div>", "<b class=1><p>", "<table><tr><td>", "<!-- ", "<!--<!", "<noscript>", "<script>", "<b ", "<", "</",
        "<b =", "<b a='", "<b a=\"'", "a=' ", "</script ", "<svg><title>", "<template>", "<script></script>",
        TAG_OF_OURS, "<base href=/a/>", "<script>assets.adobedtm.com launch-</script>",
    ],
)  # fmt: skip
def test_a_page_made_to_be_slow_is_read_quickly(part: str) -> None:
    """A tree of these nests 400,000 deep, for which a parser needs minutes."""
    begun = time.process_time()
    source_read(part * (LENGTH // len(part)), url="https://shop.example/", site=SITE)
    assert time.process_time() - begun < 12


def test_of_scripts_and_addresses_without_end_some_are_read() -> None:
    base = f"<base href=/{'a/' * 400_000}>"
    begun = time.process_time()
    found = source_read(base + TAG_OF_OURS * 30_000, url="https://shop.example/", site=SITE)
    assert len(found.tags) <= MOST_TAGS
    found = source_read("<script>assets.adobedtm.com " + "launch-" * 200_000, url="https://shop.example/", site=SITE)
    assert time.process_time() - begun < 12


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
