"""Asking IPinfo for visits' networks, and what follows from the answer.

Which visits are due lies in rows (`NetworkLookup`), so that neither a lost wake-up nor a killed worker leaves one
out: whoever takes some up pushes them on by a lease, asks with no transaction open, and writes what came of it under
each site's lock. Done twice, late or side by side, it ends the same.
"""

import random
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import connection, transaction

from apps.core import clock
from apps.tracking.company_links import visits_unmatch
from apps.tracking.locks import site_lock
from apps.tracking.network_links import visits_network_set

from .enrichment.providers.base import NetworkAnswer, Source
from .enrichment.service import addresses_resolve, is_remote
from .models import CompanyClue, CompanyMatch, NetworkLookup
from .services import visits_match

# Visits taken up at once, and asked for in one request.
SLICE_VISITS = 500
# How many of those that nobody told us of are looked for at once.
MISSED_VISITS = 2_000
# So that one agency keeps the others waiting for seconds, not for minutes.
SLICES_SWEPT = 5
SLICE_TIDIED = 10_000
# A worker that was killed holds its visits for so long; a request takes 25 s at most, and waiting for another's 12 s.
LEASE = timedelta(minutes=2)
# The writer leaves a sealed address for so long (tracking.writer.addresses).
SEALED_FOR = timedelta(hours=24)
PAUSE_SECONDS = 60
LONGEST_PAUSE_SECONDS = 1_800
# A visit that the sweep looks for was stored at least so long ago: before, its wake-up may still be on its way.
SWEPT_AFTER = timedelta(seconds=60)
# Each minute it looks for those that began lately, now and then for all: most that come late are told of.
LATELY = timedelta(minutes=15)
FAR_EVERY_MINUTES = 30
# How long it is remembered that a visit was asked for in vain; behind it, nobody looks for it any more.
FORGET_AFTER = timedelta(days=1)

# Imported visits have no sealed address; a declared bot's network isn't anybody's question.
_MAY_BE_ASKED = """
session.set_aside = '' AND session.ip_hash IS NOT NULL AND session.import_id IS NULL
  AND session.network_kind <> 'bot' AND session.started_at > %s
"""
_NOTE = f"""
INSERT INTO network_lookup (session_id, site_id, source, due_at, until_at, tries)
SELECT id, site_id, %s, %s, started_at + %s, 0 FROM session
WHERE id = ANY(%s::uuid[]) AND {_MAY_BE_ASKED}
ON CONFLICT (session_id) DO NOTHING
"""
_MISSED = f"""
SELECT id FROM session WHERE {_MAY_BE_ASKED} AND session.started_at < %s
  AND site_id IN (SELECT id FROM sites_site)
  AND NOT EXISTS (SELECT FROM network_lookup WHERE network_lookup.session_id = session.id)
ORDER BY started_at LIMIT %s
"""
_TAKE = """
UPDATE network_lookup SET due_at = %s, tries = least(tries + 1, 1000) WHERE session_id IN (
    SELECT session_id FROM network_lookup WHERE due_at <= %s AND until_at > %s AND {} ORDER BY due_at LIMIT %s
    FOR UPDATE SKIP LOCKED
) RETURNING session_id, site_id, tries
"""
_GIVE_UP = """
UPDATE network_lookup SET due_at = NULL, resolved_at = %s WHERE due_at IS NOT NULL AND until_at <= %s
"""
_FORGET = "DELETE FROM network_lookup WHERE due_at IS NULL AND until_at < %s AND source = %s"
_TIDY = """
WITH slice AS (SELECT session_id FROM network_lookup WHERE session_id > %s ORDER BY session_id LIMIT %s),
gone AS (
    DELETE FROM network_lookup WHERE session_id IN (
        SELECT session_id FROM slice WHERE NOT EXISTS (SELECT FROM session WHERE session.id = slice.session_id)
    ) RETURNING 1
)
SELECT (SELECT session_id FROM slice ORDER BY session_id DESC LIMIT 1), (SELECT count(*) FROM gone)
"""


@dataclass(frozen=True, slots=True)
class Due:
    session_id: UUID
    site_id: int
    tries: int
    ip_hash: bytes


def networks_resolve(*, session_ids: Iterable[UUID]) -> int:
    """Ask for these visits' networks, unless that is done already; return how many are settled now. Blocks for seconds.

    Raises RedisError where "volatile" is away; the visits stay due.
    """
    ids = list(session_ids)
    if not is_remote() or not ids:
        return 0
    _note(ids)
    return _resolve(_take(ids))


def networks_sweep() -> int:
    """Ask for whatever is due in the current agency, some slices; return how many are settled now. Raises RedisError.

    Those whose sealed address is gone keep what the local databases said.
    """
    now = clock.now()
    with connection.cursor() as cursor:
        cursor.execute(_GIVE_UP, [now, now])
        if not is_remote():
            return 0
        looks_far = now.minute % FAR_EVERY_MINUTES == 0
        since = now - (SEALED_FOR if looks_far else LATELY)
        cursor.execute(_MISSED, [since, now - SWEPT_AFTER, MISSED_VISITS])
        missed = [row[0] for row in cursor.fetchall()]
    if missed:
        _note(missed)
    settled = 0
    for _ in range(SLICES_SWEPT):
        due = _take(None)
        settled += _resolve(due)
        if len(due) < SLICE_VISITS:
            break
    return settled


