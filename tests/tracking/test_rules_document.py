"""docs/rules.md says what the code does."""

from apps.tracking.filters import OP_LABELS
from apps.tracking.rules import behaviour, work
from apps.tracking.rules.conditions import RULE_FIELDS
from config.env import ROOT

TEXT = (ROOT / "docs" / "rules.md").read_text(encoding="utf-8")
TABLE = TEXT.partition("| about |")[2].partition("\n\n")[0]
# What the table calls fields that the page gives a longer name.
SHORT = {"pageviews": "page views", "events": "events"}


def test_it_lists_every_field() -> None:
    for field in RULE_FIELDS.values():
        assert SHORT.get(field.name, field.label.lower()) in TABLE.lower(), field.name


def test_it_names_every_way_to_ask() -> None:
    for label in OP_LABELS.values():
        assert label in TABLE


def test_it_gives_the_limits_of_behaviour() -> None:
    text = " ".join(TEXT.split())
    assert f"{behaviour.FAST_PAGEVIEWS} page views or more at less than {behaviour.FAST_MS_EACH} ms each" in text
    assert f"or {behaviour.BURST_PAGEVIEWS} at less than {behaviour.BURST_MS_EACH} ms each" in text


def test_it_gives_the_slices() -> None:
    assert f"slices of {work.SLICE_VISITS} visits" in TEXT
