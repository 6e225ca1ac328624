"""The lock of matching. Whoever takes a site's lock as well (apps.tracking.locks) takes that one first.

As does whoever writes rows of a site beside it. Two that took them in opposite orders would wait for each other.
"""

from django.db import connection

from apps.core.tenancy import current_schema


def matching_lock() -> None:
    """Wait until nobody else matches visits of the current agency, or changes what they are matched by.

    Two workers told of the same visits would make the same companies in different orders and block each other. And
    whoever makes a correction knows that all that was matched without it is there to be seen.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtext('company-match'), hashtext(%s))", [current_schema()])
