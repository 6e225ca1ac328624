"""What finding companies by name rests on: a name without accents, and an index of its trigrams.

Both need extensions of PostgreSQL, made once in a database: `unaccent` and `pg_trgm`, in the schema `public`, which
every agency's path ends in. Both are "trusted": a user that may create in the database may make them. Where even that
is forbidden, names are searched as they are written, without accents taken off (but by what Unicode says of them) and
without forgiving typos, until an administrator has made the extensions and `manage.py search_index` has run.
"""

import logging

from django.db import connection

EXTENSIONS = ("pg_trgm", "unaccent")
# Any number of ours: two schemas that are migrated at once would both make the extension, and one of them fail.
_LOCK = 0x62636E73
ADVICE = (
    "The database user may not create the extensions that finding companies without accents and with typos needs. "
    "Have an administrator of the database run: CREATE EXTENSION pg_trgm SCHEMA public; "
    "CREATE EXTENSION unaccent SCHEMA public; and then run: manage.py search_index"
)

# The dictionary is named with its schema, so that the answer depends on no path; that makes it safe in an index.
_FOLDED = """
CREATE OR REPLACE FUNCTION company_folded(text) RETURNS text LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
AS $$ SELECT public.unaccent('public.unaccent'::regdictionary, lower($1)) $$
"""
# Without the extension: marks that Unicode writes beside their letter are taken off, which leaves ß, ø, ł and the like.
_FOLDED_PLAINLY = """
CREATE OR REPLACE FUNCTION company_folded(text) RETURNS text LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
AS $$ SELECT regexp_replace(normalize(lower($1), NFKD), '[\\u0300-\\u036f]', '', 'g') $$
"""
_INDEX = """
CREATE INDEX IF NOT EXISTS company_search ON company
USING gin (company_folded(name || ' ' || domain) public.gin_trgm_ops)
"""

logger = logging.getLogger(__name__)


def extensions_missing() -> set[str]:
    """Return which of the extensions aren't in `public`. One query."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT extname FROM pg_extension JOIN pg_namespace AS place ON place.oid = extnamespace"
            " WHERE extname = ANY(%s) AND nspname = 'public'",
            [list(EXTENSIONS)],
        )
        return set(EXTENSIONS) - {name for (name,) in cursor.fetchall()}


def search_index_make() -> bool:
    """Give the chosen schema its function and, where the extensions are, its index. Return whether they are.

    May run any number of times. Makes the extensions where the database user may.
    """
    missing = _extensions_make()
    with connection.cursor() as cursor:
        if "unaccent" in missing or "pg_trgm" in missing:
            logger.warning(ADVICE)
            cursor.execute(_FOLDED_PLAINLY)
            return False
        # An index made with another meaning of the function would find by that.
        cursor.execute("DROP INDEX IF EXISTS company_search")
        cursor.execute(_FOLDED)
        cursor.execute(_INDEX)
    return True


def _extensions_make() -> set[str]:
    """Make what is missing of the extensions and may be made; return what still is missing."""
    missing = extensions_missing()
    with connection.cursor() as cursor:
        for name in sorted(missing & _makeable()):
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_LOCK])
            cursor.execute(f"CREATE EXTENSION IF NOT EXISTS {name} SCHEMA public")
    return extensions_missing() if missing else missing


def _makeable() -> set[str]:
    """Return those that the server has and this user may make. Asked rather than tried: what fails would be replayed
    for each new agency (apps.agencies.schemas)."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT name FROM pg_available_extension_versions"
            " WHERE name = ANY(%s) AND (trusted OR (SELECT rolsuper FROM pg_roles WHERE rolname = current_user))"
            " AND has_database_privilege(current_database(), 'CREATE')",
            [list(EXTENSIONS)],
        )
        return {name for (name,) in cursor.fetchall()}
