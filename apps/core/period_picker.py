"""What the period picker (components/_period.html) shows: every entry an address of its own. Pure.

The address holds the state: an entry keeps all other parameters (filters, sorting) and starts at the first page.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from urllib.parse import urlencode

from django.http import QueryDict

from .periods import COMPARE_LABELS, KEYS, LABELS, Choice, Compare, Period, period_query

PARAMETERS = frozenset({"period", "from", "to", "compare", "cfrom", "cto", "by"})
# Belongs to one choice of everything else.
PAGE_PARAMETERS = frozenset({"page", "after"})
_GROUPS = (
    (Choice.TODAY, Choice.YESTERDAY),
    (Choice.LAST_7, Choice.LAST_30, Choice.LAST_90, Choice.MONTH, Choice.LAST_12_MONTHS, Choice.ALL),
)
_COMPARISONS = (Compare.PREVIOUS, Compare.YEAR, Compare.NONE)

Pairs = list[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Entry:
    url: str
    label: str
    key: str = ""
    is_current: bool = False


@dataclass(frozen=True, slots=True)
class DaysForm:
    """A form for two days. `hidden`: the parameters that it keeps."""

    action: str
    first: str
    last: str
    latest: str
    hidden: Sequence[tuple[str, str]]
    is_current: bool


@dataclass(frozen=True, slots=True)
class PeriodPicker:
    label: str
    earlier_url: str | None
    later_url: str | None
    groups: Sequence[Sequence[Entry]]
    comparisons: Sequence[Entry]
    custom: DaysForm
    compare_custom: DaysForm | None


def pairs_without(query: QueryDict, *names: Iterable[str]) -> Pairs:
    """Return an address's parameters but those, in their order."""
    gone = PAGE_PARAMETERS.union(*names)
    return [(name, value) for name, values in query.lists() if name not in gone for value in values]


def address(path: str, pairs: Iterable[tuple[str, str]]) -> str:
    text = urlencode(list(pairs))
    return f"{path}?{text}" if text else path


def period_picker(period: Period, *, path: str, query: QueryDict, compares: bool = True) -> PeriodPicker:
    """Return the picker of the page at `path` with the parameters `query`; without comparisons where there are none."""
    kept = pairs_without(query, PARAMETERS)

    def url(parameters: dict[str, str] | None) -> str | None:
        return None if parameters is None else address(path, [*parameters.items(), *kept])

    return PeriodPicker(
        label=period.label,
        earlier_url=url(period.step(-1)),
        later_url=url(period.step(+1)),
        groups=[[_choice(period, choice, path, kept) for choice in group] for group in _GROUPS],
        comparisons=[_comparison(period, compare, path, kept) for compare in _COMPARISONS] if compares else [],
        custom=_custom(period, path, kept),
        compare_custom=_compare_custom(period, path, kept) if compares else None,
    )


def _choice(period: Period, choice: Choice, path: str, kept: Pairs) -> Entry:
    # The granularity of a month would be nonsense for a day: a change of period goes back to the usual one.
    extras = {name: value for name, value in period.extras().items() if name != "by"}
    parameters = period_query(choice, period.span) | extras
    return Entry(
        address(path, [*parameters.items(), *kept]), LABELS[choice], KEYS[choice], is_current=period.choice is choice
    )


def _comparison(period: Period, compare: Compare, path: str, kept: Pairs) -> Entry:
    parameters = _without_comparison(period)
    if compare is not Compare.PREVIOUS:
        parameters["compare"] = compare.value
    return Entry(
        address(path, [*parameters.items(), *kept]), COMPARE_LABELS[compare], is_current=period.compare is compare
    )


def _custom(period: Period, path: str, kept: Pairs) -> DaysForm:
    extras = [(name, value) for name, value in period.extras().items() if name != "by"]
    return DaysForm(
        action=path,
        first=period.span.first.isoformat(),
        last=period.span.last.isoformat(),
        latest=period.today.isoformat(),
        hidden=[*extras, *kept],
        is_current=period.choice is Choice.CUSTOM,
    )


def _compare_custom(period: Period, path: str, kept: Pairs) -> DaysForm:
    comparison = period.comparison
    return DaysForm(
        action=path,
        first=comparison.first.isoformat() if comparison else "",
        last=comparison.last.isoformat() if comparison else "",
        latest=period.today.isoformat(),
        hidden=[*_without_comparison(period).items(), *kept],
        is_current=period.compare is Compare.CUSTOM,
    )


def _without_comparison(period: Period) -> dict[str, str]:
    return {name: value for name, value in period.query().items() if name not in ("compare", "cfrom", "cto")}
