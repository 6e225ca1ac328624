"""A change of the weights: tried as it is typed, saved, carried out by the real worker, taken back."""

from playwright.sync_api import BrowserContext, expect

from tests.demo_pages import log_in

from .conftest import Beacon

PATIENCE_MS = 90_000  # where the broker lost the wake-up, the sweep comes each minute


def test_weights_are_tried_saved_and_given_up(beacon: Beacon, window: BrowserContext) -> None:
    page = window.new_page()
    log_in(page, beacon.demo)
    base = f"{beacon.demo.dashboard_url.rstrip('/')}/s/{beacon.demo.site}/scoring"
    page.goto(f"{base}/weights")
    page.get_by_label("Intent").fill("100")
    page.get_by_label("Engagement").fill("0")
    page.get_by_label("Fit").focus()
    # Nobody pressed anything.
    expect(page.locator("#scoring-effect")).to_contain_text("With this change", timeout=PATIENCE_MS)
    page.get_by_role("button", name="Save the weights").click()

    expect(page.locator("main")).to_contain_text("has rules of its own")
    expect(page.locator("main")).to_contain_text("Weight of intent: 25 → 100")
    site_id = beacon.site_id(beacon.demo.site)
    expect(page.locator("#scoring-progress")).not_to_contain_text("being made anew", timeout=PATIENCE_MS)
    assert beacon.rows("SELECT DISTINCT weights[3] FROM score WHERE site_id = %s", site_id) == [(1.0,)]

    page.get_by_role("button", name="Follow the agency’s rules again").click()
    expect(page.locator("main")).to_contain_text("Follows the agency’s rules from here on")
