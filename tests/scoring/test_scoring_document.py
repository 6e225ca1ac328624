"""docs/scoring.md says what the code does."""

from apps.scoring.changing import MOST_RULES
from apps.scoring.defaults import DEFAULT_SCORING
from apps.scoring.effect import EFFECT_DAYS, MOST_COMPANIES
from apps.scoring.formulas import HALF_LIFE, HORIZON, HOT_FROM, HOT_UNTIL, WARM_FROM, WARM_UNTIL, total_of
from apps.scoring.kinds import KINDS
from apps.scoring.rules import Weights
from apps.scoring.trial import MOST_TRIED, TRIAL_DAYS
from config.env import ROOT

TEXT = " ".join((ROOT / "docs" / "scoring.md").read_text(encoding="utf-8").split())


def test_it_names_every_kind() -> None:
    assert [kind.label for kind in KINDS.values() if f"| {kind.label.lower()} |" not in TEXT] == []


def test_it_gives_the_points_of_every_default_rule() -> None:
    said = TEXT.split("Rules out of the box:")[1].split(".")[0]
    for rule in DEFAULT_SCORING.rules:
        assert (f"{rule.points:g} ({rule.cap:g}" if rule.points > 0 else f"{rule.points:g}") in said, rule


def test_it_gives_the_limits_and_thresholds() -> None:
    assert f"half-life of {HALF_LIFE.days} days" in TEXT
    assert f"older than {HORIZON.days} days" in TEXT
    assert 2 ** (-HORIZON / HALF_LIFE) < 1 / 50_000_000
    assert f"entered at {HOT_FROM} and left below {HOT_UNTIL}" in TEXT
    assert f"entered at {WARM_FROM} and left below {WARM_UNTIL}" in TEXT
    assert f"can be {MOST_RULES} rules" in TEXT
    assert f"past {EFFECT_DAYS} days, the {MOST_COMPANIES:,} latest" in TEXT
    assert f"past {TRIAL_DAYS} days (the {MOST_TRIED:,} latest" in TEXT


def test_its_example_is_right() -> None:
    assert round(total_of(Weights(), contact=None, fit=None, intent=60, engagement=40, learned=None)) == 46
    assert round(total_of(Weights(), contact=None, fit=100, intent=60, engagement=40, learned=None)) == 64
