"""Patterns of block lists: ours, and those of a list that the operator has put beside the databases."""

from pathlib import Path

import pytest

from apps.installation.blocklists import FILE, blocking_rule, rule_read

PAGE = "https://shop.example/"


@pytest.mark.parametrize(
    ("url", "rule"),
    [
        ("https://shop.example/k7/b.js", ""),
        ("https://shop.example/k7/api/track/batch", ""),
        ("https://door.example/api/track/batch", ""),
        ("https://shop.example/stats/b.js", "the folder “/stats/”"),
        ("https://shop.example/stats/api/track/batch", "the folder “/stats/”"),
        ("https://analytics.agency.example/b.js", "the host name “analytics.”"),
        ("https://tracksuits.example/b.js", ""),
    ],
)
def test_names_that_give_a_measuring_service_away(url: str, rule: str) -> None:
    assert blocking_rule([url], page_url=PAGE) == rule


@pytest.mark.parametrize(
    ("line", "blocks"),
    [
        ("||door.example^", True),
        ("||door.example^$third-party", True),
        ("||door.example^$~third-party", False),
        ("||oor.example^", False),
        ("|https://door", True),
        ("/b.js|", True),
        ("/b.*s", True),
        ("/b.js^x", False),
        ("door.example/b.js$script,third-party", True),
        ("||door.example^$domain=other.example", False),
        ("! ||door.example^", False),
        ("shop.example##.door", False),
        ("*", False),
    ],
)
def test_the_operators_own_list_is_read(tmp_path: Path, line: str, blocks: bool) -> None:
    (tmp_path / FILE).write_text(f"[Adblock Plus 2.0]\n{line}\n")
    found = blocking_rule(["https://door.example/b.js"], page_url=PAGE, folder=tmp_path)
    assert found == (f"the rule “{line}” of {FILE}" if blocks else "")


def test_an_exception_saves_the_tag(tmp_path: Path) -> None:
    (tmp_path / FILE).write_text("||door.example^\n@@||door.example/b.js\n")
    assert blocking_rule(["https://door.example/b.js"], page_url=PAGE, folder=tmp_path) == ""


def test_a_list_that_changes_is_read_anew(tmp_path: Path) -> None:
    import os

    file = tmp_path / FILE
    file.write_text("||other.example^\n")
    os.utime(file, ns=(1, 1))
    assert not blocking_rule(["https://door.example/b.js"], page_url=PAGE, folder=tmp_path)
    file.write_text("||door.example^\n")
    os.utime(file, ns=(2, 2))
    assert blocking_rule(["https://door.example/b.js"], page_url=PAGE, folder=tmp_path)


def test_regular_expressions_are_left_out() -> None:
    assert rule_read(r"/ads[0-9]+\.js/") is None
