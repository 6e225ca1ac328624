"""Stored visits follow their site's time zone: the local day on which each began is written anew."""

from django.db import connection, transaction

from apps.sites.models import Site

from .locks import site_lock
from .rollups import rollups_forget

LOCAL_DAYS = "UPDATE session SET local_day = (started_at AT TIME ZONE %s)::date WHERE site_id = %s"
# Whoever has two visits on one of the new days is marked; a mark too many costs time, one too few a wrong figure.
SIBLINGS = """
UPDATE session SET has_siblings = true WHERE site_id = %s AND NOT has_siblings AND id IN (
    SELECT id FROM (
        SELECT id, count(*) OVER (PARTITION BY visitor_id, local_day) AS visits FROM session WHERE site_id = %s
    ) AS counted WHERE visits > 1
)
"""


def site_set_zone(*, site: Site, time_zone: str) -> None:
    """Change a site's zone and the days of all its visits in one transaction. Writers of the site wait for it."""
    if time_zone == site.time_zone:
        return
    with transaction.atomic(), connection.cursor() as cursor:
        site_lock([site.id])
        site.time_zone = time_zone
        site.save(update_fields=["time_zone"])
        cursor.execute(LOCAL_DAYS, [time_zone, site.id])
        cursor.execute(SIBLINGS, [site.id, site.id])
        rollups_forget(site.id)
