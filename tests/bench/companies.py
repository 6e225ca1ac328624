"""Ten thousand companies with a year of visits on a site, made in bulk by the database.

A few come nearly every day and most a few times, as in life; a visit has one to eight page views, among them those that
scores ask for, and now and then an event. Ids are in the order of time. And one company more, with as many page views
as they have who watch their own site all day.
"""

from datetime import datetime, timedelta
from typing import Any

DAYS = 365
# Of the one company with very many page views, all of them within what scores look at: ten in each visit, and an event.
GREAT_VISITS, GREAT_THINGS, GREAT_DAYS = 10_000, 11, 170
GREAT_DOMAIN = "great.example"

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
    'Windows', '11', 'desktop', '', '', '', 'de', 'de', '', '', 'EU', 'DE', '', '', 'Company', 'Company', '',
    'business', false, false, false, '', '', false, false, company_id, started_at
FROM ({visits}) AS visit ORDER BY visit.started_at
"""
_VISITS = """
    SELECT company.id AS company_id, %(now)s - random() * %(days)s * interval '1 day' AS started_at,
        company.id * 40 + (random() * 5)::int AS visitor, 1 + (power(random(), 2) * 7)::int + 0 * number AS views,
        (ARRAY['Google', 'Direct', 'LinkedIn'])[1 + (random() * 2)::int] AS source,
        (ARRAY['Organic Search', 'Direct', 'Paid Social'])[1 + (random() * 2)::int] AS channel
    FROM company CROSS JOIN LATERAL generate_series(1, 2 + (power(company.id %% 1000 / 1000.0, 8) * 200)::int) AS number
"""
_GREAT_VISITS = """
    SELECT company.id AS company_id, %(now)s - random() * %(great_days)s * interval '1 day' AS started_at,
        -(random() * 200)::int AS visitor, %(great_things)s AS views,
        (ARRAY['Google', 'Direct', 'LinkedIn'])[1 + (random() * 2)::int] AS source,
        (ARRAY['Organic Search', 'Direct', 'Paid Social'])[1 + (random() * 2)::int] AS channel
    FROM company CROSS JOIN generate_series(1, %(great_visits)s) AS number
    WHERE company.domain = %(great)s
"""
_GREAT = """
WITH made AS (
    INSERT INTO company (name, domain, kind, country, created_at, updated_at)
    VALUES ('Great', %(great)s, 'business', '', %(now)s, %(now)s) RETURNING id
)
INSERT INTO company_client (company_id, client_id, first_seen_at, last_seen_at)
SELECT id, %(client)s, %(now)s - interval '1 year', %(now)s FROM made
"""
_EVENTS = """
INSERT INTO event (
    site_id, event_id, occurred_at, received_at, session_id, visitor_id, kind, name, origin, set_aside,
    is_interactive, host, path, query, title, referrer, engaged_ms, scroll_percent
)
SELECT site_id, uuidv7(occurred_at - clock_timestamp()), occurred_at, occurred_at, id, visitor_id, kind,
    CASE WHEN kind = 'event' THEN (ARRAY['form_start', 'download', 'video'])[1 + (random() * 2)::int] ELSE '' END,
    'tag',
    '', kind = 'event', 'bench.example', path, '', 'A page', '', (random() * 40000)::int, (random() * 100)::int
FROM (
    SELECT site_id, id, visitor_id, started_at + step * interval '30 seconds' AS occurred_at,
        CASE WHEN random() < 0.1 AND step > 1 THEN 'event' ELSE 'pageview' END AS kind,
        (ARRAY['/', '/pricing', '/docs/start', '/blog/a', '/blog/b', '/products/one', '/demo', '/case-studies/a',
               '/about', '/careers'])[1 + (power(random(), 2) * 9)::int] AS path
    FROM session CROSS JOIN LATERAL generate_series(1, pageviews) AS step
    WHERE site_id = %(site)s AND company_id IN (SELECT id FROM company WHERE {companies})
) AS happened ORDER BY happened.occurred_at
"""


def companies_make(*, site_id: int, client_id: int, now: datetime, companies: int) -> None:
    """Fill a year of a site with the visits of so many companies. In the current schema; nothing is due afterwards."""
    from apps.tracking import partitions

    partitions.ensure([now - timedelta(days=back) for back in range(0, DAYS + 28, 28)])
    values = {"site": site_id, "client": client_id, "now": now, "companies": companies, "days": DAYS}
    _fill(_COMPANIES, _CLIENTS, _SESSIONS.format(visits=_VISITS), _EVENTS.format(companies="true"), values=values)


def company_make_great(*, site_id: int, client_id: int, now: datetime) -> int:
    """Add the company with very many page views to a site whose year is filled; return its number."""
    from apps.companies.models import Company

    values = {"site": site_id, "client": client_id, "now": now, "great": GREAT_DOMAIN}
    values |= {"great_visits": GREAT_VISITS, "great_things": GREAT_THINGS, "great_days": GREAT_DAYS}
    events = _EVENTS.format(companies="domain = %(great)s")
    _fill(_GREAT, _SESSIONS.format(visits=_GREAT_VISITS), events, values=values)
    return Company.objects.get(domain=GREAT_DOMAIN).id


def _fill(*statements: str, values: dict[str, Any]) -> None:
    from django.db import connection

    with connection.cursor() as cursor:
        for sql in statements:
            cursor.execute(sql, values)
        cursor.execute("TRUNCATE score_due")
        for table in ("company", "company_client", "session", "event"):
            cursor.execute(f"VACUUM ANALYZE {table}")
