"""Rules that all templates keep: nothing inline that the browser's policy forbids, no icon that isn't in the sprite."""

import json
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
TEMPLATES = sorted((ROOT / "templates").rglob("*.html"))
# Beacon's own, beside Lucide's: static/build/icons.mjs.
OWN = {"logo", "t-cold", "t-hot", "t-warm"}
ICONS = {*json.loads((ROOT / "static/icons/lucide.json").read_text()), *OWN}
# Mails are read where no stylesheet is fetched.
PAGES = [path for path in TEMPLATES if "mail" not in path.parts and "email" not in path.parts]
FORBIDDEN = {
    "a style attribute": re.compile(r"<[a-z][^>]*\sstyle\s*=", re.IGNORECASE),
    "a style element": re.compile(r"<style[\s>]", re.IGNORECASE),
    "an event attribute": re.compile(r"<[a-z][^>]*\son[a-z]+\s*=", re.IGNORECASE),
    "hx-on": re.compile(r"\shx-on[:\s=-]", re.IGNORECASE),
    "a js: value": re.compile(r"hx-[a-z]+\s*=\s*[\"']\s*(js|javascript):", re.IGNORECASE),
    "an inline script": re.compile(r"<script(?![^>]*\ssrc=)[^>]*>", re.IGNORECASE),
    "another host's file": re.compile(r"<(?:script|link|img)[^>]*(?:src|href)=[\"']https?://", re.IGNORECASE),
}


@pytest.mark.parametrize("what", FORBIDDEN)
def test_no_page_holds(what: str) -> None:
    found = [str(path.relative_to(ROOT)) for path in PAGES if FORBIDDEN[what].search(_without_comments(path))]
    assert found == []


def test_every_icon_is_in_the_sprite() -> None:
    used = {
        (name, path.name) for path in TEMPLATES for name in re.findall(r"{%\s*icon\s+\"([^\"]+)\"", path.read_text())
    }
    assert sorted(pair for pair in used if pair[0] not in ICONS) == []


def test_the_sprites_icons_are_listed_once_and_in_order() -> None:
    names = json.loads((ROOT / "static/icons/lucide.json").read_text())
    assert names == sorted(set(names))


def _without_comments(path: Path) -> str:
    text = re.sub(r"{%\s*comment.*?endcomment\s*%}", "", path.read_text(), flags=re.DOTALL)
    return re.sub(r"{#.*?#}", "", text)
