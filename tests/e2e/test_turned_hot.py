"""From the page view that makes a company hot, through all processes, to the agency's screen.

How long it took is printed and not judged: that is for the benchmark of the live page, which has its machine to itself.
"""

import time
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from tests.demo_pages import log_in

from .client_site import ClientSite, client_site
from .conftest import Beacon, eventually

# BNP Paribas' own network, in every edition of the local databases so far.
ADDRESS = "159.50.10.77"
COMPANY_NAME = "BNP PARIBAS"
PATIENCE_MS = 20_000
# One page decides, and nothing else weighs anything.
RULES = """
from apps.core.tenancy import in_schema
from apps.agencies.models import Agency
from apps.scoring.rules import Match, Rule, RuleKind, Scoring, Weights
from apps.scoring.runs import run_work
from apps.scoring.saving import scoring_save
from apps.scoring.versions import scoring_of
with in_schema(Agency.objects.get(slug="demo").schema_name):
    page = Rule("page", "The page", RuleKind.PAGE, 100, 100, Match(pages=("/the-page",)))
    rules = Scoring((page,), Weights(engagement=0.0))
    expected = scoring_of({site}).own_version
    scoring_save(site_id={site}, scoring={scoring}, expected_version=expected, user_name="Test")
    while not run_work({site}):
        pass
"""


@pytest.fixture
def site(beacon: Beacon) -> Iterator[ClientSite]:
    """The client's site with rules of its own, as one of the company's people sees it."""
    key, number = beacon.facts["site_key"], beacon.site_id(beacon.demo.site)
    beacon.manage("shell", "-c", RULES.format(site=number, scoring="rules"))
    with client_site(
        host="kestrel.example", track_port=beacon.stack.track_port, site_key=key, address=ADDRESS
    ) as running:
        yield running
    beacon.manage("shell", "-c", RULES.format(site=number, scoring="None"))


@pytest.fixture
def visitor(browser: Browser) -> Iterator[Page]:
    context = browser.new_context(viewport={"width": 1280, "height": 800})
    yield context.new_page()
    context.close()


def test_a_company_that_turns_hot_is_on_the_live_page(
    beacon: Beacon, site: ClientSite, visitor: Page, window: BrowserContext
) -> None:
    staff = window.new_page()
    log_in(staff, beacon.demo)
    staff.goto(f"{beacon.demo.dashboard_url}/s/{beacon.demo.site}/live")
    visitor.goto(f"{site.url}/another-page")
    row = staff.locator("#live-visits tr", has_text="/another-page")
    expect(row).to_contain_text(COMPANY_NAME, ignore_case=True, timeout=PATIENCE_MS)
    expect(row).to_contain_text("Cold", timeout=PATIENCE_MS)

    visitor.goto(f"{site.url}/the-page")
    began = time.monotonic()
    turned = staff.locator("#live-turned").get_by_role("link", name=COMPANY_NAME)
    expect(turned).to_be_visible(timeout=PATIENCE_MS)
    took = time.monotonic() - began

    row = staff.locator("#live-visits tr", has_text="/the-page")
    expect(row).to_contain_text("Hot", timeout=PATIENCE_MS)
    expect(staff.locator("#live-turned")).to_contain_text("turned hot, score 100", timeout=PATIENCE_MS)
    print(f"on the live page after {took:.2f} s")
    eventually(lambda: beacon.manage("check_scores", "--agency", "demo", check=False).returncode == 0)
