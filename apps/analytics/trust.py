"""Does it add up? The ledger of a period as an equation that the reader can check."""

from collections.abc import Sequence
from dataclasses import dataclass

from apps.core import formats
from apps.tracking.advice import NO_RULES
from apps.tracking.ledger import LedgerDay, ledger_sum
from apps.tracking.ledger_lines import Term, accepted_terms, moved_text, received_terms
from apps.tracking.rules.selectors import rule_names

from .labels import refused_label, set_aside_label
from .report import Report


@dataclass(frozen=True, slots=True)
class Detail:
    """The reasons behind a term; `url` leads to what they were."""

    text: str
    url: str = ""


@dataclass(frozen=True, slots=True)
class Trust:
    """`when` says which receipts these are; `details` name the reasons."""

    received: Sequence[Term]
    accepted: Sequence[Term]
    details: Sequence[Detail]
    when: str
    is_empty: bool


def trust_view(report: Report, *, parked_url: str = "") -> Trust:
    """Return what became of everything that was received in the period's days. One query; one more if nothing was, and
    one for the names of rules that moved something later.

    The ledger is by UTC day of receipt. An imported log was received on the day of its import, so a period in which
    nothing came shows the sum of all days instead, and says so. `parked_url`: where parked ones are looked at, for
    those who may.
    """
    span = report.period.span
    whole = ledger_sum(site_id=report.site.id, first=span.first, last=span.last)
    when = f"{report.period.days_label}, by UTC day of receipt, no filter"
    if not whole.received:
        whole = ledger_sum(site_id=report.site.id)
        when = "Nothing was received on these days: this is everything since the site was added"
    return Trust(
        received=received_terms(whole),
        accepted=accepted_terms(whole, parked_url=parked_url),
        details=_details(whole, report),
        when=when,
        is_empty=not whole.received,
    )


def _details(whole: LedgerDay, report: Report) -> list[Detail]:
    said = []
    if whole.refused:
        said.append(Detail(f"Refused: {_listed({refused_label(one): n for one, n in whole.refused.items()})}."))
    if whole.set_aside_now:
        reasons = {set_aside_label(one): n for one, n in whole.set_aside_now.items()}
        said.append(Detail(f"Set aside: {_listed(reasons)}.", report.url("site-visits", show="aside")))
    if moved := moved_text(whole, rules=rule_names(site_id=report.site.id) if whole.adjusted else NO_RULES):
        said.append(Detail(moved))
    return said


def _listed(counts: dict[str, int]) -> str:
    return ", ".join(f"{formats.number(count)} {label[0].lower()}{label[1:]}" for label, count in counts.items())
