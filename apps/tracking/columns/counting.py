"""Sums over a day's columns: the same as sums.py makes of raw rows. `SUMS` columns, durations in microseconds."""

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from itertools import compress

import numpy as np

from ..sums import SUMS
from .day import Day, Rows
from .encoding import Array, Ints, Mask

_AT = {name: number for number, name in enumerate(SUMS)}
_ENGAGED, _COUNT = _AT["engaged_ms"], _AT["count"]
SUM_COLUMNS = ("visitor_id", "flags", "pageviews", "engaged_ms", "duration")
_FIRST_ROOM = 1024
_NONE: Ints = np.zeros(0, dtype=np.int64)


class Totals:
    """Sums by text, gathered day by day."""

    def __init__(self) -> None:
        # Whoever asks for a text that isn't there gives it the next number.
        self._numbers: defaultdict[bytes, int] = defaultdict()
        self._numbers.default_factory = self._numbers.__len__
        self._sums = np.zeros((_FIRST_ROOM, len(SUMS)), dtype=np.int64)

    def add(self, texts: Sequence[bytes], sums: Ints) -> None:
        """Add a day's sums, a line for each of different texts; lines that are all zero say nothing."""
        says_something: Mask = np.asarray(sums.any(axis=1))
        places = list(map(self._numbers.__getitem__, compress(texts, says_something.tolist())))
        while len(self._numbers) > len(self._sums):
            self._sums = np.concatenate([self._sums, np.zeros_like(self._sums)])
        self._sums[places] += sums[says_something]

    def texts(self) -> list[bytes]:
        return list(self._numbers)

    def columns(self) -> dict[str, list[int]]:
        """Return the sums by name, in the order of `texts`."""
        return {name: self._sums[: len(self._numbers), number].tolist() for name, number in _AT.items()}


def visits_by(day: Day, chosen: Mask, codes: Array, size: int) -> Ints:
    """Return the sums of chosen visits by code: an array of `size` lines. All but the count."""
    (visits,) = np.nonzero(chosen)
    keys = codes[visits]
    columns = {
        "visitors": visitors_by(day, visits, keys, size),
        "visits": np.bincount(keys, minlength=size),
        "bounces": np.bincount(keys[day.have_bounced[visits]], minlength=size),
        "visit_views": _sum_by(keys, day.numbers("pageviews")[visits], size),
        "duration": _sum_by(keys, day.numbers("duration")[visits], size),
        "engaged_ms": _sum_by(keys, day.numbers("engaged_ms")[visits], size),
    }
    return _lines(columns, size)


def visitors_by(day: Day, visits: Array, keys: Array, size: int) -> Ints:
    """Return how many visitors some visits are of, by key: those with siblings are put together first."""
    siblings = day.have_siblings[visits]
    return np.bincount(keys[~siblings], minlength=size) + _distinct_by(
        day.visitors[visits[siblings]], keys[siblings], size
    )


def visitors_of(day: Day, chosen: Mask) -> int:
    """Return how many visitors chosen visits are of."""
    (visits,) = np.nonzero(chosen)
    return int(visitors_by(day, visits, np.zeros(len(visits), dtype=np.int64), 1)[0])


@dataclass(slots=True)
class Landed:
    """What happened on a day in visits that began before it: its visitors, keys, counts and engaged times."""

    visitors: list[Ints] = field(default_factory=list)
    keys: list[bytes] = field(default_factory=list)
    counts: list[Ints] = field(default_factory=list)
    engaged: list[Ints] = field(default_factory=list)

    def gathered(self, texts: list[bytes]) -> tuple[Ints, Ints, Ints, Ints]:
        """Return keys as numbers in `texts`, visitors, counts and engaged times; texts that aren't there are put there.

        `texts`: sorted. What is put there isn't: they are few.
        """
        if not self.keys:
            return _NONE, _NONE, _NONE, _NONE
        known, more = len(texts), dict[bytes, int]()
        numbers = []
        for key in self.keys:
            place = bisect_left(texts, key, hi=known)
            is_known = place < known and texts[place] == key
            numbers.append(place if is_known else more.setdefault(key, known + len(more)))
        texts.extend(more)
        keys = np.array(numbers, dtype=np.int64)
        return keys, np.concatenate(self.visitors), np.concatenate(self.counts), np.concatenate(self.engaged)


def rows_by(day: Day, rows: Rows, keys: Array, dictionary: Sequence[bytes], landed: Landed) -> tuple[list[bytes], Ints]:
    """Return texts and sums by them of chosen rows, and of what has landed on their day: each visitor once a text."""
    texts = list(dictionary)
    landed_keys, landed_visitors, landed_counts, landed_engaged = landed.gathered(texts)
    size = len(texts)
    # A visit's rows of one text are beside each other.
    fresh = np.ones(len(keys), dtype=np.bool_)
    fresh[1:] = (rows.visit[1:] != rows.visit[:-1]) | (keys[1:] != keys[:-1])
    visits, fresh_keys = rows.visit[fresh], keys[fresh]
    again = day.have_siblings
    if len(landed_visitors):
        again = again | np.isin(day.visitors, landed_visitors)
    together = again[visits]
    # A visitor's number is found once a visit, not once a row.
    (several,) = np.nonzero(again)
    _, numbers = np.unique(np.concatenate([day.visitors[several], landed_visitors]), return_inverse=True)
    of_visit = np.zeros(len(again), dtype=np.int64)
    of_visit[several] = numbers[: len(several)]
    pairs = np.concatenate(
        [
            of_visit[visits[together]] * size + fresh_keys[together],
            numbers[len(several) :].astype(np.int64) * size + landed_keys,
        ]
    )
    columns = {
        "visitors": np.bincount(fresh_keys[~together], minlength=size)
        + np.bincount(np.unique(pairs) % size, minlength=size),
        "count": _sum_by(keys, rows.count, size) + _sum_by(landed_keys, landed_counts, size),
        "engaged_ms": _sum_by(keys, rows.engaged, size) + _sum_by(landed_keys, landed_engaged, size),
    }
    return texts, _lines(columns, size)


def land(landed: dict[date, Landed], day: date, visitors: Ints, keys: Sequence[bytes], rows: Array) -> None:
    """Put rows that happened on a later day (layout.LATER) to that day's."""
    one = landed.setdefault(day, Landed())
    one.visitors.append(visitors)
    one.keys.extend(keys)
    one.counts.append(rows["count"].astype(np.int64))
    one.engaged.append(rows["engaged"].astype(np.int64))


def _distinct_by(visitors: Array, keys: Array, size: int) -> Ints:
    """Return by key how many different visitors there are."""
    if not len(visitors):
        return np.zeros(size, dtype=np.int64)
    known, numbers = np.unique(visitors, return_inverse=True)
    pairs = np.unique(numbers.astype(np.int64) * size + keys) if len(known) < len(visitors) else keys
    return np.bincount(pairs % size, minlength=size)


def _sum_by(keys: Array, values: Array, size: int) -> Ints:
    """Return sums of whole numbers by key. bincount adds as floats, which is exact as far as 2**53."""
    return np.bincount(keys, weights=values, minlength=size).astype(np.int64)


def _lines(columns: Mapping[str, Array], size: int) -> Ints:
    lines = np.zeros((size, len(SUMS)), dtype=np.int64)
    for name, values in columns.items():
        lines[:, _AT[name]] = values
    return lines
