"""docs/goals.md says what the code does."""

from apps.sites.goals.conditions import OP_LABELS
from apps.sites.goals.patterns import Page, page_matches
from apps.sites.goals.services import MOST_GOALS
from apps.sites.goals.words import KIND_LABELS
from apps.tracking.goals.preview import MOST_EVENTS, PREVIEW_DAYS
from apps.tracking.goals.work import SLICE_EVENTS
from config.env import ROOT

TEXT = " ".join((ROOT / "docs" / "goals.md").read_text(encoding="utf-8").split())


def test_it_names_every_kind_and_every_way_to_ask() -> None:
    assert [label for label in (*KIND_LABELS.values(), *OP_LABELS.values()) if label.lower() not in TEXT] == []


def test_it_gives_the_limits() -> None:
    assert f"slices of {SLICE_EVENTS:,} events or a day" in TEXT
    assert f"latest {MOST_EVENTS:,} that may meet it" in TEXT
    assert f"past {PREVIEW_DAYS} days" in TEXT
    assert f"can have {MOST_GOALS} goals" in TEXT


def test_its_patterns_mean_what_it_says() -> None:
    host = "www.shop.example"
    for pattern, page in (
        ("/thanks", Page(host, "/thanks/")),
        ("/shop/*/done", Page(host, "/shop/a/b/done")),
        ("thanks", Page(host, "/a/thanks/b")),
        ("shop.example/thanks*", Page(host, "/thanks/b")),
        ("https://shop.example/thanks", Page(host, "/thanks")),
        ("/find?q=*", Page(host, "/find", "q=shoes")),
        ("/app#/done", Page(host, "/app", "", "/done")),
    ):
        assert f"`{pattern}`" in TEXT
        assert page_matches(pattern, page), pattern
