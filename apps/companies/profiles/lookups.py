"""Which companies are asked for and when, and what follows from the answer.

What is due lies in rows (`ProfileLookup`): whoever takes one up pushes it on by a lease and asks with no transaction
open, so a killed worker leaves none out. Done twice or side by side, it ends the same.
"""

import logging
import random
import time
from dataclasses import dataclass
from datetime import timedelta

from django.conf import settings
from django.db import connection, transaction

from apps.companies.asking.breaker import State
from apps.companies.asking.failures import Failure, ProviderError
from apps.core import clock

from ..corrections import corrections_in_force
from ..locks import matching_lock
from ..models import Company, ProfileLookup
from ..naming import names_settle
from . import measures, statistics
from .configured import Asking, asking
from .providers.base import NotYet
from .reading import Profile
from .statistics import Outcome
from .writing import found_by, found_note, profile_write

logger = logging.getLogger(__name__)

# So that one agency neither keeps the others waiting nor spends the day's budget of all.
SWEEP_SECONDS = 40.0
MOST_IN_A_SWEEP = 20
# How many companies that nobody has noted are looked for at once.
NEW_COMPANIES = 500
LEASE = timedelta(minutes=5)
# A company that isn't known there may be so some weeks later.
UNKNOWN_DAYS = 30
PAUSE_SECONDS = 60
LONGEST_PAUSE_SECONDS = 24 * 3600

# Businesses that came by a visit that counts, and that not every client who knows them ignores.
_IS_ASKED_FOR = """
company.kind = 'business'
  AND EXISTS (SELECT FROM session WHERE session.company_id = company.id AND session.set_aside = '')
  AND EXISTS (SELECT FROM company_client WHERE company_client.company_id = company.id AND NOT is_ignored)
"""
_NOTE = f"""
INSERT INTO profile_lookup (company_id, source, due_at, tries, error)
SELECT id, '', %s, 0, '' FROM company
WHERE NOT EXISTS (SELECT FROM profile_lookup WHERE profile_lookup.company_id = company.id) AND {_IS_ASKED_FOR}
ORDER BY id DESC LIMIT %s
ON CONFLICT (company_id) DO NOTHING
"""
_IS_DUE = f"""
SELECT company_id FROM profile_lookup JOIN company ON company.id = company_id
WHERE due_at <= %s AND {_IS_ASKED_FOR} ORDER BY due_at LIMIT 1
"""
_TAKE = f"""
UPDATE profile_lookup SET due_at = %s, tries = least(tries + 1, 1000)
WHERE company_id = ({_IS_DUE} FOR UPDATE OF profile_lookup SKIP LOCKED)
RETURNING company_id, tries, (SELECT domain FROM company WHERE company.id = company_id)
"""


@dataclass(frozen=True, slots=True)
class Due:
    company_id: int
    tries: int
    domain: str


def profiles_sweep(*, until: float) -> int:
    """Ask for what is due in the current agency, some companies; return how many are settled now.

    Blocks for some seconds, and begins nothing after `until` (of time.monotonic()).

    Nothing where no provider is configured. Raises RedisError where "volatile" is away; rows stay due.
    """
    service = asking()
    if service is None:
        return 0
    with connection.cursor() as cursor:
        cursor.execute(_NOTE, [clock.now(), NEW_COMPANIES])
    settled, until = 0, min(until, time.monotonic() + SWEEP_SECONDS)
    for _ in range(MOST_IN_A_SWEEP):
        if time.monotonic() > until or not _is_any_due() or not _may_ask(service):
            break
        due = _take()
        if due is None:
            service.quota.give_back(1)
            break
        settled += _ask(service, due)
    return settled


def profiles_ask_again() -> int:
    """Have all companies of the current agency asked for again, as after another mapping; return how many."""
    return ProfileLookup.objects.update(due_at=clock.now(), tries=0)


def _is_any_due() -> bool:
    with connection.cursor() as cursor:
        cursor.execute(_IS_DUE, [clock.now()])
        return cursor.fetchone() is not None


def _may_ask(service: Asking) -> bool:
    """Take one of the day's budget, unless there is none or the service is left alone."""
    if not service.quota.take(1):
        return False
    if service.breaker.admit() is State.OPEN:
        service.quota.give_back(1)
        return False
    return True


def _take() -> Due | None:
    now = clock.now()
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(_TAKE, [now + LEASE, now])
        row = cursor.fetchone()
    return None if row is None else Due(*row)


def _ask(service: Asking, due: Due) -> bool:
    """Ask for one company and note what came of it; return whether that is settled."""
    began = time.monotonic()
    try:
        found = service.provider.ask(due.domain)
    except NotYet:
        statistics.request_count(Outcome.LATER, seconds=time.monotonic() - began)
        service.breaker.succeed()
        _put_off(due, error="")
        return False
    except ProviderError as error:
        statistics.request_count(error, seconds=time.monotonic() - began)
        if not error.is_charged:
            service.quota.give_back(1)
        _stand_back(service, error)
        _put_off(due, error=str(error))
        return False
    outcome = Outcome.UNKNOWN if found is None else Outcome.FOUND
    statistics.request_count(outcome, seconds=time.monotonic() - began)
    service.breaker.succeed()
    _settle(due, found, source=service.provider.source)
    return True


def _stand_back(service: Asking, error: ProviderError) -> None:
    pause = service.breaker.fail(error)
    if pause:
        measures.OPENED.labels(error.failure.value).inc()
        level = logging.ERROR if error.failure is Failure.REFUSED else logging.WARNING
        logger.log(level, "%s It is left alone for %.0f seconds.", error, pause)


def _put_off(due: Due, *, error: str) -> None:
    at = clock.now() + pause(due.tries)
    ProfileLookup.objects.filter(company_id=due.company_id).update(due_at=at, error=error)


def pause(tries: int) -> timedelta:
    """Return how long a company waits after so many tries: a minute, each time twice as long, a day at most."""
    seconds = min(PAUSE_SECONDS * 2 ** min(tries - 1, 20), LONGEST_PAUSE_SECONDS)
    return timedelta(seconds=seconds * random.uniform(0.9, 1.1))


def _settle(due: Due, found: Profile | None, *, source: str) -> None:
    """Write an answer, and when the company is asked for again. A company that is gone meanwhile is passed over.

    That nothing is known leaves what was said before as it stands, with its date.
    """
    now = clock.now()
    days = settings.BEACON_PROFILE_DAYS
    again = days if found is not None else min(days, UNKNOWN_DAYS)
    row: dict[str, object] = {"source": source, "asked_at": now, "tries": 0, "error": ""}
    # Not all of those that came in one hour fall due again in one hour.
    row["due_at"] = now + timedelta(days=again * random.uniform(0.95, 1.0))
    with transaction.atomic():
        if found is not None:
            matching_lock()  # for its name, and so before its row
        # Whoever edits by hand takes the company first too.
        company = Company.objects.select_for_update().filter(id=due.company_id).first()
        if company is None:
            return
        if found is not None:
            row["found"] = found_note(found, source=source, at=now)
        lookup = ProfileLookup.objects.filter(company_id=due.company_id).first()
        # Whom somebody else names keeps that name, though nobody may have noted who.
        is_named_here = company.name in {company.domain, found_by(lookup).profile.name}
        ProfileLookup.objects.filter(company_id=due.company_id).update(**row)
        if found is not None:
            profile_write(company, found, source=source, at=now)
            if is_named_here:
                names_settle([company.domain], corrections_in_force([]), at=now)
