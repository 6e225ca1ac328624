"""Advisory locks of scoring, until the transaction ends. Whoever makes or tells a score takes its lock first."""

from collections.abc import Iterable

from django.db import connection

from apps.core.tenancy import current_schema

# In the order of the locks themselves: two takers of several can't wait for each other.
_SCORES = """
SELECT pg_advisory_xact_lock(key) FROM (
    SELECT DISTINCT hashtextextended(concat_ws(':', 'score', %s::text, site_id, company_id), 0) AS key
    FROM unnest(%s::bigint[], %s::bigint[]) AS pair(site_id, company_id) ORDER BY key
) AS keys
"""


def scores_lock(pairs: Iterable[tuple[int, int]]) -> None:
    """Wait for the scores of (site, company)s of the current agency. One query."""
    wanted = list(pairs)
    with connection.cursor() as cursor:
        cursor.execute(_SCORES, [current_schema(), [site for site, _ in wanted], [company for _, company in wanted]])


def bulk_lock(what: str) -> bool:
    """Take the one place that an agency has for long work of a sort; return False where another has it."""
    key = f"scores-{what}:{current_schema()}"
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_xact_lock(hashtextextended(%s, 0))", [key])
        return bool(cursor.fetchone()[0])


def scoring_lock() -> None:
    """Wait until nobody else saves rules of the current agency."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended('scoring:' || %s, 0))", [current_schema()])
