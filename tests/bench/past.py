"""A big site's past, made in bulk by the database: visits with all their columns, page views, named events.

A visit has one to some forty page views, a few named events; places, sources and pages are as uneven as they are in
life; a seventh of the visitors comes again on the same day; a twentieth are bots. Ids are in the order of time.
"""

from datetime import datetime, timedelta
from typing import Any

DAYS = 75
VIEWS_OF_VISIT, EVENTS_OF_VIEW = 6.6, 0.3
ROWS_OF_VISIT = VIEWS_OF_VISIT * (1 + EVENTS_OF_VIEW)
COMPANIES = 400
PATHS = 3_000

_SESSIONS = """
INSERT INTO session (
    id, site_id, visitor_id, ip_hash, identity_mode, origin, set_aside, bot_name, started_at, ended_at, local_day,
    has_siblings, is_late, entry_at, entry_host, entry_path, exit_at, exit_path, pageviews, events, interactive_events,
    engaged_ms, source, medium, channel, campaign, term, content, utm_id, referrer, referrer_host, browser,
    browser_version, engine, system, system_version, device, brand, model, screen_width, screen_height, viewport_width,
    viewport_height, pixel_ratio, color_scheme, has_touch, languages, language, time_zone, connection, continent,
    country, region, city, latitude, longitude, asn, network_name, organisation, network_domain, network_kind, is_vpn,
    is_tor, is_hosting, consent_analytics, consent_marketing, gpc, dnt, company_id, matched_at
)
SELECT
    uuidv7(started_at - clock_timestamp()), %(site)s, visitor, sha256(visitor::text::bytea), 'daily', 'tag',
    CASE WHEN other < 0.05 THEN 'bot_declared' ELSE '' END, CASE WHEN other < 0.05 THEN 'Examplebot' ELSE '' END,
    started_at, started_at + (views * 40 - 40 + pick * 300 / 1000) * interval '1 second',
    (started_at AT TIME ZONE %(zone)s)::date, count(*) OVER (PARTITION BY visitor, other < 0.05) > 1, false,
    started_at, 'bench.example', path, started_at + (views * 40 - 40) * interval '1 second',
    '/section-' || pick %% 12 || '/page-' || pick * pick %% 250, views, 0, 0, pick * 60,
    CASE WHEN pick < 300 THEN 'Google' WHEN pick < 550 THEN 'Direct' WHEN pick < 650 THEN 'Newsletter'
         ELSE 'site-' || pick %% 150 || '.example' END,
    CASE WHEN pick < 300 THEN 'organic' WHEN pick < 550 THEN '' ELSE 'referral' END,
    CASE WHEN pick < 300 THEN 'Organic Search' WHEN pick < 550 THEN 'Direct' WHEN pick < 650 THEN 'Email'
         WHEN pick < 800 THEN 'Referral' ELSE 'Organic Social' END,
    CASE WHEN pick %% 9 = 0 THEN 'campaign-' || pick %% 40 ELSE '' END, '', '', '',
    CASE WHEN pick < 300 THEN 'https://www.google.com/' WHEN pick < 650 THEN ''
         ELSE 'https://site-' || pick %% 150 || '.example/read/' || pick END,
    CASE WHEN pick < 300 THEN 'www.google.com' WHEN pick < 650 THEN '' ELSE 'site-' || pick %% 150 || '.example' END,
    (ARRAY['Chrome', 'Chrome', 'Chrome', 'Safari', 'Safari', 'Edge', 'Firefox', 'Samsung Internet'])[1 + pick %% 8],
    (110 + pick %% 30)::text || '.0', (ARRAY['Blink', 'WebKit', 'Gecko'])[1 + pick %% 3],
    (ARRAY['Windows', 'Windows', 'iOS', 'Android', 'macOS', 'Linux'])[1 + pick %% 6], (10 + pick %% 8)::text,
    (ARRAY['desktop', 'desktop', 'desktop', 'mobile', 'mobile', 'tablet'])[1 + pick %% 6],
    (ARRAY['', 'Apple', 'Samsung'])[1 + pick %% 3], '', 1920, 1080, 1280, 720, 2, 'light', false, 'de-DE,de,en',
    (ARRAY['de', 'de', 'en', 'fr', 'it'])[1 + pick %% 5], 'Europe/Berlin', '4g', 'EU',
    country, CASE WHEN pick %% 97 < 9 THEN '' ELSE country || ' region ' || pick %% 97 %% 16 END,
    CASE WHEN pick %% 97 < 19 THEN '' ELSE country || ' city ' || pick %% 97 END, 48.1, 11.5, 3320 + pick,
    'Example Carrier ' || pick %% 300, 'Example Carrier ' || pick %% 300, 'carrier' || pick %% 300 || '.example',
    CASE WHEN pick < 30 THEN 'business' WHEN pick < 900 THEN 'isp' ELSE 'unknown' END, false, false, false,
    'granted', '', false, false, CASE WHEN pick < 30 THEN 1 + (other * 399)::int END, started_at
FROM (
    SELECT
        %(day)s + random() * interval '1 day' AS started_at,
        hashint8extended(extract(epoch FROM %(day)s::timestamptz)::bigint + (number * 0.87)::bigint, 7) AS visitor,
        (random() * 999)::int AS pick, random() AS other,
        CASE WHEN random() < 0.35 THEN 1 WHEN random() < 0.55 THEN 2 + (random() * 4)::int
             ELSE 6 + (random() * 19)::int END AS views,
        (ARRAY['DE', 'DE', 'DE', 'AT', 'CH', 'US', 'US', 'GB', 'FR', 'IT', 'NL', ''])[
            1 + (power(random(), 1.4) * 11)::int
        ] AS country,
        CASE WHEN random() < 0.4 THEN '/'
             ELSE '/section-' || (random() * 11)::int || '/page-' || (random() * 249)::int END AS path
    FROM generate_series(1, %(visits)s) AS number
) AS visit
ORDER BY started_at
"""
_EVENTS = """
INSERT INTO event (
    site_id, event_id, occurred_at, received_at, session_id, visitor_id, page_id, kind, name, origin, set_aside,
    is_interactive, host, path, query, title, referrer, engaged_ms, scroll_percent, ttfb_ms, fcp_ms, lcp_ms, inp_ms,
    load_ms, cls
)
SELECT
    site_id, uuidv7(occurred_at - clock_timestamp()), occurred_at, occurred_at + interval '80 milliseconds', id,
    visitor_id, NULL, kind, CASE WHEN kind = 'event' THEN 'Event ' || (power(random(), 2) * 30)::int ELSE '' END, 'tag',
    set_aside, kind = 'event', 'bench.example', path, '', 'A page with a title of some length | Bench', '',
    CASE WHEN kind = 'event' THEN 0 ELSE (random() * 30000)::int END,
    CASE WHEN kind = 'event' THEN 0 ELSE (random() * 100)::int END,
    CASE WHEN kind = 'pageview' THEN 90 END, CASE WHEN kind = 'pageview' THEN 700 END,
    CASE WHEN kind = 'pageview' THEN 1200 END, NULL, CASE WHEN kind = 'pageview' THEN 1500 END,
    CASE WHEN kind = 'pageview' THEN 0.02 END
FROM (
    SELECT
        site_id, id, visitor_id, set_aside, kind,
        started_at + (step * 40 - 40 + 7 * (kind = 'event')::int) * interval '1 second' AS occurred_at,
        CASE WHEN step = 1 THEN entry_path WHEN step = pageviews THEN exit_path WHEN random() < 0.25 THEN '/pricing'
             ELSE '/section-' || (random() * 11)::int || '/page-' || (power(random(), 3) * 249)::int END AS path
    FROM session
    CROSS JOIN LATERAL generate_series(1, pageviews) AS step
    CROSS JOIN LATERAL unnest(
        CASE WHEN random() < %(events)s + 0 * step THEN ARRAY['pageview', 'event'] ELSE ARRAY['pageview'] END
    ) AS kind
    WHERE session.site_id = %(site)s AND session.started_at >= %(day)s
      AND session.started_at < %(day)s + interval '1 day'
) AS happened
ORDER BY occurred_at
"""


def past_make(*, site_id: int, zone: str, now: datetime, rows: int) -> None:
    """Fill the last DAYS days of a site with about so many events. In the current schema; each day by itself."""
    from django.db import connection

    from apps.companies.models import Company
    from apps.tracking import partitions

    midnight = now.replace(hour=0, minute=0, second=0, microsecond=0)
    days = [midnight - timedelta(days=back) for back in range(DAYS, 0, -1)]
    partitions.ensure([*days, now])
    companies = (
        Company(name=f"Company {number}", domain=f"company{number}.example", created_at=now, updated_at=now)
        for number in range(COMPANIES)
    )
    Company.objects.bulk_create(companies, ignore_conflicts=True)
    visits = round(rows / ROWS_OF_VISIT / DAYS)
    with connection.cursor() as cursor:
        for day in days:
            values: dict[str, Any] = {
                "site": site_id,
                "zone": zone,
                "day": day,
                "visits": visits,
                "events": EVENTS_OF_VIEW,
            }
            cursor.execute(_SESSIONS, values)
            cursor.execute(_EVENTS, values)
        cursor.execute("VACUUM ANALYZE session")
        cursor.execute("VACUUM ANALYZE event")
