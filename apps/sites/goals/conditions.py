"""What a goal, or a rule of the score, may ask of an event's properties, and of its value. Pure."""

from collections.abc import Iterable, Mapping
from decimal import Decimal, InvalidOperation
from enum import StrEnum

import msgspec

MOST_CONDITIONS = 10
MOST_LETTERS = 500
NAME_LETTERS = 64
# Names that mean the event's own where it has no property so called.
OWN_VALUE, OWN_CURRENCY = "value", "currency"

Property = str | float | int | bool | Decimal


class PropOp(StrEnum):
    IS = "is"
    IS_NOT = "is_not"
    CONTAINS = "contains"
    AT_LEAST = "at_least"
    AT_MOST = "at_most"
    IS_THERE = "is_there"


OP_LABELS = {
    PropOp.IS: "is",
    PropOp.IS_NOT: "is not",
    PropOp.CONTAINS: "contains",
    PropOp.AT_LEAST: "is at least",
    PropOp.AT_MOST: "is at most",
    PropOp.IS_THERE: "is there",
}
_NUMBER_OPS = (PropOp.AT_LEAST, PropOp.AT_MOST)


class PropCondition(msgspec.Struct, frozen=True):
    """A property of an event, how it is compared and with what."""

    prop: str
    op: PropOp
    value: str = ""

    @property
    def words(self) -> str:
        return f"{self.prop} {OP_LABELS[self.op]} {self.value}".rstrip()


def condition_written(prop: str, op: str, value: str) -> PropCondition:
    """Return a condition as somebody wrote it. Raises ValueError, in words, for one that can't be meant."""
    prop, value = prop.strip(), value.strip()
    if not prop:
        raise ValueError("Name the property that is asked for")
    if "\0" in prop + value:
        raise ValueError("A condition has a letter in it that can’t be kept")
    if len(prop) > NAME_LETTERS or len(value) > MOST_LETTERS:
        raise ValueError(f"A property has {NAME_LETTERS} letters at most, its value {MOST_LETTERS}")
    if op not in PropOp._value2member_map_:
        raise ValueError(f"How {prop} is compared isn’t known")
    known = PropOp(op)
    if known is PropOp.IS_THERE:
        return PropCondition(prop, known)
    if not value:
        raise ValueError(f"{prop} {OP_LABELS[known]} … what?")
    if known in _NUMBER_OPS and _number(value) is None:
        raise ValueError(f"{prop} {OP_LABELS[known]} … a number, such as 100 or 19.90")
    return PropCondition(prop, known, value)


def asked_of(props: Mapping[str, Property] | None, value: Decimal | None, currency: str) -> Mapping[str, Property]:
    """Return an event's properties, with its own value and currency under their names where those are free."""
    own: dict[str, Property] = {}
    if value is not None:
        own[OWN_VALUE] = value
    if currency:
        own[OWN_CURRENCY] = currency
    return own | dict(props or {})


def conditions_met(conditions: Iterable[PropCondition], props: Mapping[str, Property]) -> bool:
    """Return whether all of them hold. One about a property that isn't there holds for "is not" alone."""
    return all(_met(condition, props.get(condition.prop)) for condition in conditions)


def _met(condition: PropCondition, found: Property | None) -> bool:
    if found is None or found == "":
        return condition.op is PropOp.IS_NOT
    if condition.op is PropOp.IS_THERE:
        return True
    if condition.op in _NUMBER_OPS:
        return _number_met(condition, found)
    text = _text(found)
    if condition.op is PropOp.CONTAINS:
        return condition.value.casefold() in text.casefold()
    return _is(found, condition.value) is (condition.op is PropOp.IS)


def _number_met(condition: PropCondition, found: Property) -> bool:
    number, bound = _number(found), _number(condition.value)
    if number is None or bound is None:
        return False
    return number >= bound if condition.op is PropOp.AT_LEAST else number <= bound


def _is(found: Property, wanted: str) -> bool:
    """Return whether they are the same: as texts, or as numbers (19.9 is 19.90)."""
    if _text(found).casefold() == wanted.casefold():
        return True
    number = _number(found)
    return number is not None and number == _number(wanted)


def _text(found: Property) -> str:
    return str(found).lower() if isinstance(found, bool) else str(found)


def _number(found: Property) -> Decimal | None:
    if isinstance(found, bool):
        return None
    try:
        number = Decimal(str(found))
    except InvalidOperation:
        return None
    return number if number.is_finite() else None
