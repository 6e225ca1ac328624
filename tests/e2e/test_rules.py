"""A rule from the page to all visits and back, through the real worker."""

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from tests.demo_pages import log_in

from .conftest import Beacon

PATIENCE_MS = 90_000  # where the broker lost the wake-up, the sweep comes each minute
CHOSEN = "c=browser:is:Chrome&c=pageviews:at_least:3"


@pytest.fixture
def staff(beacon: Beacon, window: BrowserContext) -> Page:
    page = window.new_page()
    log_in(page, beacon.demo)
    return page


def excluded(beacon: Beacon) -> int:
    site_id = beacon.site_id(beacon.demo.site)
    return int(beacon.rows("SELECT count(*) FROM session WHERE site_id = %s AND set_aside = 'excluded'", site_id)[0][0])


def test_a_rule_is_tried_applied_and_undone(beacon: Beacon, staff: Page) -> None:
    base = f"{beacon.demo.dashboard_url.rstrip('/')}/s/{beacon.demo.site}/settings/rules"
    staff.goto(base)
    staff.get_by_role("link", name="Add the first rule").click()
    staff.get_by_label("What").select_option("browser")
    staff.get_by_label("Value").fill("Chrome")
    staff.get_by_role("button", name="Add condition").click()
    expect(staff.get_by_text("Would set aside")).to_be_visible()
    staff.goto(f"{base}/new?{CHOSEN}")
    staff.get_by_label("Also the past").check()
    assert excluded(beacon) == 0
    staff.get_by_role("button", name="Make the rule").click()

    rule = staff.locator(".rules").first
    expect(rule).to_contain_text("Browser is Chrome and Page views in the visit is at least 3")
    expect(rule).to_contain_text("visits set aside", timeout=PATIENCE_MS)
    assert excluded(beacon) > 0

    rule.get_by_role("link", name="Undo").click()
    staff.get_by_role("button", name="Undo rule").click()
    expect(staff.get_by_text("1 undone rule")).to_be_visible(timeout=PATIENCE_MS)
    expect(staff.get_by_text("No rule yet")).to_be_visible()
    assert excluded(beacon) == 0
