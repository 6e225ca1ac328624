"""A company's page in words: the sentence on top, the grounds of the match."""

from collections.abc import Sequence
from dataclasses import dataclass

from apps.companies.models import Company
from apps.core import formats

from .one import Ground

KINDS = {"business": "Company", "education": "School or university", "government": "Public authority"}
# From these confidences on, in words.
WORDS = ((0.8, "High"), (0.6, "Fair"), (0.0, "Low"))
DOUBTS = {
    "business": "Guests and partners sometimes use a company's network; one visit alone proves little.",
    "education": "Many people share this network, students most of all: whoever it was need not act for it.",
    "government": "Citizens' terminals and schools may sit behind an authority's network.",
}


@dataclass(frozen=True, slots=True)
class Confidence:
    """How sure the match is: the word, the ratio 0-1, and the bar's width in percent."""

    word: str
    ratio: float
    width: int


def kind_label(kind: str) -> str:
    return KINDS.get(kind, KINDS["business"])


def confidence(grounds: Sequence[Ground]) -> Confidence | None:
    """Return how sure we are by the surest ground; None without any."""
    if not grounds:
        return None
    ratio = max(ground.confidence_ratio for ground in grounds)
    word = next(word for least, word in WORDS if ratio >= least)
    return Confidence(word=word, ratio=ratio, width=round(100 * ratio))


def ground_lines(company: Company, grounds: Sequence[Ground]) -> list[str]:
    return [_ground_line(company, ground) for ground in grounds]


def _ground_line(company: Company, ground: Ground) -> str:
    asn = ground.evidence.get("asn", "")
    number = f", {asn}" if asn else ""
    source = ground.evidence.get("source", "local")
    told = f"told by {'the local databases' if source == 'local' else source}"
    return f"Network registered to {company.name}{number}, in {_visits(ground.visits)}, {told}"


def summary(company: Company, *, visits: int, pages: Sequence[str]) -> str:
    """Return the page's first sentence: how often they came and what they read longest."""
    if not visits:
        return f"No visit of {company.name} is kept any more."
    read = f" Read longest: {', '.join(pages)}." if pages else ""
    return f"{_visits(visits).capitalize()} so far.{read}"


def _visits(count: int) -> str:
    return f"{formats.number(count)} visit{'' if count == 1 else 's'}"
