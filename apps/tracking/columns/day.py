"""A day's columns, unpacked as they are asked for."""

from bisect import bisect_left
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date
from functools import cached_property

import numpy as np

from ..filters import Filter
from ..models import Kind
from .encoding import Array, Ints, Mask, coded_numbers, coded_texts, numbers_unpack, texts_unpack
from .layout import APART, BOUNCED, LATER, PATHS, PLACE, SIBLINGS


@dataclass(frozen=True, slots=True)
class Rows:
    """Page views by visit and path, or events by visit, name and path: arrays of one length, in the visits' order.

    `path` and `name` are numbers in the day's dictionaries, `count` how many they are and `engaged` their ms together.
    """

    visit: Array
    path: Array
    name: Array
    count: Array
    engaged: Array

    def chosen(self, which: Mask) -> "Rows":
        columns = (self.visit, self.path, self.name, self.count, self.engaged)
        return Rows(*(column[which] for column in columns))


_NOTHING = np.zeros(0, dtype=np.uint8)
NO_ROWS = Rows(_NOTHING, _NOTHING, _NOTHING, _NOTHING, _NOTHING)


class Day:
    """The visits that began on a day. `blobs` are the columns that were asked for; others can't be read."""

    def __init__(self, day: date, visits: int, blobs: Mapping[str, bytes]) -> None:
        self.day = day
        self.visits = visits
        # Which texts of a dictionary a filter names: conditions.py keeps that here.
        self.named: dict[Filter, Mask] = {}
        self._blobs = blobs
        self._codes: dict[str, Array] = {}
        self._texts: dict[str, list[bytes]] = {}

    # --- of visits ----------------------------------------------------------------------------------------------------

    def codes(self, column: str) -> Array:
        """Return for each visit which of `dictionary` its text is."""
        name = "place" if column in PLACE else column
        if name not in self._codes:
            unpack = numbers_unpack if name in PATHS else coded_numbers
            self._codes[name] = unpack(self._blobs[name], self.visits)
        return self._codes[name]

    def dictionary(self, column: str) -> list[bytes]:
        """Return the texts of a column of visits, or of `path` and `name`. Sorted, but for those of places."""
        if column in PLACE:
            return self._dictionary("place")[PLACE.index(column) :: len(PLACE)]
        return self._dictionary({"path": "paths", "name": "names"}.get(column, "paths" if column in PATHS else column))

    def _dictionary(self, name: str) -> list[bytes]:
        if name not in self._texts:
            unpack = texts_unpack if name in ("paths", "names") else coded_texts
            self._texts[name] = unpack(self._blobs[name])
        return self._texts[name]

    def numbers(self, name: str) -> Array:
        return numbers_unpack(self._blobs[name], self.visits) if self.visits else _NOTHING

    @cached_property
    def visitors(self) -> Ints:
        return self.numbers("visitor_id").astype(np.int64, copy=False)

    @cached_property
    def _flags(self) -> Array:
        return self.numbers("flags")

    @cached_property
    def have_siblings(self) -> Mask:
        return (self._flags & SIBLINGS) > 0

    @cached_property
    def have_bounced(self) -> Mask:
        return (self._flags & BOUNCED) > 0

    @cached_property
    def are_apart(self) -> Mask:
        """Return which visits ended on another local day than they began."""
        return (self._flags & APART) > 0

    # --- of what happened in them -------------------------------------------------------------------------------------

    def rows(self, kind: Kind, *, is_counted: bool = True) -> Rows:
        """Return what happened on the day itself. Where it isn't to be counted, count and engaged time are empty."""
        name = "view" if kind == Kind.PAGEVIEW else "event"
        of_visit = self.numbers(f"{name}s_of_visit")
        total = int(of_visit.sum())
        nothing = np.zeros(total if is_counted else 0, dtype=np.uint8)
        return Rows(
            visit=np.repeat(np.arange(self.visits), of_visit),
            path=self._row_numbers(f"{name}_path", total),
            name=nothing if name == "view" else self._row_numbers("event_name", total),
            count=self._row_numbers(f"{name}_count", total) if is_counted else nothing,
            engaged=self._row_numbers(f"{name}_engaged", total) if is_counted else nothing,
        )

    def _row_numbers(self, column: str, total: int) -> Array:
        """Return a column of rows, or nothing at all where it wasn't asked for."""
        blob = self._blobs.get(column)
        return _NOTHING if blob is None else numbers_unpack(blob, total)

    @cached_property
    def later(self) -> Array:
        """Return what happened on later days, a structured array (layout.LATER)."""
        return np.frombuffer(self._blobs["later"], dtype=LATER)

    def later_of(self, kind: Kind) -> Array:
        rows: Array = self.later
        chosen: Array = rows[(rows["is_event"] == (kind == Kind.EVENT)) & (rows["later"] > 0)]
        return chosen


def found_in(dictionary: list[bytes], wanted: Collection[bytes]) -> Mask:
    """Return which texts of a sorted dictionary are among a few wanted ones."""
    found = np.zeros(len(dictionary), dtype=np.bool_)
    for text in wanted:
        place = bisect_left(dictionary, text)
        if place < len(dictionary) and dictionary[place] == text:
            found[place] = True
    return found
