"""Going through visits whose hosts' names may tell their organisation, while their sealed addresses can be opened.

Which visits are due lies in rows (`HostLookup`): whoever takes some up pushes them on by a lease, asks with no
transaction open, and writes what came of it. Done twice, late or side by side, it ends the same.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import connection, transaction

from apps.core import clock
from apps.networks.domains import owner_of_domain
from apps.tracking.company_links import visits_reopen
from apps.tracking.locks import site_lock
from apps.tracking.models import Session
from apps.tracking.sealed import addresses_open

from ..asking.quota import Quota
from ..models import CompanyClue, CompanyMatch, HostLookup
from ..resolving import LEASE, SEALED_FOR, pause
from .asking import domains_of
from .naming import ASKED_KINDS

SLICE_VISITS = 100
SLICES_SWEPT = 5
MISSED_VISITS = 2_000
HOST_NAME = CompanyMatch.Ground.HOST_NAME

_NOTE = """
INSERT INTO host_lookup (session_id, site_id, due_at, until_at, tries)
SELECT id, site_id, %s, started_at + %s, 0 FROM session
WHERE started_at > %s AND set_aside = '' AND ip_hash IS NOT NULL AND import_id IS NULL AND network_kind = ANY(%s)
  AND NOT (is_vpn OR is_proxy OR is_tor OR is_hosting OR is_mobile_network)
  AND site_id IN (SELECT id FROM sites_site)
  AND NOT EXISTS (SELECT FROM host_lookup WHERE host_lookup.session_id = session.id)
ORDER BY started_at LIMIT %s
ON CONFLICT (session_id) DO NOTHING
"""
_GIVE_UP = "UPDATE host_lookup SET due_at = NULL WHERE due_at IS NOT NULL AND until_at <= %s"
_TAKE = """
UPDATE host_lookup SET due_at = %s, tries = least(tries + 1, 1000) WHERE session_id IN (
    SELECT session_id FROM host_lookup WHERE due_at <= %s ORDER BY due_at LIMIT %s FOR UPDATE SKIP LOCKED
) RETURNING session_id
"""
_READ = """
SELECT session.id, session.site_id, session.ip_hash, host_lookup.tries
FROM host_lookup JOIN session ON session.id = host_lookup.session_id WHERE host_lookup.session_id = ANY(%s::uuid[])
"""


@dataclass(frozen=True, slots=True)
class Due:
    session_id: UUID
    site_id: int
    ip_hash: bytes
    tries: int


def hosts_sweep() -> int:
    """Ask for the names of visits' hosts, some slices; return for how many an answer is there. Raises RedisError."""
    if not settings.BEACON_REVERSE_DNS:
        return 0
    now = clock.now()
    with connection.cursor() as cursor:
        cursor.execute(_GIVE_UP, [now])
        noted: list[Any] = [now, SEALED_FOR, now - SEALED_FOR, sorted(ASKED_KINDS), MISSED_VISITS]
        cursor.execute(_NOTE, noted)
    settled = 0
    for _ in range(SLICES_SWEPT):
        due = _take()
        answered = _resolve(due)
        settled += answered
        # A server that answers nothing isn't asked for hundreds more.
        if len(due) < SLICE_VISITS or not answered:
            break
    return settled


def _take() -> list[Due]:
    now = clock.now()
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(_TAKE, [now + LEASE, now, SLICE_VISITS])
        taken = [row[0] for row in cursor.fetchall()]
        if not taken:
            return []
        cursor.execute(_READ, [taken])
        found = [Due(id_, site_id, bytes(hashed or b""), *rest) for id_, site_id, hashed, *rest in cursor.fetchall()]
    gone = set(taken) - {one.session_id for one in found}
    if gone:
        HostLookup.objects.filter(session_id__in=gone).delete()
    return found


def _resolve(due: Sequence[Due]) -> int:
    if not due:
        return 0
    opened = addresses_open({one.ip_hash for one in due if one.ip_hash})
    addresses = set(opened.values())
    quota = Quota(settings.BEACON_REVERSE_DNS_BUDGET, service="names")
    domains = domains_of(addresses, quota=quota)
    told = {one.session_id: domains.get(opened.get(one.ip_hash, "")) for one in due}
    # Whose address is gone is done with, too.
    settled = [one for one in due if one.ip_hash not in opened or told[one.session_id] is not None]
    _put_off([one for one in due if one not in settled])
    _settle(settled, {id_: domain for id_, domain in told.items() if domain})
    return len(settled)


def _put_off(visits: Sequence[Due]) -> None:
    now = clock.now()
    rows = [HostLookup(session_id=one.session_id, due_at=now + pause(one.tries)) for one in visits]
    HostLookup.objects.bulk_update(rows, ["due_at"])


def _settle(visits: Sequence[Due], domains: Mapping[UUID, str]) -> None:
    """Write what names tell as clues, and have matching look at those visits anew.

    Clues of all kinds of organisations and from all networks: which count matching decides, by what is switched on and
    known of the network then.
    """
    clues = []
    for one in visits:
        domain = domains.get(one.session_id, "")
        owner = owner_of_domain(domain) if domain else None
        if owner is None:
            continue
        clues.append(
            CompanyClue(
                site_id=one.site_id,
                session_id=one.session_id,
                ground=HOST_NAME.value,
                domain=domain,
                name=owner.name,
                evidence={"domain": domain, "kind": owner.kind.value},
                created_at=clock.now(),
            )
        )
    with transaction.atomic():
        site_lock({clue.site_id for clue in clues})
        # Whoever was deleted while we asked is gone.
        there = set(Session.objects.filter(id__in=[clue.session_id for clue in clues]).values_list("id", flat=True))
        clues = [clue for clue in clues if clue.session_id in there]
        CompanyClue.objects.bulk_create(clues, ignore_conflicts=True)
        HostLookup.objects.filter(session_id__in=[one.session_id for one in visits]).update(due_at=None)
        if clues:
            # Were a wake-up lost, matching's own sweep would find them.
            visits_reopen(site_ids={clue.site_id for clue in clues}, session_ids={clue.session_id for clue in clues})
