"""Which visits of a day, and which rows in them, meet filters: the same as filters.py asks of raw rows."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from django.db import connection

from ..filters import PLACE_SEPARATOR, PLACES, Filter, Filters, Level, Op, is_own
from ..models import Kind
from .day import Day, Rows, found_in
from .encoding import Array, Mask
from .layout import PATHS, PLACE

_HOLDING = "SELECT text FROM unnest(%s::text[]) AS text WHERE {condition}"


class TextUnseen(Exception):
    """A day has a text that it didn't have when the database was asked which texts hold a word: it was built anew."""


@dataclass(frozen=True, slots=True)
class Conditions:
    """Filters, and what was found out of the texts that "contains" is about: by column those seen, by filter met."""

    filters: Filters
    seen: Mapping[str, frozenset[bytes]] = field(default_factory=dict)
    holding: Mapping[Filter, frozenset[bytes]] = field(default_factory=dict)

    def visits(self, day: Day) -> Mask:
        """Return which visits of a day meet all filters."""
        return self._meeting(day, self.filters.items)

    def visits_of_rows(self, day: Day, kind: Kind) -> Mask:
        """Return in which visits rows of a kind are counted, if they themselves meet their own filters."""
        return self._meeting(day, [item for item in self.filters.items if not is_own(item, kind) or is_not(item)])

    def rows(self, day: Day, kind: Kind, paths: Array, names: Array) -> Mask:
        """Return which rows meet the filters of their own. `paths` and `names` are the rows' numbers."""
        met = np.ones(len(paths), dtype=np.bool_)
        for item in self.filters.items:
            if is_own(item, kind):
                column = paths if item.field.level is Level.PAGE else names
                met &= self._texts(day, item)[column] ^ is_not(item)
        return met

    def _meeting(self, day: Day, items: Iterable[Filter]) -> Mask:
        met = np.ones(day.visits, dtype=np.bool_)
        for item in items:
            if item.field.level is Level.SESSION:
                found: Mask = self._texts(day, item)[day.codes(item.field.column)]
            else:
                found = self._having(day, item)
            met &= found ^ is_not(item)
        return met

    def _having(self, day: Day, item: Filter) -> Mask:
        """Return which visits have a page view (an event) that is one of the filter's values."""
        kind = Kind.PAGEVIEW if item.field.level is Level.PAGE else Kind.EVENT
        texts = self._texts(day, item)
        rows, later = day.rows(kind, is_counted=False), day.later_of(kind)
        found = np.zeros(day.visits, dtype=np.bool_)
        found[rows.visit[texts[_own_column(item, rows)]]] = True
        found[later["visit"][texts[later[item.field.column]]]] = True
        return found

    def _texts(self, day: Day, item: Filter) -> Mask:
        """Return which texts of a dictionary the filter names, whether it wants them or not. Found once a day."""
        if item not in day.named:
            day.named[item] = self._named(day, item)
        return day.named[item]

    def _named(self, day: Day, item: Filter) -> Mask:
        column = item.field.column
        dictionary = day.dictionary(column)
        if item.op is Op.CONTAINS:
            return self._holding(dictionary, item)
        if column == "company_id":
            return found_in(dictionary, {str(int(value)).encode() if value else b"" for value in item.values})
        if column in PLACE:
            return _places(day, item)
        return found_in(dictionary, {(value or item.field.unknown).encode() for value in item.values})

    def _holding(self, dictionary: Sequence[bytes], item: Filter) -> Mask:
        if not self.seen[item.field.column].issuperset(dictionary):
            raise TextUnseen
        wanted = self.holding[item]
        return np.fromiter(map(wanted.__contains__, dictionary), dtype=np.bool_, count=len(dictionary))


def conditions_of(filters: Filters, days: Iterable[Day]) -> Conditions:
    """Return the conditions of filters; `days` with the columns that `contained` names are gone through once.

    Whether a text holds a word, its case apart, only the database says as it says it of raw rows. A query a filter.
    """
    items = [item for item in filters.items if item.op is Op.CONTAINS]
    seen: dict[str, set[bytes]] = {item.field.column: set() for item in items}
    for day in days:
        for column, texts in seen.items():
            texts.update(day.dictionary(column))
    holding = {item: frozenset(_texts_holding(seen[item.field.column], item.values)) for item in items}
    return Conditions(filters, {column: frozenset(texts) for column, texts in seen.items()}, holding)


def contained(filters: Filters) -> set[str]:
    """Return the columns whose texts have to be known beforehand."""
    return {name for item in filters.items if item.op is Op.CONTAINS for name in dictionary_columns(item.field.column)}


def dictionary_columns(column: str) -> set[str]:
    """Return the stored columns in which a column's dictionary lies."""
    if column == "name":
        return {"names"}
    if column == "path" or column in PATHS:
        return {"paths"}
    return {"place" if column in PLACE else column}


def visit_columns(column: str) -> set[str]:
    """Return the stored columns by which visits are told apart by a column."""
    return dictionary_columns(column) | ({column} if column in PATHS else set())


def condition_columns(filters: Filters) -> set[str]:
    """Return the stored columns that tell which visits meet filters."""
    names: set[str] = set()
    for item in filters.items:
        if item.field.level is Level.SESSION:
            names |= visit_columns(item.field.column)
        elif item.field.level is Level.PAGE:
            names |= {"paths", "views_of_visit", "view_path", "later"}
        else:
            names |= {"names", "events_of_visit", "event_name", "later"}
    return names


def is_not(item: Filter) -> bool:
    return item.op is Op.IS_NOT


def _own_column(item: Filter, rows: Rows) -> Array:
    return rows.path if item.field.level is Level.PAGE else rows.name


def _places(day: Day, item: Filter) -> Mask:
    """Compare from the right: "Munich" is any Munich, "DE>Bavaria>Munich" the one."""
    columns = PLACES.get(item.field.name, (item.field.column,))
    texts = [day.dictionary(column) for column in columns]
    found = np.zeros(len(texts[0]), dtype=np.bool_)
    for value in item.values:
        parts = value.split(PLACE_SEPARATOR, len(columns) - 1) if len(columns) > 1 else [value]
        same = np.ones(len(found), dtype=np.bool_)
        for of_column, part in zip(texts[-len(parts) :], parts, strict=True):
            same &= np.fromiter(map(part.encode().__eq__, of_column), dtype=np.bool_, count=len(found))
        found |= same
    return found


def _texts_holding(texts: Iterable[bytes], words: Sequence[str]) -> Iterable[bytes]:
    """Ask as Django asks for `icontains`."""
    condition = " OR ".join(["UPPER(text) LIKE UPPER(%s)"] * len(words))
    patterns = [f"%{connection.ops.prep_for_like_query(word)}%" for word in words]
    with connection.cursor() as cursor:
        cursor.execute(_HOLDING.format(condition=condition), [[text.decode() for text in texts], *patterns])
        return [text.encode() for (text,) in cursor.fetchall()]
