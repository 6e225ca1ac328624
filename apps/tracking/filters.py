"""Filters of a report: which visits and events it is about, as they stand in an address and as a query.

`?f=country:is:DE|AT&f=page:contains:/docs`: field, operator, values. Several values are alternatives; several filters
hold together; filters of the same field and operator are one. An empty value is what is unknown. Values reach the
database as parameters alone.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from functools import reduce
from operator import and_, or_

from django.db.models import DateTimeField, Exists, ExpressionWrapper, OuterRef, Q, QuerySet

from .models import Event, Kind, Session

MAX_FILTERS = 12
MAX_VALUES = 20
MAX_VALUE_LENGTH = 500
MOST_DIGITS = 10
# Between the names of a place: "DE>Bavaria>Munich". City names do hold slashes, commas and dashes.
PLACE_SEPARATOR = ">"
# A visit's events are looked for so long after it began. It bounds the partitions that are read. A visit may last
# longer (a screen in a hall): what came later in it isn't found under filters. Rules look at all.
LONGEST_VISIT = timedelta(days=2)


class Op(StrEnum):
    IS = "is"
    IS_NOT = "is_not"
    CONTAINS = "contains"
    # In rules alone: reports filter by the three above.
    STARTS_WITH = "starts_with"
    AT_LEAST = "at_least"
    AT_MOST = "at_most"


OP_LABELS: dict[Op, str] = {
    Op.IS: "is",
    Op.IS_NOT: "is not",
    Op.CONTAINS: "contains",
    Op.STARTS_WITH: "starts with",
    Op.AT_LEAST: "is at least",
    Op.AT_MOST: "is at most",
}
TEXT_OPS = (Op.IS, Op.IS_NOT, Op.CONTAINS)
CHOICE_OPS = (Op.IS, Op.IS_NOT)


class Level(StrEnum):
    """What a field is a property of. A page's or an event's also chooses the visits that have such a one."""

    SESSION = "session"
    PAGE = "page"
    EVENT = "event"


@dataclass(frozen=True, slots=True)
class Field:
    """Something to filter by. `column` is the session's, or the event's where the level is page or event."""

    name: str
    label: str
    column: str
    level: Level = Level.SESSION
    ops: tuple[Op, ...] = TEXT_OPS
    # What is stored where nothing is known.
    unknown: str = ""
    is_number: bool = False


_FIELDS = (
    Field("page", "Page", "path", Level.PAGE),
    Field("entry", "Entry page", "entry_path"),
    Field("exit", "Exit page", "exit_path"),
    Field("host", "Host", "entry_host"),
    Field("channel", "Channel", "channel", ops=CHOICE_OPS),
    Field("source", "Source", "source"),
    Field("medium", "Medium", "medium"),
    Field("campaign", "Campaign", "campaign"),
    Field("referrer", "Referrer", "referrer_host"),
    Field("country", "Country", "country", ops=CHOICE_OPS),
    Field("region", "Region", "region"),
    Field("city", "City", "city"),
    Field("company", "Company", "company_id", ops=CHOICE_OPS),
    Field("network", "Network", "network_kind", ops=CHOICE_OPS, unknown="unknown"),
    Field("organisation", "Organisation", "organisation"),
    Field("device", "Device", "device", ops=CHOICE_OPS),
    Field("browser", "Browser", "browser"),
    Field("system", "System", "system"),
    Field("language", "Language", "language", ops=CHOICE_OPS),
    Field("event", "Event", "name", Level.EVENT),
)
FIELDS: dict[str, Field] = {field.name: field for field in _FIELDS}
PLACES: dict[str, tuple[str, ...]] = {"region": ("country", "region"), "city": ("country", "region", "city")}


@dataclass(frozen=True, slots=True)
class Filter:
    field: Field
    op: Op
    values: tuple[str, ...]

    @property
    def text(self) -> str:
        """Return the filter as it stands in an address."""
        return f"{self.field.name}:{self.op.value}:{'|'.join(_escaped(value) for value in self.values)}"


@dataclass(frozen=True, slots=True)
class Filters:
    """Filters that hold together, and what of the address was dropped, in words."""

    items: tuple[Filter, ...] = ()
    problems: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.items)

    @property
    def are_of_visits(self) -> bool:
        """Whether all of them are of what is constant for a visit."""
        return all(item.field.level is Level.SESSION for item in self.items)

    @property
    def texts(self) -> list[str]:
        return [item.text for item in self.items]

    def of(self, field: str) -> Filter | None:
        """Return the first filter of a field."""
        return next((item for item in self.items if item.field.name == field), None)

    def without(self, gone: Filter) -> "Filters":
        return replace(self, items=tuple(item for item in self.items if item != gone))

    def narrowed(self, field: str, value: str) -> "Filters":
        """Return the filters with `field` being `value`, whatever was asked of it; without it if it was just that."""
        chosen = Filter(FIELDS[field], Op.IS, (value,))
        others = tuple(item for item in self.items if item.field.name != field)
        return replace(self, items=others if chosen in self.items else (*others, chosen))

    def turned(self, item: Filter, op: Op) -> "Filters":
        """Return the filters with another operator for one of them."""
        return replace(self, items=tuple(replace(one, op=op) if one == item else one for one in self.items))


def filters_read(texts: Iterable[str], fields: Mapping[str, Field] = FIELDS) -> Filters:
    """Return the filters of an address, by `fields`. A bad one is dropped, and `problems` says why."""
    found: dict[tuple[Field, Op], list[str]] = {}
    problems: list[str] = []
    for text in texts:
        problem = _read_one(text, found, fields)
        if problem:
            problems.append(problem)
    items = tuple(Filter(field, op, tuple(values)) for (field, op), values in found.items())
    return Filters(items, tuple(problems))


def sessions_filtered(
    sessions: QuerySet[Session], filters: Filters, *, since: datetime, until: datetime
) -> QuerySet[Session]:
    """Return the sessions that meet all filters. `since` and `until` are the bounds of `started_at` in `sessions`."""
    for item in filters.items:
        sessions = sessions.filter(session_condition(item, since=since, until=until, longest=LONGEST_VISIT))
    return sessions


def session_condition(item: Filter, *, since: datetime, until: datetime, longest: timedelta | None = None) -> Q:
    """Return what a session meets that meets one filter. `since` and `until` are bounds of its `started_at`.

    `longest`: how long after its beginning its events count, so that one filter finds the same in any period.
    """
    if item.field.level is Level.SESSION:
        return _condition(item)
    rows = Event.objects.filter(
        session_id=OuterRef("pk"),
        site_id=OuterRef("site_id"),
        kind=_kind(item.field.level),
        occurred_at__gte=since,
        occurred_at__lt=until + LONGEST_VISIT,
    ).filter(_condition(replace(item, op=Op.IS) if item.op is Op.IS_NOT else item))
    if longest is not None:
        rows = rows.filter(
            occurred_at__lt=ExpressionWrapper(OuterRef("started_at") + longest, output_field=DateTimeField())
        )
    return ~Q(Exists(rows)) if item.op is Op.IS_NOT else Q(Exists(rows))


def events_filtered(
    events: QuerySet[Event], filters: Filters, *, kind: Kind, site_id: int, since: datetime, until: datetime
) -> QuerySet[Event]:
    """Return the page views (or named events) that meet all filters themselves, in visits that do.

    `since` and `until` are the bounds of `occurred_at` in `events`. A filter by page leaves that page's views alone;
    one by event leaves page views of visits that have such an event.
    """
    own = [item for item in filters.items if is_own(item, kind)]
    for item in own:
        events = events.filter(_condition(item))
    # A row that is the page (the event) makes its visit one that has it: nothing more to ask.
    others = tuple(item for item in filters.items if item not in own or item.op is Op.IS_NOT)
    since -= LONGEST_VISIT
    sessions = Session.objects.filter(site_id=site_id, started_at__gte=since, started_at__lt=until)
    return events.filter(early(sessions_filtered(sessions, Filters(others), since=since, until=until)))


def early(sessions: QuerySet[Session]) -> Exists:
    """Return what events meet that came in one of `sessions`, and not later in it than LONGEST_VISIT."""
    began = ExpressionWrapper(OuterRef("occurred_at") - LONGEST_VISIT, output_field=DateTimeField())
    return Exists(sessions.filter(pk=OuterRef("session_id"), started_at__gt=began))


# --- reading ----------------------------------------------------------------------------------------------------------


def _read_one(text: str, found: dict[tuple[Field, Op], list[str]], fields: Mapping[str, Field]) -> str:
    """Put one filter into `found`, or return what is wrong with it."""
    name, _, rest = text.partition(":")
    op_text, colon, values_text = rest.partition(":")
    field = fields.get(name)
    if field is None:
        return f"There is no filter called “{_shown(name)}”."
    if op_text not in list(Op) or Op(op_text) not in field.ops or not colon:
        return f"{field.label} can't be filtered by “{_shown(op_text)}”."
    op = Op(op_text)
    values = _split(values_text)
    problem = _values_problem(field, op, values)
    if problem:
        return problem
    if (field, op) not in found and len(found) >= MAX_FILTERS:
        return f"More than {MAX_FILTERS} filters at once aren't possible."
    held = found.setdefault((field, op), [])
    held.extend(value for value in values if value not in held)
    del held[MAX_VALUES:]
    return ""


def _values_problem(field: Field, op: Op, values: Sequence[str]) -> str:
    if len(values) > MAX_VALUES:
        return f"{field.label} can't have more than {MAX_VALUES} values at once."
    for value in values:
        if len(value) > MAX_VALUE_LENGTH or not value.isprintable():
            return f"A value of the filter {field.label} isn't readable."
        if op in (Op.CONTAINS, Op.STARTS_WITH) and not value:
            return f"{field.label} {OP_LABELS[op]}: what?"
        if field.is_number and not (value.isascii() and value.isdigit() and len(value) <= MOST_DIGITS):
            return f"{field.label} is a whole number."
        if field.name == "company" and value and not (value.isascii() and value.isdigit() and len(value) <= 18):
            return "A company is named by its number."
    return ""


def _shown(text: str) -> str:
    return "".join(letter for letter in text if letter.isprintable())[:40]


def _escaped(value: str) -> str:
    return value.replace("\\", "\\\\").replace("|", "\\|")


def _split(text: str) -> list[str]:
    r"""Return the values of a filter: `a\|b|c` is `a|b` and `c`."""
    values, current, escaped = [], "", False
    for letter in text:
        if escaped or letter not in "\\|":
            current, escaped = current + letter, False
        elif letter == "\\":
            escaped = True
        else:
            values.append(current)
            current = ""
    return [*values, current]


# --- conditions -------------------------------------------------------------------------------------------------------


def _kind(level: Level) -> Kind:
    return Kind.PAGEVIEW if level is Level.PAGE else Kind.EVENT


def is_own(item: Filter, kind: Kind) -> bool:
    """Whether the filter is of a property that rows of this kind have themselves. An event happens on a page, too."""
    return item.field.level is Level.PAGE or (item.field.level is Level.EVENT and kind is Kind.EVENT)


def _condition(item: Filter) -> Q:
    if item.field.name == "company":
        met = _company_is(item.values)
    elif item.field.name in PLACES and item.op is not Op.CONTAINS:
        met = reduce(or_, (_place_is(item.field, value) for value in item.values))
    elif item.op is Op.CONTAINS:
        met = reduce(or_, (Q(**{f"{item.field.column}__icontains": value}) for value in item.values))
    elif item.op is Op.STARTS_WITH:
        met = reduce(or_, (Q(**{f"{item.field.column}__istartswith": value}) for value in item.values))
    else:
        met = Q(**{f"{item.field.column}__in": [value or item.field.unknown for value in item.values]})
    return ~met if item.op is Op.IS_NOT else met


def _company_is(values: Sequence[str]) -> Q:
    met = Q(company_id__in=[int(value) for value in values if value])
    return met | Q(company_id__isnull=True) if "" in values else met


def _place_is(field: Field, value: str) -> Q:
    """Compare from the right: "Munich" is any Munich, "DE>Bavaria>Munich" the one."""
    columns = PLACES[field.name]
    parts = value.split(PLACE_SEPARATOR, len(columns) - 1)
    named = zip(columns[-len(parts) :], parts, strict=True)
    return reduce(and_, (Q(**{column: part}) for column, part in named))
