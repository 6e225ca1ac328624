"""What the pipeline needs to know of a site: its zone, for local days, its hosts, which are no referrers, its goals,
and which visits' companies are to be looked for."""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from zoneinfo import ZoneInfo

from django.db import connection

from .goals.rules import GoalRule, rules_read
from .identified import USUAL

# Asked for each agency's share of each batch: by hand, because composing it took longer than answering it. Goals come
# along, so that sites without any cost no query for them.
MEASURED = """
SELECT site.id, site.time_zone, array_remove(array_agg(domain.host ORDER BY domain.id), NULL),
  site.company_parameter, coalesce(site.company_kinds, (SELECT kinds FROM sites_companydefaults WHERE id = 1)),
  EXISTS (SELECT FROM sites_goal WHERE site_id = site.id),
  (SELECT json_agg(json_build_object(
      'id', id, 'kind', kind, 'page', page, 'event_name', event_name, 'conditions', conditions,
      'threshold', threshold, 'value_from', value_from, 'value', value::text, 'currency', currency,
      'counts_every', counts_every
    ) ORDER BY id)::text FROM sites_goal WHERE site_id = site.id AND is_active AND archived_at IS NULL)
FROM sites_site AS site LEFT JOIN sites_sitedomain AS domain ON domain.site_id = site.id
WHERE site.id = ANY(%s) GROUP BY site.id, site.time_zone
"""


@dataclass(frozen=True, slots=True)
class MeasuredSite:
    """`goals`: those that are on. `had_goals`: there may be conversions, also of goals that aren't on any more.

    `company_kinds`: networks whose organisations become companies. `company_parameter`: see Site.
    """

    id: int
    time_zone: ZoneInfo
    hosts: tuple[str, ...]
    had_goals: bool = False
    goals: tuple[GoalRule, ...] = ()
    company_parameter: str = ""
    company_kinds: frozenset[str] = USUAL


def measured_sites(site_ids: Iterable[int]) -> dict[int, MeasuredSite]:
    """Return those of the current agency's sites that exist, by id. One query."""
    with connection.cursor() as cursor:
        cursor.execute(MEASURED, [list(set(site_ids))])
        return {
            site_id: MeasuredSite(
                site_id,
                _zone(zone),
                tuple(hosts),
                had_goals,
                rules_read(goals) if goals else (),
                parameter,
                USUAL if kinds is None else frozenset(kinds),
            )
            for site_id, zone, hosts, parameter, kinds, had_goals, goals in cursor.fetchall()
        }


@cache
def _zone(name: str) -> ZoneInfo:
    return ZoneInfo(name)
