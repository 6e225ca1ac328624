"""Filters as a page shows them (components/_filters.html): chips that can be taken away, and a form for one more."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from django.http import QueryDict

from apps.core.countries import NAMES, country_name
from apps.core.period_picker import address, pairs_without
from apps.networks.labels import LABELS as NETWORK_LABELS

from .filters import FIELDS, OP_LABELS, PLACE_SEPARATOR, Field, Filter, Filters, Op, filters_read

PARAMETER = "f"
FORM_PARAMETERS = frozenset({"filter_field", "filter_op", "filter_value"})
# A company is filtered by pressing it: nobody knows its number.
_PRESSED_ONLY = frozenset({"company"})


@dataclass(frozen=True, slots=True)
class Chip:
    field: str
    op: str
    value: str
    remove_url: str


@dataclass(frozen=True, slots=True)
class AddForm:
    action: str
    fields: Sequence[tuple[str, str]]
    ops: Sequence[tuple[str, str]]
    hidden: Sequence[tuple[str, str]]
    suggested: Sequence[str] = ()  # values to choose from; any other may be typed


@dataclass(frozen=True, slots=True)
class FilterBar:
    chips: Sequence[Chip]
    clear_url: str
    form: AddForm


def filter_bar(
    filters: Filters,
    *,
    path: str,
    query: QueryDict,
    company_names: Mapping[str, str] | None = None,
    fields: Mapping[str, Field] = FIELDS,
    words: Callable[[Field, str], str] | None = None,
    suggested: Sequence[str] = (),
) -> FilterBar:
    """Return the bar of the page at `path` with the parameters `query`. `company_names`: by the companies' numbers.

    A page with fields of its own gives them all, how their values read in `words`, and values to suggest.
    """
    kept = pairs_without(query, {PARAMETER}, FORM_PARAMETERS)
    names = company_names or {}
    read = words or (lambda field, value: value_name(field, value, names))
    ops = {op for field in fields.values() for op in field.ops}
    chips = [_chip(filters, item, path, kept, read) for item in filters.items]
    form = AddForm(
        action=path,
        fields=[(field.name, field.label) for field in fields.values() if field.name not in _PRESSED_ONLY],
        ops=[(op.value, label) for op, label in OP_LABELS.items() if op in ops],
        hidden=[*kept, *_pairs(filters)],
        suggested=suggested,
    )
    return FilterBar(chips, address(path, kept), form)


def filtered_url(filters: Filters, *, path: str, query: QueryDict) -> str:
    """Return the address of the page at `path` with these filters instead of those it has."""
    return address(path, [*pairs_without(query, {PARAMETER}, FORM_PARAMETERS), *_pairs(filters)])


def added_filter_url(
    query: QueryDict,
    *,
    path: str,
    fields: Mapping[str, Field] = FIELDS,
    typed: Callable[[Field, str], str] | None = None,
) -> str | None:
    """Return where the form for one more filter leads: the page's address with it. None if it wasn't sent."""
    if "filter_field" not in query:
        return None
    name, op, value = (query.get(parameter, "").strip() for parameter in ("filter_field", "filter_op", "filter_value"))
    field = fields.get(name)
    if field is not None and op in list(Op) and op not in field.ops:
        op = field.ops[0]
    asked = (
        Filter(field, Op(op), ((typed or typed_value)(field, value),)).text
        if field and op in list(Op)
        else f"{name}:{op}:"
    )
    texts = [*query.getlist(PARAMETER), asked]
    kept = pairs_without(query, {PARAMETER}, FORM_PARAMETERS)
    return address(path, [*kept, *((PARAMETER, text) for text in texts)])


def typed_value(field: Field, value: str) -> str:
    """Return what is stored for what a person typed: a country's code for its name, a network's kind for its label."""
    if value.casefold() == "unknown":
        return ""
    if field.name == "country":
        return _code_of(value)
    if field.name == "network":
        return next((kind for kind, label in NETWORK_LABELS.items() if label.casefold() == value.casefold()), value)
    if field.name in ("device", "language"):
        return value.lower()
    return value


def value_name(field: Field, value: str, company_names: Mapping[str, str] | None = None) -> str:
    """Return a filter's value in words."""
    if field.name == "company":
        return (company_names or {}).get(value, "of no known company" if not value else f"number {value}")
    if field.name in ("region", "city"):
        return place_name(value)
    if not value:
        return "unknown"
    if field.name == "country":
        return country_name(value)
    if field.name == "network":
        return str(NETWORK_LABELS.get(value, value))
    if field.name == "device":
        return value.capitalize()
    return value


def place_name(value: str) -> str:
    """Return a region or city with its country in words: "DE>Bavaria>Munich" is "Munich, Germany"."""
    *around, name = value.split(PLACE_SEPARATOR)
    country = country_name(around[0]) if around and around[0] else ""
    return f"{name or 'unknown'}, {country}" if country else name or "unknown"


def _chip(
    filters: Filters, item: Filter, path: str, kept: list[tuple[str, str]], read: Callable[[Field, str], str]
) -> Chip:
    words = " or ".join(read(item.field, value) for value in item.values)
    return Chip(item.field.label, OP_LABELS[item.op], words, address(path, [*kept, *_pairs(filters.without(item))]))


def _pairs(filters: Filters) -> list[tuple[str, str]]:
    return [(PARAMETER, text) for text in filters.texts]


def _code_of(value: str) -> str:
    return next((code for code, name in NAMES.items() if name.casefold() == value.casefold()), value.upper())


def filters_of(query: QueryDict, fields: Mapping[str, Field] = FIELDS) -> Filters:
    """Return the filters of an address's `f` parameters."""
    return filters_read(query.getlist(PARAMETER), fields)
