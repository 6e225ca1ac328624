"""Ten thousand companies with a year of visits on a site, made in bulk by the database.

A few come nearly every day and most a few times, as in life; a visit has one to eight page views, among them those that
scores ask for, and now and then an event. Ids are in the order of time.
"""

from datetime import datetime, timedelta

DAYS = 365

_COMPANIES = """
INSERT INTO company (name, domain, kind, country, created_at, updated_at)
SELECT 'Company ' || number, 'company' || number || '.example', 'business', '', %(now)s, %(now)s
FROM generate_series(1, %(companies)s) AS number
"""
_CLIENTS = """
INSERT INTO company_client (company_id, client_id, first_seen_at, last_seen_at)
SELECT id, %(client)s, %(now)s - interval '1 year', %(now)s FROM company
"""
_SESSIONS = """
INSERT INTO session (
    id, site_id, visitor_id, identity_mode, origin, set_aside, bot_name, started_at, ended_at, local_day, has_siblings,
    is_late, entry_at, entry_host, entry_path, exit_at, exit_path, pageviews, events, interactive_events, engaged_ms,
    source, medium, channel, campaign, term, content, utm_id, referrer, referrer_host, browser, browser_version, engine,
    system, system_version, device, brand, model, color_scheme, languages, language, time_zone, connection, continent,
    country, region, city, network_name, organisation, network_domain, network_kind, is_vpn, is_tor, is_hosting,
    consent_analytics, consent_marketing, gpc, dnt, company_id, matched_at
)
SELECT
    uuidv7(started_at - clock_timestamp()), %(site)s, hashint8extended(visitor, 3), 'daily', 'tag', '', '', started_at,
    started_at + views * interval '40 seconds', started_at::date, false, false, started_at, 'bench.example', '/',
    started_at, '/', views, 0, 0, views * 20000, source, '', channel, '', '', '', '', '', '', 'Chrome', '140', 'Blink',
    'Windows', '11', 'desktop', '', '', '', 'de', 'de', 'Europe/Berlin', '', 'EU', 'DE', '', '', 'Company', 'Company', '',
    'business', false, false, false, '', '', false, false, company_id, started_at
FROM (
    SELECT company.id AS company_id, %(now)s - random() * %(days)s * interval '1 day' AS started_at,
        company.id * 40 + (random() * 5)::int AS visitor, 1 + (power(random(), 2) * 7)::int + 0 * number AS views,
        (ARRAY['Google', 'Direct', 'LinkedIn'])[1 + (random() * 2)::int] AS source,
        (ARRAY['Organic Search', 'Direct', 'Paid Social'])[1 + (random() * 2)::int] AS channel
    FROM company CROSS JOIN LATERAL generate_series(1, 2 + (power(company.id %% 1000 / 1000.0, 8) * 200)::int) AS number
) AS visit ORDER BY visit.started_at
"""
_EVENTS = """
INSERT INTO event (
    site_id, event_id, occurred_at, received_at, session_id, visitor_id, kind, name, origin, set_aside,
    is_interactive, host, path, query, title, referrer, engaged_ms, scroll_percent
)
SELECT site_id, uuidv7(occurred_at - clock_timestamp()), occurred_at, occurred_at, id, visitor_id, kind,
    CASE WHEN kind = 'event' THEN (ARRAY['form_start', 'download', 'video'])[1 + (random() * 2)::int] ELSE '' END, 'tag',
    '', kind = 'event', 'bench.example', path, '', 'A page', '', (random() * 40000)::int, (random() * 100)::int
FROM (
    SELECT site_id, id, visitor_id, started_at + step * interval '30 seconds' AS occurred_at,
        CASE WHEN random() < 0.1 AND step > 1 THEN 'event' ELSE 'pageview' END AS kind,
        (ARRAY['/', '/pricing', '/docs/start', '/blog/a', '/blog/b', '/products/one', '/demo', '/case-studies/a',
               '/about', '/careers'])[1 + (power(random(), 2) * 9)::int] AS path
    FROM session CROSS JOIN LATERAL generate_series(1, pageviews) AS step
    WHERE site_id = %(site)s AND company_id IS NOT NULL
) AS happened ORDER BY happened.occurred_at
"""


def companies_make(*, site_id: int, client_id: int, now: datetime, companies: int) -> None:
    """Fill a year of a site with the visits of so many companies. In the current schema; nothing is due afterwards."""
    from django.db import connection

    from apps.tracking import partitions

    partitions.ensure([now - timedelta(days=back) for back in range(0, DAYS + 28, 28)])
    values = {"site": site_id, "client": client_id, "now": now, "companies": companies, "days": DAYS}
    with connection.cursor() as cursor:
        for sql in (_COMPANIES, _CLIENTS, _SESSIONS, _EVENTS):
            cursor.execute(sql, values)
        cursor.execute("TRUNCATE score_due")
        for table in ("company", "company_client", "session", "event"):
            cursor.execute(f"VACUUM ANALYZE {table}")
