"""A real website of some five hundred pages, read in several tabs: what is stored is what was visited."""

import os
from collections import Counter

import pytest

from config.local.deadline import wait_until
from tests.browser import chromium

from .client_site import running
from .conftest import PATIENCE_SECONDS, USER_AGENT, Beacon
from .crawling import Crawl
from .documentation import Documentation, some_pages

pytestmark = pytest.mark.timeout(3600)

# More for a long look: BEACON_CRAWL_PAGES=5000 BEACON_CRAWL_SEED=7
PAGES = int(os.environ.get("BEACON_CRAWL_PAGES") or 60)
SEED = int(os.environ.get("BEACON_CRAWL_SEED") or 1)
TABS = 4
HOST = "docs.kestrel.example"


def test_stored_page_views_are_the_pages_visited(beacon: Beacon) -> None:
    assert len(some_pages()) > 300
    key = beacon.facts["site_key"]
    documentation = Documentation(host=HOST, track_port=beacon.stack.track_port, site_key=key, address="159.50.11.9")
    stored = "SELECT path, count(*) FROM event WHERE host = %s AND kind = 'pageview' GROUP BY path"
    with running(documentation) as site, chromium(user_agent=USER_AGENT, is_whole=True) as browser:
        context = browser.new_context()
        crawl = Crawl(context, f"{site.url}/index.html", tabs=TABS, seed=SEED)
        while site.shown.total() < PAGES:
            crawl.round()

        def views() -> Counter[str]:
            return Counter(dict(beacon.rows(stored, HOST)))

        # Before the tabs are closed: of pages that end with the browser a busy machine loses some.
        wait_until(lambda: site.shown <= views(), seconds=PATIENCE_SECONDS)
        context.close()
        wait_until(lambda: site.shown <= views(), seconds=PATIENCE_SECONDS)
        assert site.shown <= views() <= site.begun
