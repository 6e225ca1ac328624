"""A visit's network and place, told better than the writer could: tracking's side of it."""

from collections.abc import Mapping
from dataclasses import dataclass
from uuid import UUID

import msgspec
from django.db import connection

from apps.core import clock
from apps.networks.lookup import Network
from apps.sites.identified import USUAL

from .models import ExclusionRule
from .rollups import marks_put
from .rules.judging import State
from .steps.place import PlaceFields, place_fields

_TYPES = {
    "latitude": "double precision",
    "longitude": "double precision",
    "asn": "bigint",
    "is_vpn": "boolean",
    "is_proxy": "boolean",
    "is_tor": "boolean",
    "is_hosting": "boolean",
    "is_mobile_network": "boolean",
}
_NAMES = tuple(PlaceFields.__annotations__)
# What a company is found by: with another of these the visit is to be matched anew.
_MATCHED_BY = (
    "network_kind", "organisation", "network_domain", "network_name", "asn", "is_vpn", "is_proxy", "is_tor",
    "is_hosting", "is_mobile_network",
)  # fmt: skip


def _all_of(table: str, names: tuple[str, ...]) -> str:
    return f"({', '.join(f'{table}.{name}' for name in names)})"


# The kinds whose organisations become companies on the site.
_KINDS = """
coalesce((
    SELECT coalesce(company_kinds, (SELECT kinds FROM sites_companydefaults WHERE id = 1)) FROM sites_site WHERE id = %s
)::text[], %s)
"""
# A declared bot's network stays "bot", whoever rents out the machine. Matching is asked again where there is a company
# already, or may be one now: by this network, or because that of before doesn't speak against others any more.
_SET = f"""
UPDATE session SET {", ".join(f"{name} = told.{name}" for name in _NAMES)},
  matched_at = CASE WHEN (session.company_id IS NOT NULL OR ARRAY[session.network_kind, told.network_kind] && {_KINDS})
    AND {_all_of("session", _MATCHED_BY)} IS DISTINCT FROM {_all_of("told", _MATCHED_BY)}
    THEN NULL ELSE session.matched_at END
FROM json_to_recordset(%s) AS told(id uuid, {", ".join(f"{name} {_TYPES.get(name, 'text')}" for name in _NAMES)})
WHERE session.id = told.id AND session.site_id = %s AND session.network_kind <> 'bot'
  AND {_all_of("session", _NAMES)} IS DISTINCT FROM {_all_of("told", _NAMES)}
RETURNING session.id, session.local_day, old.matched_at IS NOT NULL AND new.matched_at IS NULL
"""
_JUDGE = """
INSERT INTO visit_to_judge (session_id, site_id, due_at) SELECT unnest(%s::uuid[]), %s, %s
ON CONFLICT (session_id) DO UPDATE SET due_at = excluded.due_at
"""


@dataclass(frozen=True, slots=True)
class Changed:
    """Visits with another network or place than before, and those of them that are to be matched anew."""

    visits: tuple[UUID, ...]
    unmatched: tuple[UUID, ...]


def visits_network_set(*, site_id: int, networks: Mapping[UUID, Network]) -> Changed:
    """Give stored visits of a site these networks and places. To be called with the site's lock; may run twice.

    Their days are counted anew, and rules judge them by what they are now. One query; two more where something changed,
    and one more where the site has rules.
    """
    records = [{"id": str(id_), **place_fields(network)} for id_, network in networks.items()]
    with connection.cursor() as cursor:
        cursor.execute(_SET, [site_id, sorted(USUAL), msgspec.json.encode(records).decode(), site_id])
        rows = cursor.fetchall()
    if not rows:
        return Changed((), ())
    changed = tuple(row[0] for row in rows)
    marks_put({(site_id, row[1]) for row in rows})
    in_force = (State.ACTIVE, State.APPLYING)
    if ExclusionRule.objects.filter(site_id=site_id, state__in=in_force).exists():
        with connection.cursor() as cursor:
            cursor.execute(_JUDGE, [list(changed), site_id, clock.now()])
    return Changed(changed, tuple(row[0] for row in rows if row[2]))
