"""The score that a list shows of a company, sorts and filters it by, as SQL: the best of those sites that it counts on.

On a list over several clients a company counts on the sites of those that don't ignore it; among the ignored, on the
sites of those that do. So a client that ignores a company says nothing of how hot it is to the others.
"""

from apps.scoring.at_moment import best_scores_select, scores_select

from .conditions import Condition
from .wanted import Wanted

_BEST = "LEFT JOIN ({scores}) AS best ON best.company_id = seen.company_id"
_BEST_APART = """
    LEFT JOIN (
        SELECT DISTINCT ON (score.company_id, is_ignored) score.*, hidden.company_id IS NOT NULL AS is_ignored
        FROM ({scores}) AS score
        LEFT JOIN (
            SELECT site.id AS site_id, ignored.company_id
            FROM (
                SELECT client_id, company_id FROM company_client WHERE is_ignored
                UNION
                SELECT * FROM unnest(%s::bigint[], %s::bigint[])
            ) AS ignored
            JOIN unnest(%s::bigint[], %s::bigint[]) AS site(client_id, id) USING (client_id)
        ) AS hidden ON hidden.company_id = score.company_id AND hidden.site_id = score.site_id
        ORDER BY score.company_id, is_ignored, score.total DESC, score.site_id
    ) AS best ON best.company_id = seen.company_id AND best.is_ignored = coalesce(knows.is_ignored, false)
"""


def best_joined(wanted: Wanted) -> Condition:
    """Return the join of `best`, one row at most, to `seen` and `knows`. Columns: apps.scoring.at_moment.COLUMNS.

    Of one client nothing has to be told apart: what it ignores it ignores on all its sites.
    """
    site_ids = [site.id for site in wanted.sites]
    among = f"SELECT {'' if len(site_ids) == 1 else 'DISTINCT '}company_id FROM seen"
    if len(wanted.client_ids) == 1 or wanted.mixes_ignored:
        scores = best_scores_select(site_ids=site_ids, at=wanted.at, among=among)
        return Condition(_BEST.format(scores=scores.sql), tuple(scores.params))
    scores = scores_select(site_ids=site_ids, at=wanted.at, among=among)
    # Merged companies are ignored where one of them is: what says so by itself does so in any case.
    together = [key for key, known in wanted.merged.known.items() if known.is_ignored]
    clients, companies = [client_id for client_id, _ in together], [company_id for _, company_id in together]
    of_sites = [site.client_id for site in wanted.sites], site_ids
    return Condition(_BEST_APART.format(scores=scores.sql), (*scores.params, clients, companies, *of_sites))