def networks_tidy() -> int:
    """Forget who told the networks of visits that are gone, and of those that were asked for in vain; return how many.

    May run twice. A query for each ten thousand visits.
    """
    with connection.cursor() as cursor:
        cursor.execute(_FORGET, [clock.now() - FORGET_AFTER, Source.LOCAL.value])
        forgotten = int(cursor.rowcount)
        reached: UUID | None = UUID(int=0)
        while reached is not None:
            cursor.execute(_TIDY, [reached, SLICE_TIDIED])
            reached, gone = cursor.fetchone()
            forgotten += gone
    return forgotten


def _note(session_ids: Sequence[UUID]) -> None:
    now = clock.now()
    given: list[Any] = [Source.LOCAL.value, now, SEALED_FOR, list(session_ids), now - SEALED_FOR]
    with connection.cursor() as cursor:
        cursor.execute(_NOTE, given)


def _take(session_ids: Sequence[UUID] | None) -> list[Due]:
    """Take up visits that are due, these or any, for the time of a lease. Two queries."""
    now = clock.now()
    with transaction.atomic(), connection.cursor() as cursor:
        chosen = "TRUE" if session_ids is None else "session_id = ANY(%s::uuid[])"
        given = [] if session_ids is None else [list(session_ids)]
        cursor.execute(_TAKE.format(chosen), [now + LEASE, now, now, *given, SLICE_VISITS])
        taken = {row[0]: (row[1], row[2]) for row in cursor.fetchall()}
        cursor.execute("SELECT id, ip_hash FROM session WHERE id = ANY(%s::uuid[])", [list(taken)])
        hashes = {row[0]: bytes(row[1] or b"") for row in cursor.fetchall()}
    return [Due(id_, site_id, tries, hashes.get(id_, b"")) for id_, (site_id, tries) in taken.items()]


def _resolve(due: Sequence[Due]) -> int:
    if not due:
        return 0
    resolved = addresses_resolve({one.ip_hash for one in due if one.ip_hash})
    by_site: defaultdict[int, dict[UUID, NetworkAnswer]] = defaultdict(dict)
    unsettled = []
    for one in due:
        found = resolved.get(one.ip_hash)
        if found is not None and found.is_settled:
            by_site[one.site_id][one.session_id] = found.answer
        else:
            unsettled.append(one)
    _put_off(unsettled)
    for site_id, answers in sorted(by_site.items()):
        _settle(site_id, answers)
    return sum(map(len, by_site.values()))


def _put_off(visits: Sequence[Due]) -> None:
    """Have visits asked for again later, each time later; none before its turn."""
    if not visits:
        return
    now = clock.now()
    rows = [NetworkLookup(session_id=one.session_id, due_at=now + pause(one.tries)) for one in visits]
    NetworkLookup.objects.bulk_update(rows, ["due_at"])


def pause(tries: int) -> timedelta:
    """Return how long a visit waits after so many tries: a minute, each time twice as long, half an hour at most."""
    seconds = min(PAUSE_SECONDS * 2 ** min(tries - 1, 10), LONGEST_PAUSE_SECONDS)
    return timedelta(seconds=seconds * random.uniform(0.9, 1.1))


def _settle(site_id: int, answers: Mapping[UUID, NetworkAnswer]) -> None:
    """Write the answers for visits of a site and match those whose network is another now."""
    told = {id_: answer for id_, answer in answers.items() if answer.source is not Source.LOCAL}
    now = clock.now()
    with transaction.atomic():
        # The writer, retention and deleting take it too: nobody else writes these visits meanwhile.
        site_lock([site_id])
        unmatched = _write(site_id, told) if told else set()
        _record(answers, now)
        confirmed = [id_ for id_ in told if id_ not in unmatched]
        _relabel(confirmed)
    if unmatched:
        # Were this lost, the sweep would find them: they count as never matched.
        visits_match(session_ids=unmatched)


def _write(site_id: int, told: Mapping[UUID, NetworkAnswer]) -> set[UUID]:
    """Write networks and return the visits that are to be matched anew.

    Among them those whose host's name is known: whether it counts depends on the network, whatever it was before.
    """
    changed = visits_network_set(site_id=site_id, networks=told)
    if not changed.visits:
        return set()
    named = CompanyClue.objects.filter(session_id__in=changed.visits, ground=CompanyMatch.Ground.HOST_NAME)
    others = set(named.values_list("session_id", flat=True)).difference(changed.unmatched)
    if others:
        visits_unmatch(others)
    return others.union(changed.unmatched)


def _record(answers: Mapping[UUID, NetworkAnswer], at: datetime) -> None:
    rows = [
        NetworkLookup(session_id=id_, source=answer.source.value, due_at=None, resolved_at=at)
        for id_, answer in answers.items()
    ]
    NetworkLookup.objects.bulk_update(rows, ["source", "due_at", "resolved_at"])


def _relabel(session_ids: Sequence[UUID]) -> None:
    """Say of matches that stay as they were who has confirmed them."""
    if session_ids:
        with connection.cursor() as cursor:
            cursor.execute(
                "UPDATE company_match SET evidence = evidence || jsonb_build_object('source', %s::text)"
                " WHERE ground = %s AND session_id = ANY(%s::uuid[])",
                [Source.IPINFO.value, CompanyMatch.Ground.NETWORK.value, list(session_ids)],
            )
