"""The ledger as a reader adds it up: lines with their sums, by day, on a page and as a table for a spreadsheet."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from apps.core import formats

from .adjustments import adjustment
from .advice import NO_RULES, adjustment_words, refusal_advice, set_aside_advice
from .ledger import LedgerDay

COLUMNS = (
    "Day (UTC, of receipt)",
    "Received",
    "Refused",
    "Accepted",
    "Counted",
    "Folded",
    "Set aside",
    "Repeated",
    "Parked",
    "Erased",
)


@dataclass(frozen=True, slots=True)
class LedgerRow:
    """A line as components/_ledger.html wants it."""

    value: str
    label: str
    evidence: str = ""
    is_sub: bool = False
    url: str = ""


@dataclass(frozen=True, slots=True)
class Account:
    """Lines that add up to `total`."""

    lines: Sequence[LedgerRow]
    total: LedgerRow


@dataclass(frozen=True, slots=True)
class Term:
    """A term as components/_equation.html wants it."""

    op: str
    value: int
    label: str
    url: str = ""


@dataclass(frozen=True, slots=True)
class DayView:
    """One day, or the sum of several: in short, and its two accounts."""

    line: LedgerDay
    received: Account
    accepted: Account
    moved: Account | None  # what rules have moved later; None where nothing was


def day_view(line: LedgerDay, *, parked_url: str = "", rules: Mapping[str, str] = NO_RULES) -> DayView:
    """Return a day as a page shows it. `rules`: what the site's rules say, by number."""
    return DayView(line, _received(line), _accepted(line, parked_url), _moved(line, rules))


def received_terms(line: LedgerDay) -> list[Term]:
    return [
        Term("", line.received, "received"),
        Term("=", line.refused_sum, "refused"),
        Term("+", line.accepted, "accepted"),
    ]


def accepted_terms(line: LedgerDay, *, parked_url: str = "") -> list[Term]:
    """Return what became of the accepted ones, as the tables stand; what is nought is left out, but for the counted."""
    rest = [
        Term("+", line.folded, "folded into their view"),
        Term("+", line.set_aside_now_sum, "set aside"),
        Term("+", line.repeated, "repeated"),
        Term("+", line.parked, "parked", parked_url),
        Term("+", line.erased, "erased"),
    ]
    terms = [Term("", line.accepted, "accepted"), Term("=", line.counted_now, "counted")]
    return [*terms, *(term for term in rest if term.value)]


def table_head(days: Iterable[LedgerDay], *, rules: Mapping[str, str] = NO_RULES) -> list[str]:
    """Return the columns of `table_rows`: the sums, then each reason that occurs."""
    refused, aside, adjusted = _reasons(days)
    return [
        *COLUMNS,
        *(f"Refused: {refusal_advice(reason).label}" for reason in refused),
        *(f"Set aside: {set_aside_advice(reason).label}" for reason in aside),
        *(f"Later: {adjustment_words(reason, rules)}" for reason in adjusted),
    ]


def table_rows(days: Mapping[date, LedgerDay]) -> list[list[object]]:
    """Return a row for each day. Counted and set aside are as the tables stand; what rules moved stands beside them."""
    refused, aside, adjusted = _reasons(days.values())
    return [
        [
            day.isoformat(),
            line.received,
            line.refused_sum,
            line.accepted,
            line.counted_now,
            line.folded,
            line.set_aside_now_sum,
            line.repeated,
            line.parked,
            line.erased,
            *(line.refused.get(reason, 0) for reason in refused),
            *(line.set_aside_now.get(reason, 0) for reason in aside),
            *(line.adjusted.get(reason, 0) for reason in adjusted),
        ]
        for day, line in days.items()
    ]


def _reasons(days: Iterable[LedgerDay]) -> tuple[list[str], list[str], list[str]]:
    lines = list(days)
    return (
        sorted({reason for line in lines for reason in line.refused}),
        sorted({reason for line in lines for reason in line.set_aside_now}),
        sorted({reason for line in lines for reason in line.adjusted}),
    )


def _received(line: LedgerDay) -> Account:
    refused = [
        LedgerRow(_n(count), refusal_advice(reason).label, is_sub=True) for reason, count in line.refused.items()
    ]
    lines = [LedgerRow(_n(line.accepted), "accepted"), LedgerRow(_n(line.refused_sum), "refused"), *refused]
    return Account(lines, LedgerRow(_n(line.received), "received"))


def _accepted(line: LedgerDay, parked_url: str) -> Account:
    lines = [LedgerRow(_n(line.counted_now), "counted", "as rules have it now" if line.adjusted else "")]
    if line.folded:
        lines.append(
            LedgerRow(
                _n(line.folded),
                "folded",
                "engagement and vitals into their page view, words on consent into their visit",
            )
        )
    if line.set_aside_now:
        lines.append(LedgerRow(_n(line.set_aside_now_sum), "set aside", "stored and flagged, in nobody’s figures"))
        lines += [
            LedgerRow(_n(count), set_aside_advice(reason).label, is_sub=True)
            for reason, count in line.set_aside_now.items()
        ]
    if line.repeated:
        lines.append(LedgerRow(_n(line.repeated), "repeated", "sent twice, counted once"))
    if line.parked:
        lines.append(LedgerRow(_n(line.parked), "parked", "couldn’t be stored yet", url=parked_url))
    if line.erased:
        lines.append(LedgerRow(_n(line.erased), "erased", "too old, or deleted by hand"))
    return Account(lines, LedgerRow(_n(line.accepted), "accepted"))


def _moved(line: LedgerDay, rules: Mapping[str, str]) -> Account | None:
    """Return how the counted ones came to be what they are, where rules looked back."""
    if not line.adjusted:
        return None
    lines = [LedgerRow(_n(line.counted), "counted when they came", "less what was erased of them")]
    lines += [LedgerRow(value, words) for value, words in _moves(line, rules)]
    return Account(lines, LedgerRow(_n(line.counted_now), "counted now"))


def moved_text(line: LedgerDay, *, rules: Mapping[str, str] = NO_RULES) -> str:
    """Return in a sentence how the counted ones came to be what they are, where rules looked back; else nothing."""
    if not line.adjusted:
        return ""
    moves = ", ".join(f"{value} ({words[0].lower()}{words[1:]})" for value, words in _moves(line, rules))
    return f"Counted when they came: {_n(line.counted)}. Since then {moves}: {_n(line.counted_now)} are counted."


def _moves(line: LedgerDay, rules: Mapping[str, str]) -> list[tuple[str, str]]:
    """Return what each adjustment did to the counted ones, signed, and its words."""
    return [
        (f"{'+' if adjustment(reason).is_undo else '−'}{_n(count)}", adjustment_words(reason, rules))
        for reason, count in sorted(line.adjusted.items())
    ]


def _n(count: int) -> str:
    return formats.number(count)
