"""Turning the published crawler lists into one table."""

import json
import re

import pytest

from apps.networks.crawlers import crawler_table, required_literal

ISBOT = (
    'x\nvar patterns_default = [\n  "(?<! channel/|google/)google(?!app)",\n'
    '  "chromeframe",\n  "^[\\\\w\\\\d-.]+$"\n];\nvar y = 1'
)


@pytest.mark.parametrize(
    ("pattern", "literal"),
    [
        ("Googlebot\\/", "googlebot/"),
        ("mail\\.ru", "mail.ru"),
        ("[eE]xabot", "xabot"),
        ("(^| )sentry/", "sentry/"),
        ("AdsBot-Google([^-]|$)", "adsbot-google"),
        ("bots?\\b", "bot"),
        ("colou?r bot", "r bot"),
        ("a|b", ""),
        ("(abc)", ""),
        ("x{3}yyy", "yyy"),
        ("ab", ""),
        ("^\\w+/\\d", ""),
        ("Foo+bar", "foo"),
    ],
)
def test_the_literal_stands_in_every_match(pattern: str, literal: str) -> None:
    assert required_literal(pattern) == literal


def test_the_table_holds_named_own_and_general_rows() -> None:
    bots = [
        {"pattern": "Googlebot\\/", "instances": ["Googlebot/2.1 (+http://example.com)"], "tags": ["search-engine"]},
        {"pattern": "[Ww]get", "instances": ["Wget/1.14"]},
        {"pattern": "NoExample"},
    ]
    table = crawler_table(json.dumps(bots), ISBOT, head=["Head."])
    rows = [line.split("\t") for line in table.splitlines()]
    assert rows[0] == ["# Head."]
    assert rows[1] == ["Googlebot", "search-engine", "", "googlebot/", "Googlebot/"]
    assert rows[2][:1] + rows[2][3:] == ["Wget", "get", "[Ww]get"]
    assert rows[3] == ["NoExample", "", "", "noexample", "NoExample"]
    assert [row[0] for row in rows[4:6]] == ["CFNetwork", "Dalvik"]
    assert rows[6] == ["", "", "i", "google", "(?<! channel/)(?<!google/)google(?!app)"]
    assert "chromeframe" not in table
    assert re.search(rows[7][4], "some-bot.x")


@pytest.mark.parametrize(
    ("crawlers", "isbot"),
    [
        ("[]", ISBOT),
        ("{}", ISBOT),
        ("no json", ISBOT),
        ('[{"pattern": "("}]', ISBOT),
        ('[{"pattern": "a\\tb"}]', ISBOT),
        ('[{"pattern": "abc"}]', ""),
    ],
)
def test_lists_of_another_form_are_refused(crawlers: str, isbot: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        crawler_table(crawlers, isbot, head=[])
