"""A figure against the one before: arrow, sign and word, good or bad only where it means something. Pure."""

from dataclasses import dataclass
from enum import StrEnum
from math import sqrt

from . import formats

# Below this many on the smaller side a percentage says nothing: "not enough data".
ENOUGH = 10
# Changes below these are noise and stay grey; counts must also leave two standard deviations of a Poisson count behind.
NOISE_RATIO = 0.05
NOISE_POINTS = 1.0
NOISE_DEVIATIONS = 2.0


class Kind(StrEnum):
    """What a figure is, which decides how its change is said."""

    COUNT = "count"  # +15.7% more
    RATIO = "ratio"  # −2.4 pt lower; figures are 0-1
    DURATION = "duration"  # +9s longer; figures are seconds
    VALUE = "value"  # −1.3% fewer; a mean, such as views per visit


@dataclass(frozen=True, slots=True)
class Change:
    """`direction`: up, down, same, or empty where there is not enough data. `tone`: good, bad or empty."""

    direction: str
    text: str
    word: str
    tone: str = ""

    @property
    def icon(self) -> str:
        return {"up": "arrow-up", "down": "arrow-down"}.get(self.direction, "minus")

    @property
    def is_known(self) -> bool:
        return bool(self.direction)


UNKNOWN = Change(direction="", text="", word="not enough data")
_WORDS = {
    Kind.COUNT: ("more", "fewer"),
    Kind.VALUE: ("more", "fewer"),
    Kind.RATIO: ("higher", "lower"),
    Kind.DURATION: ("longer", "shorter"),
}


def change(
    now: float | None,
    before: float | None,
    *,
    kind: Kind = Kind.COUNT,
    better: str = "up",
    sample: int | None = None,
) -> Change:
    """Return how `now` differs from `before`.

    `better`: "up" or "down" is the good direction, "" neither. `sample`: how many visits the smaller side rests on,
    for ratios and means; a count is its own sample.
    """
    if now is None or before is None or not _is_enough(now, before, kind, sample):
        return UNKNOWN
    text = _text(now, before, kind)
    if text.startswith("±"):
        return Change("same", text, "same")
    rises = now > before
    word = _WORDS[kind][0 if rises else 1]
    tone = "" if not better or _is_noise(now, before, kind) else "good" if rises == (better == "up") else "bad"
    return Change("up" if rises else "down", text, word, tone)


def _is_enough(now: float, before: float, kind: Kind, sample: int | None) -> bool:
    if kind is Kind.COUNT:
        return before >= ENOUGH or now == before
    if sample is not None and sample < ENOUGH:
        return False
    return before > 0 or kind is not Kind.VALUE


def _text(now: float, before: float, kind: Kind) -> str:
    if kind is Kind.RATIO:
        return f"{formats.signed((now - before) * 100, 1)} pt"
    if kind is Kind.DURATION:
        seconds = round(now) - round(before)
        return f"{formats.signed(seconds)[0]}{formats.duration(abs(seconds))}"
    ratio = 0.0 if now == before else (now - before) / before * 100
    return f"{formats.signed(ratio, 0 if abs(ratio) >= 100 else 1)}%"


def _is_noise(now: float, before: float, kind: Kind) -> bool:
    difference = abs(now - before)
    if kind is Kind.RATIO:
        return difference * 100 < NOISE_POINTS
    if kind is Kind.COUNT and difference < NOISE_DEVIATIONS * sqrt(now + before):
        return True
    return before > 0 and difference / before < NOISE_RATIO
