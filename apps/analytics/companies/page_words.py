"""A company's page in words: the sentence on top, the grounds of the match."""

from collections.abc import Sequence
from dataclasses import dataclass

from apps.companies.models import Company
from apps.core import formats
from apps.core.countries import country_name

from .one import Ground

KINDS = {
    "business": "Company",
    "education": "School or university",
    "government": "Public authority",
    # Where an agency has them shown.
    "consumer": "Internet provider",
    "hosting": "Data centre",
}
# From these confidences on, in words.
WORDS = ((0.8, "High"), (0.6, "Fair"), (0.0, "Low"))
DOUBTS = {
    "business": "Guests and partners sometimes use a company's network; one visit alone proves little.",
    "education": "Many people share this network, students most of all: whoever it was need not act for it.",
    "government": "Citizens' terminals and schools may sit behind an authority's network.",
    "consumer": "Its customers' visits, at home and at work: hardly ever somebody who acts for the provider.",
    "hosting": "Whoever rents a machine there, often a program: hardly ever somebody who acts for the host.",
}


@dataclass(frozen=True, slots=True)
class Confidence:
    """How sure the match is: the word, the ratio 0-1, and the bar's width in percent."""

    word: str
    ratio: float
    width: int


def kind_label(kind: str) -> str:
    return KINDS.get(kind, KINDS["business"])


def seat(company: Company) -> str:
    """Return where a company has its seat; empty where nobody has said."""
    places = [company.city, country_name(company.country) if company.country else ""]
    return ", ".join(place for place in places if place)


def confidence(grounds: Sequence[Ground]) -> Confidence | None:
    """Return how sure we are of the surest visit; None without any."""
    if not grounds:
        return None
    ratio = max(ground.visit_ratio for ground in grounds)
    word = next(word for least, word in WORDS if ratio >= least)
    return Confidence(word=word, ratio=ratio, width=round(100 * ratio))


def summary(company: Company, *, visits: int, pages: Sequence[str]) -> str:
    """Return the page's first sentence: how often they came and what they read longest."""
    if not visits:
        return f"No visit of {company.name} is kept any more."
    read = f" Read longest: {', '.join(pages)}." if pages else ""
    return f"{_visits(visits).capitalize()} so far.{read}"


def _visits(count: int) -> str:
    return f"{formats.number(count)} visit{'' if count == 1 else 's'}"
