"""What companies are filtered by beside their visits: fields in the same parameter, which show as the same chips.

`?f=temperature:is:hot|warm&f=score:at_least:40&f=channel:is:Email`: fields of apps.tracking.filters choose visits,
those here choose companies by what is known of them. Pure: names of people and tags come in.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from apps.core.countries import NAMES, country_name
from apps.tracking.filter_bar import typed_value, value_name
from apps.tracking.filters import CHOICE_OPS, FIELDS, TEXT_OPS, Field, Filters, Op

from .page_words import KINDS

NUMBER_OPS = (Op.AT_LEAST, Op.AT_MOST)
YES_NO = {"yes": "yes", "no": "no"}
TEMPERATURES = {"hot": "Hot", "warm": "Warm", "cold": "Cold"}
CATEGORIES = {"high_intent": "High Intent", "researching": "Researching", "looker": "Looker"}
CHOICES: dict[str, Mapping[str, str]] = {
    "temperature": TEMPERATURES,
    "category": CATEGORIES,
    "kind": KINDS,
    "watched": YES_NO,
    "ignored": YES_NO,
}
# Owner: nobody, and whoever looks.
NOBODY, ME = "nobody", "me"

_FIELDS = (
    Field("temperature", "Temperature", "", ops=CHOICE_OPS),
    Field("category", "Category", "", ops=CHOICE_OPS),
    Field("score", "Score", "", ops=NUMBER_OPS, is_number=True),
    Field("kind", "Kind", "", ops=CHOICE_OPS),
    Field("tag", "Tag", "", ops=CHOICE_OPS),
    Field("owner", "Owner", "", ops=CHOICE_OPS),
    Field("watched", "Target account", "", ops=(Op.IS,)),
    Field("ignored", "Ignored", "", ops=(Op.IS,)),
    Field("industry", "Industry", "", ops=TEXT_OPS),
    Field("seat", "Company’s country", "", ops=CHOICE_OPS),
    Field("employees", "Employees", "", ops=NUMBER_OPS, is_number=True),
    Field("confidence", "Confidence in percent", "", ops=NUMBER_OPS, is_number=True),
    Field("first_seen", "First seen, days ago", "", ops=(Op.AT_MOST, Op.AT_LEAST), is_number=True),
    Field("matters", "Page that matters", "", ops=CHOICE_OPS),
)
COMPANY_FIELDS: dict[str, Field] = {one.name: one for one in _FIELDS}
ALL_FIELDS: dict[str, Field] = {**COMPANY_FIELDS, **FIELDS}


@dataclass(frozen=True, slots=True)
class Words:
    """Names for values: of people who can own a company (by number), of whoever looks, and of companies."""

    people: Mapping[int, str] = field(default_factory=dict)
    me: int = 0
    companies: Mapping[str, str] = field(default_factory=dict)
    tags: Sequence[str] = ()
    industries: Sequence[str] = ()
    pages: Sequence[str] = ()

    def value(self, what: Field, value: str) -> str:
        """Return a filter's value in words."""
        if what.name in FIELDS:
            return value_name(what, value, self.companies)
        if what.name == "owner":
            return self._owner(value)
        if what.name == "seat":
            return country_name(value) if value else "unknown"
        return CHOICES.get(what.name, {}).get(value, value or "unknown")

    def typed(self, what: Field, value: str) -> str:
        """Return what stands in the address for what a person typed."""
        if what.name in FIELDS:
            return typed_value(what, value)
        wanted = value.casefold()
        if what.name == "owner":
            named = next((str(number) for number, name in self.people.items() if name.casefold() == wanted), None)
            return named or wanted
        if what.name == "seat":
            return next((code for code, name in NAMES.items() if name.casefold() == wanted), value.upper())
        if wanted == "unknown":
            return ""
        choices = CHOICES.get(what.name)
        if choices is None:
            return value.rstrip("%").strip() if what.is_number else value
        return next((key for key, label in choices.items() if wanted in (key, label.casefold())), wanted)

    @property
    def suggested(self) -> list[str]:
        """Return what the form for one more filter suggests as values."""
        choices = [label for name in ("temperature", "category", "kind") for label in CHOICES[name].values()]
        return [*choices, *self.tags, *self.people.values(), *self.industries, *self.pages]

    def _owner(self, value: str) -> str:
        if value in (NOBODY, ""):
            return NOBODY
        if value == ME or value == str(self.me):
            return "you"
        return self.people.get(int(value), f"number {value}") if value.isdigit() else value


def visit_filters(filters: Filters) -> Filters:
    """Return those that choose visits."""
    return replace(filters, items=tuple(item for item in filters.items if item.field.name in FIELDS))


def company_filters(filters: Filters) -> Filters:
    """Return those that choose companies. What no company can meet is a problem, and dropped."""
    kept, problems = [], []
    for item in filters.items:
        if item.field.name in FIELDS:
            continue
        bad = next((value for value in item.values if not _is_meant(item.field, value)), None)
        if bad is None:
            kept.append(item)
        else:
            problems.append(_problem(item.field, bad))
    return Filters(tuple(kept), tuple(problems))


def _is_meant(what: Field, value: str) -> bool:
    if what.name in CHOICES:
        return value in CHOICES[what.name]
    if what.name == "owner":
        return value in (NOBODY, ME, "") or (value.isascii() and value.isdigit() and len(value) <= 18)
    return True


def _problem(what: Field, value: str) -> str:
    if what.name == "owner":
        return f"{what.label}: nobody here is called “{value[:40]}”. Write a member’s name, me, or nobody."
    return f"{what.label} can’t be “{value[:40]}”. It is one of: {', '.join(CHOICES[what.name].values())}."
