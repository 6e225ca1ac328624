"""A random salt for each UTC day, destroyed when no event can need it any more: then nobody can link that day to
another.

Events come up to 48 hours late into their right session, and 48 hours touch three days: today's salt and those of the
two days before are kept. They lie in `public.salt`, wrapped by a key from outside the database.
"""

import logging
import os
import threading
from collections.abc import Iterable
from datetime import date, timedelta

from django.db import InterfaceError, OperationalError

from apps.agencies.models import Salt
from apps.core import clock
from apps.core.crypto import KEY_BYTES, SealBroken, seal, unseal

from . import identity
from .loading import NotLoaded, Unavailable

logger = logging.getLogger(__name__)

PURPOSE = "salt"
KEPT_DAYS_BEFORE_TODAY = 2

_salts: dict[date, bytes] = {}
_lock = threading.Lock()


def is_kept(day: date, today: date) -> bool:
    """Return whether the day's salt exists or may be made: tomorrow's (for midnight) back to that of two days ago."""
    return today - timedelta(days=KEPT_DAYS_BEFORE_TODAY) <= day <= today + timedelta(days=1)


def salt_of(day: date) -> bytes:
    """Return the day's salt. Only for days that `is_kept`. Raises NotLoaded, whose loading raises Unavailable."""
    salt = _salts.get(day)
    if salt is None:
        raise NotLoaded(lambda: load([day]))
    return salt


def load(days: Iterable[date]) -> None:
    """Read the days' salts and make those that don't exist."""
    try:
        for day in days:
            salt = _read_or_make(day)
            with _lock:
                _salts[day] = salt
    except (OperationalError, InterfaceError) as error:
        raise Unavailable("the database is away") from error


def salts_ensure() -> None:
    """Make the salts of today and tomorrow, so that midnight waits for nothing. May run any number of times."""
    today = clock.today()
    load(day for day in (today, today + timedelta(days=1)))


def salts_destroy_old() -> int:
    """Destroy the salts that no event needs any more and return how many. May run any number of times."""
    oldest = clock.today() - timedelta(days=KEPT_DAYS_BEFORE_TODAY)
    forget_old(oldest)
    return Salt.objects.filter(day__lt=oldest).delete()[0]


def forget_old(oldest: date) -> None:
    """Drop older salts from this process' memory, and with them all that was computed by salts."""
    with _lock:
        gone = [known for known in _salts if known < oldest]
        for day in gone:
            del _salts[day]
    if gone:
        identity.forget()


def keep() -> None:
    """Have the salts of all kept days at hand: a late event may come while the database is away."""
    today = clock.today()
    forget_old(today - timedelta(days=KEPT_DAYS_BEFORE_TODAY))
    kept = (today + timedelta(days=ahead) for ahead in range(-KEPT_DAYS_BEFORE_TODAY, 2))
    missing = [day for day in kept if day not in _salts]
    if missing:
        load(missing)


def salt_context(day: date) -> bytes:
    """Return what a day's salt is sealed with besides the key."""
    return day.isoformat().encode()


def _read_or_make(day: date) -> bytes:
    context = salt_context(day)
    row = Salt.objects.filter(day=day).first()
    if row is None:
        wrapped = seal(PURPOSE, os.urandom(KEY_BYTES), context)
        # Several processes may come here at once: the first one's salt holds for all.
        Salt.objects.bulk_create([Salt(day=day, wrapped=wrapped)], ignore_conflicts=True)
        row = Salt.objects.get(day=day)
    try:
        return unseal(PURPOSE, row.wrapped, context)
    except SealBroken:
        # BEACON_SECRET_KEY has changed, and the former one isn't among its fallbacks: the old salt is lost.
        # The day's visitors get new ids from here on.
        logger.warning("The salt of %s can't be opened with this secret key and is made anew", day)
        salt = os.urandom(KEY_BYTES)
        changed = Salt.objects.filter(day=day, wrapped=row.wrapped)
        changed.update(wrapped=seal(PURPOSE, salt, context))
        return unseal(PURPOSE, Salt.objects.get(day=day).wrapped, context)
