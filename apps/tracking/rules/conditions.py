"""What a rule can ask of a visit: the filters of reports (apps.tracking.filters), some more fields, and numbers.

A condition on pages means: such a page was viewed in the visit. Each is written twice, as a query for visits that are
stored and as a function for one that the writer is about to store; tests hold them against each other.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from django.db.models import DurationField, ExpressionWrapper, F, Q

from ..filters import CHOICE_OPS, FIELDS, TEXT_OPS, Field, Filter, Filters, Level, Op, filters_read, session_condition
from ..steps.sessions import GAP_MS, SessionState

RULE_TEXT_OPS = (*TEXT_OPS, Op.STARTS_WITH)
NUMBER_OPS = (Op.AT_LEAST, Op.AT_MOST)
MOST_CONDITIONS = 10
OVER_AFTER = timedelta(milliseconds=GAP_MS)


class NotUnderstood(ValueError):
    """A rule's conditions are none that this code knows: a newer one made them, or an older one."""


def _known(name: str, **changes: Any) -> Field:
    field = FIELDS[name]
    return replace(field, ops=RULE_TEXT_OPS if field.ops == TEXT_OPS else field.ops, **changes)


def _number(name: str, label: str, column: str, ops: tuple[Op, ...] = NUMBER_OPS) -> Field:
    return Field(name, label, column, ops=ops, is_number=True)


_RULE_FIELDS = (
    _known("country"),
    _known("network", label="Kind of network"),
    _known("organisation"),
    Field("asn", "Network number (ASN)", "asn", ops=CHOICE_OPS, is_number=True),
    _known("page"),
    _known("entry"),
    Field("host", "Host", "host", Level.PAGE, ops=RULE_TEXT_OPS),
    _known("source"),
    _known("referrer"),
    _known("browser"),
    _known("system"),
    _known("device"),
    _known("language"),
    _number("pageviews", "Page views in the visit", "pageviews"),
    _number("events", "Events in the visit", "events"),
    _number("engaged", "Seconds engaged", "engaged_ms"),
    _number("duration", "Seconds from first to last event", "ended_at"),
    _number("speed", "Page views a minute", "pageviews", ops=(Op.AT_LEAST,)),
)
RULE_FIELDS: dict[str, Field] = {field.name: field for field in _RULE_FIELDS}


# --- as they are kept -------------------------------------------------------------------------------------------------


def conditions_read(texts: Iterable[str]) -> Filters:
    """Return a rule's conditions as they stand in an address. A bad one is dropped, and `problems` says why."""
    return filters_read(texts, RULE_FIELDS)


def conditions_kept(filters: Filters) -> list[dict[str, object]]:
    """Return conditions for the rule's row."""
    return [{"field": item.field.name, "op": item.op.value, "values": list(item.values)} for item in filters.items]


def conditions_of(kept: Iterable[dict[str, Any]]) -> Filters:
    """Return the conditions of a rule's row. Raises NotUnderstood, also where only one of them isn't known."""
    try:
        filters = Filters(tuple(Filter(RULE_FIELDS[one["field"]], Op(one["op"]), tuple(one["values"])) for one in kept))
        problems = [problem for item in filters.items for problem in conditions_read([item.text]).problems]
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise NotUnderstood(str(error)) from error
    if problems:
        raise NotUnderstood(problems[0])
    return filters


# --- as a query -------------------------------------------------------------------------------------------------------


def waits_for_end(filters: Filters) -> bool:
    """Return whether a visit may meet this now and not any more when it goes on: such are judged once they are over."""
    return any(
        item.op is Op.AT_MOST
        or item.field.name == "speed"
        or (item.op is Op.IS_NOT and item.field.level is not Level.SESSION)
        for item in filters.items
    )


def visit_condition(filters: Filters, *, since: datetime, until: datetime, now: datetime) -> Q:
    """Return what a stored visit meets that meets all conditions. `since`, `until`: bounds of its `started_at`."""
    met = Q(ended_at__lte=now - OVER_AFTER) if waits_for_end(filters) else Q()
    for item in filters.items:
        met &= _number_condition(item) if item.op in NUMBER_OPS else session_condition(item, since=since, until=until)
    return met


def _number_condition(item: Filter) -> Q:
    number = _bound(item)
    if item.field.name == "duration":
        end = F("started_at") + timedelta(seconds=number)
        return Q(ended_at__gte=end) if item.op is Op.AT_LEAST else Q(ended_at__lte=end)
    if item.field.name == "speed":
        # At least `number` a minute: the views after the first took at most so long.
        pace = timedelta(minutes=1) / max(1, number)
        took = ExpressionWrapper((F("pageviews") - 1) * pace, output_field=DurationField())
        return Q(pageviews__gte=2, ended_at__lte=F("started_at") + took)
    if item.field.name == "engaged":
        number *= 1000
    return Q(**{f"{item.field.column}__{'gte' if item.op is Op.AT_LEAST else 'lte'}": number})


def _bound(item: Filter) -> int:
    """Return the number; several of one kind are alternatives, so the one that is met more easily."""
    numbers = [int(value) for value in item.values]
    return min(numbers) if item.op is Op.AT_LEAST else max(numbers)


# --- as a function ----------------------------------------------------------------------------------------------------


def visit_meets(filters: Filters, session: SessionState, pages: Sequence[tuple[str, str]], *, now_ms: int) -> bool:
    """Return whether a visit that isn't stored yet meets all conditions. `pages`: host and path of its page views."""
    if waits_for_end(filters) and session.ended_ms > now_ms - GAP_MS:
        return False
    return all(_meets(item, session, pages) for item in filters.items)


def _meets(item: Filter, session: SessionState, pages: Sequence[tuple[str, str]]) -> bool:
    if item.op in NUMBER_OPS:
        return _number_meets(item, session)
    if item.field.level is Level.PAGE:
        met = any(_text_meets(item, page[item.field.column == "path"]) for page in pages)
        return not met if item.op is Op.IS_NOT else met
    met = _text_meets(item, _column(item.field, session))
    return not met if item.op is Op.IS_NOT else met


def _column(field: Field, session: SessionState) -> str:
    if field.column == "entry_path":
        return session.entry_path
    value = session.facts.get(field.column)
    return "" if value is None else str(value)


def _text_meets(item: Filter, text: str) -> bool:
    """Return whether one of the values is met; for "is not", whether it is one of them."""
    if item.op in (Op.CONTAINS, Op.STARTS_WITH):
        upper = _upper(text)
        test: Callable[[str], bool] = upper.__contains__ if item.op is Op.CONTAINS else upper.startswith
        return any(test(_upper(value)) for value in item.values)
    return any(text == (value or item.field.unknown) for value in item.values)


def _upper(text: str) -> str:
    """Return capital letters as PostgreSQL's upper() gives them: a letter for a letter, ß stays."""
    return text.upper() if text.isascii() else "".join(map(_capital, text))


def _capital(letter: str) -> str:
    # Unicode's simple mapping: where the full one has several letters, it is the title's letter, or there is none.
    return next((found for found in (letter.upper(), letter.title()) if len(found) == 1), letter)


def _number_meets(item: Filter, session: SessionState) -> bool:
    number, lasted_ms = _bound(item), session.ended_ms - session.started_ms
    if item.field.name == "speed":
        return session.pageviews >= 2 and lasted_ms * max(1, number) <= (session.pageviews - 1) * 60_000
    has = {
        "pageviews": session.pageviews,
        "events": session.events,
        "engaged": session.engaged_ms / 1000,
        "duration": lasted_ms / 1000,
    }[item.field.name]
    return has >= number if item.op is Op.AT_LEAST else has <= number
