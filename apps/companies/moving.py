"""What a client learns when a site is moved to it: the companies that were on the site."""

from django.db import connection

from .models import SavedView

_ADOPT = """
INSERT INTO company_client AS known (company_id, client_id, first_seen_at, last_seen_at)
SELECT company.id, site.client_id, min(session.started_at), max(session.ended_at)
FROM session
JOIN company ON company.id = session.company_id
JOIN sites_site AS site ON site.id = session.site_id
WHERE session.site_id = %s AND session.set_aside = ''
GROUP BY company.id, site.client_id
ON CONFLICT (company_id, client_id) DO UPDATE SET
    first_seen_at = CASE WHEN known.is_left THEN excluded.first_seen_at
      ELSE least(known.first_seen_at, excluded.first_seen_at) END,
    last_seen_at = CASE WHEN known.is_left THEN excluded.last_seen_at
      ELSE greatest(known.last_seen_at, excluded.last_seen_at) END,
    is_left = FALSE
"""


def site_adopt(*, site_id: int, from_client_id: int) -> None:
    """Have the site's present client know the companies of its stored visits. Two queries; may run twice.

    The client that had it before keeps what it knows; its tags, owners, notes and what it ignores stay its own, as do
    its saved views of the site. Those that older code saved, without saying whose, are that client's.
    """
    SavedView.objects.filter(site_id=site_id, client_id=None).update(client_id=from_client_id)
    with connection.cursor() as cursor:
        cursor.execute(_ADOPT, [site_id])
