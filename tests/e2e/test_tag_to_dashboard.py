"""From a visitor's browser on a client's page through all processes to the agency's screen."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from tests.demo_pages import log_in

from .client_site import ClientSite, answered, client_site
from .conftest import Beacon, eventually

# BNP Paribas' own network, in every edition of the local databases so far.
COMPANY_NETWORK = "159.50.10"
COMPANY_NAME = "BNP PARIBAS"
PATIENCE_MS = 20_000
HEADLESS = (
    "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) HeadlessChrome/147.0.0.0 Safari/537.36"
)


@pytest.fixture
def site(beacon: Beacon, request: pytest.FixtureRequest) -> Iterator[ClientSite]:
    """The client's site, visited in each test by another of the company's people: an address is one visitor."""
    address = f"{COMPANY_NETWORK}.{1 + sum(request.node.name.encode()) % 250}"
    key = beacon.facts["site_key"]
    with client_site(
        host="kestrel.example", track_port=beacon.stack.track_port, site_key=key, address=address
    ) as running:
        yield running


@pytest.fixture
def visitor(browser: Browser) -> Iterator[Page]:
    context = browser.new_context(viewport={"width": 1280, "height": 800})
    yield context.new_page()
    context.close()


def test_a_visit_and_its_company_appear_on_the_live_page(
    beacon: Beacon, site: ClientSite, visitor: Page, window: BrowserContext
) -> None:
    staff = window.new_page()
    log_in(staff, beacon.demo)
    staff.goto(f"{beacon.demo.dashboard_url}/s/{beacon.demo.site}/live")
    feed = staff.locator("#live-feed")

    visitor.goto(f"{site.url}/pricing?utm_source=linkedin&utm_medium=paid-social&utm_campaign=autumn")

    row = staff.locator("#live-visits tr", has_text="/pricing")
    expect(row).to_be_visible(timeout=PATIENCE_MS)
    expect(row).to_contain_text(COMPANY_NAME, ignore_case=True, timeout=PATIENCE_MS)
    expect(row).to_contain_text("LinkedIn")
    expect(feed).to_contain_text("/pricing")

    visitor.get_by_role("link", name="Ask for a demonstration").click()

    expect(staff.locator("#live-visits tr", has_text="/contact/demo")).to_contain_text(
        COMPANY_NAME, ignore_case=True, timeout=PATIENCE_MS
    )
    # The same row has moved on; other visits from that network may stand beside it.
    of_company = staff.locator("#live-visits tr", has_text=COMPANY_NAME)
    expect(of_company.filter(has_text="/contact/demo")).to_have_count(1)
    expect(of_company.filter(has_text="/pricing")).to_have_count(0)


def test_what_the_tag_sent_is_stored_as_one_visit(beacon: Beacon, site: ClientSite, visitor: Page) -> None:
    visitor.goto(f"{site.url}/shop?email=jo@alder.example&utm_source=Newsletter&utm_medium=email")
    visitor.evaluate("beacon('event', 'signup', {props: {plan: 'pro'}, value: 12.5, currency: 'EUR'})")
    visitor.mouse.wheel(0, 3000)
    visitor.goto(f"{site.url}/shop/thanks")
    answered(visitor)
    visitor.close()

    site_id = beacon.site_id(beacon.demo.site)
    eventually(
        lambda: bool(
            beacon.rows("SELECT 1 FROM event WHERE site_id = %s AND path = '/shop/thanks'", site_id)
            and beacon.rows("SELECT 1 FROM event WHERE path = '/shop' AND kind = 'pageview' AND engaged_ms > 0")
            and beacon.rows("SELECT 1 FROM event WHERE path = '/shop' AND kind = 'event'")
        )
    )
    (session_id,) = beacon.rows("SELECT session_id FROM event WHERE path = '/shop/thanks'")[0]
    sessions = beacon.rows(
        "SELECT pageviews, events, entry_path, exit_path, source, channel, country, browser, set_aside, company_id"
        " FROM session WHERE id = %s",
        session_id,
    )
    assert [row[:9] for row in sessions] == [(2, 1, "/shop", "/shop/thanks", "Newsletter", "Email", "FR", "Chrome", "")]
    ((name, props, value, currency),) = beacon.rows(
        "SELECT name, props, value, currency FROM event WHERE session_id = %s AND kind = 'event'", session_id
    )
    assert (name, props, float(value), currency) == ("signup", {"plan": "pro"}, 12.5, "EUR")
    queries = beacon.rows("SELECT query FROM event WHERE session_id = %s AND path = '/shop'", session_id)
    assert all("jo@alder.example" not in query for (query,) in queries)


def test_the_headless_browser_of_a_robot_is_set_aside(beacon: Beacon, site: ClientSite, browser: Browser) -> None:
    context = browser.new_context(user_agent=HEADLESS)
    page = context.new_page()
    page.goto(f"{site.url}/blog/for-robots")
    answered(page)
    context.close()

    def reasons() -> set[str]:
        return {row[0] for row in beacon.rows("SELECT set_aside FROM event WHERE path = '/blog/for-robots'")}

    eventually(lambda: bool(reasons()))
    assert reasons() == {"bot_headless"}


def test_whoever_puts_the_tag_in_sees_what_became_of_each_visit(
    beacon: Beacon, site: ClientSite, visitor: Page, browser: Browser, window: BrowserContext
) -> None:
    staff = window.new_page()
    log_in(staff, beacon.demo)
    staff.goto(f"{beacon.demo.dashboard_url}/s/{beacon.demo.site}/settings")
    came = staff.locator("#tracking-arrival .arrivals li")

    visitor.goto(f"{site.url}/installed/by-hand")
    expect(came.filter(has_text="/installed/by-hand").first).to_contain_text("counted", timeout=PATIENCE_MS)

    robot = browser.new_context(user_agent=HEADLESS)
    page = robot.new_page()
    page.goto(f"{site.url}/installed/by-robot")
    answered(page)
    robot.close()
    line = came.filter(has_text="/installed/by-robot").first
    expect(line).to_contain_text("A headless browser", timeout=PATIENCE_MS)
    expect(line).to_contain_text("Look with a browser of your own.")
