"""Any activity, for properties: visits of some months with views, events and conversions of all sorts."""

from datetime import timedelta
from typing import Any

from hypothesis import strategies as st

from apps.scoring.activity import Activity
from apps.scoring.defaults import DEFAULT_SCORING
from apps.scoring.rules import Match, Rule, RuleKind, Scoring

from .doing import Doing, on

PATHS = (
    "/",
    "/pricing",
    "/en/pricing/",
    "/demo",
    "/docs/api",
    "/careers/",
    "/blog/a-case-study",
    "/caf\u00e9",
    "/customers",
)
RULES = (
    *DEFAULT_SCORING.rules,
    Rule("brief", "Lately", RuleKind.PAGE, 7, 50, Match(pages=("/", "blog")), window_days=3),
    Rule("brief_less", "Lately, less", RuleKind.SCROLL, -12, -12, Match(percent=60), window_days=5),
    Rule("away", "Back", RuleKind.RECENCY, 9, 20, Match(days=10)),
    Rule("long", "Read", RuleKind.ENGAGED, 6, 30, Match(seconds=90)),
    Rule("off", "Off", RuleKind.PAGE, 99, 99, Match(pages=("/",)), is_on=False),
)
SCORING = Scoring(rules=RULES)

_page = st.tuples(st.sampled_from(PATHS), st.integers(0, 40 * 60_000), st.integers(0, 300), st.integers(0, 100))
_deed = st.tuples(st.sampled_from(("form_start", "download", "goal", "other")), st.integers(0, 40 * 60_000))
_visit = st.tuples(
    st.integers(0, 220 * 86_400_000),
    st.integers(0, 40 * 60_000),
    st.integers(1, 4),
    st.sampled_from(("Direct", "Paid Search", "Email")),
    st.lists(_page, max_size=6),
    st.lists(_deed, max_size=3),
)


def _activity(visits: list[Any]) -> Activity:
    doing = Doing()
    for start, length, visitor, channel, pages, deeds in visits:
        at = on() + timedelta(milliseconds=start)
        visit = doing.visit(at, minutes=length / 60_000, visitor=visitor, channel=channel)
        for path, after, seconds, percent in pages:
            doing.view(visit, path, at=at + timedelta(milliseconds=after), s=seconds, percent=percent)
        for name, after in deeds:
            moment = at + timedelta(milliseconds=after)
            if name == "goal":
                doing.reach(visit, 1 + after % 2, at=moment)
            else:
                doing.event(visit, name, at=moment)
    return doing.activity


activities = st.lists(_visit, min_size=1, max_size=12).map(_activity)
