"""Rules as people say them: "Country is Germany and Page starts with /intranet"."""

from dataclasses import dataclass

from ..filter_bar import typed_value, value_name
from ..filters import OP_LABELS, Field, Filter, Filters, Op
from .conditions import RULE_FIELDS

_OP_VALUES = list(Op)


@dataclass(frozen=True, slots=True)
class ConditionWords:
    field: str
    op: str
    value: str

    def __str__(self) -> str:
        return f"{self.field} {self.op} {self.value}"


def condition_words(item: Filter) -> ConditionWords:
    return ConditionWords(
        item.field.label, OP_LABELS[item.op], " or ".join(_value_words(item.field, value) for value in item.values)
    )


def rule_words(filters: Filters) -> str:
    return " and ".join(str(condition_words(item)) for item in filters.items)


def condition_text(name: str, op: str, value: str) -> str:
    """Return a condition that a person has put together as it stands in an address; what is wrong is found there."""
    field = RULE_FIELDS.get(name)
    if field is None or op not in _OP_VALUES:
        return f"{name}:{op}:"
    chosen = Op(op)
    if chosen is Op.CONTAINS and Op.CONTAINS not in field.ops and Op.IS in field.ops:
        chosen = Op.IS
    return Filter(field, chosen, (_typed(field, value),)).text


def _typed(field: Field, value: str) -> str:
    if field.name == "asn":
        value = value.upper().removeprefix("AS").strip()
    if field.is_number:
        return str(int(value)) if value.isascii() and value.isdigit() else value
    return typed_value(field, value)


def _value_words(field: Field, value: str) -> str:
    if field.name == "asn":
        return f"AS{value}"
    return value_name(field, value)
