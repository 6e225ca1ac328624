"""How a rule puts what happened into a provider's words: the event's name, its value, extra fields. Pure."""

import re
from collections.abc import Mapping as ReadMapping
from decimal import Decimal
from enum import StrEnum
from typing import Any

import msgspec

from .occurrences import Message, Occurrence

MOST_PARAMS = 20
# {goal}, {page_path}, {prop.plan}: what is put in the place of a name in braces.
PLACE = re.compile(r"\{([a-z_]+(?:\.[^{}]{1,64})?)\}")
NAMES = {
    "goal": "the goal's name",
    "event": "the event's name",
    "page_path": "the page's path",
    "page_title": "the page's title",
    "page_url": "the page's address",
    "source": "where the visit came from",
    "medium": "the medium of the visit",
    "campaign": "the campaign of the visit",
    "country": "the visitor's country",
    "device": "desktop, mobile or tablet",
    "company": "the company's name",
    "company_domain": "the company's domain",
    "company_kind": "business, education or government",
    "temperature": "cold, warm or hot",
    "score": "the company's score",
    "transaction_id": "the order's number",
}


class ValueFrom(StrEnum):
    CONVERSION = "conversion"  # as the goal says
    EVENT = "event"
    FIXED = "fixed"
    NONE = "none"


class Mapping(msgspec.Struct, frozen=True, omit_defaults=True):
    """`name`: the event's name there; empty: the provider's own choice. `params`: fields with places in braces."""

    name: str = ""
    value_from: ValueFrom = ValueFrom.CONVERSION
    value: Decimal | None = None
    currency: str = ""
    params: dict[str, str] = {}


class Mapped(msgspec.Struct, frozen=True):
    """What a delivery says apart from who and when; kept with it, so that a rule's change doesn't change it."""

    value: Decimal | None
    currency: str
    params: dict[str, Any] = {}


def mapping_read(kept: ReadMapping[str, Any]) -> Mapping:
    """Return a mapping as a rule keeps it. Raises msgspec.ValidationError."""
    return msgspec.convert(kept, Mapping, strict=False)


def mapped_read(kept: ReadMapping[str, Any]) -> Mapped:
    return msgspec.convert(kept, Mapped, strict=False)


def kept(struct: Mapping | Mapped) -> dict[str, Any]:
    """Return either as rows keep it."""
    found: dict[str, Any] = msgspec.to_builtins(struct)
    return found


def mapped_of(mapping: Mapping, occurrence: Occurrence) -> Mapped:
    """Return what a mapping makes of an occurrence. Fields with nothing in them are left out."""
    value, currency = _worth(mapping, occurrence)
    filled = {name: _filled(text, occurrence) for name, text in mapping.params.items()}
    return Mapped(value, currency, {name: one for name, one in filled.items() if one not in ("", None)})


def message_of(
    *, delivery_id: int, key: str, name: str, mapped: Mapped, occurrence: Occurrence, counted_by: str = ""
) -> Message:
    return Message(
        delivery_id, key, name, mapped.value, mapped.currency, mapped.params, occurrence, counted_by=counted_by
    )


def places_unknown(text: str) -> list[str]:
    """Return the names in braces that stand for nothing."""
    return [name for name in PLACE.findall(text) if name not in NAMES and not name.startswith("prop.")]


def _worth(mapping: Mapping, occurrence: Occurrence) -> tuple[Decimal | None, str]:
    if mapping.value_from is ValueFrom.NONE:
        return None, ""
    if mapping.value_from is ValueFrom.FIXED:
        return mapping.value, mapping.currency
    if mapping.value_from is ValueFrom.EVENT:
        value, currency = occurrence.event_value, occurrence.event_currency
    else:
        value, currency = occurrence.value, occurrence.currency
    return (value, currency or mapping.currency) if value is not None else (None, "")


def _filled(text: str, occurrence: Occurrence) -> Any:
    # A field that is one place alone keeps its kind: a number stays one.
    whole = PLACE.fullmatch(text)
    if whole:
        return _place(whole[1], occurrence)
    return PLACE.sub(lambda found: str(_place(found[1], occurrence)), text)


def _place(name: str, occurrence: Occurrence) -> Any:
    if name.startswith("prop."):
        return occurrence.props.get(name.removeprefix("prop."), "")
    company = occurrence.company
    places: dict[str, Any] = {
        "goal": occurrence.goal_name,
        "event": occurrence.event_name,
        "company": company.name if company else "",
        "company_domain": company.domain if company else "",
        "company_kind": company.kind if company else "",
        "temperature": company.temperature if company else "",
        "score": company.score if company and company.score is not None else "",
    }
    return places[name] if name in places else getattr(occurrence, name, "")
