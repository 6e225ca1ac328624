"""A second agency signs up as a stranger would, and sees nothing of the first."""

import re

from playwright.sync_api import BrowserContext, expect

from .conftest import Beacon


def test_a_new_agency_is_usable_at_once_and_alone(beacon: Beacon, window: BrowserContext) -> None:
    page = window.new_page()
    page.goto(f"{beacon.demo.public_url}/signup")
    page.get_by_label("Your agency").fill("Birch & Sons")
    page.get_by_label("Its address").fill("birch-sons")
    page.get_by_label("Your name").fill("Bo Birch")
    page.get_by_label("E-mail").fill("bo@birch.example")
    page.get_by_label("Password", exact=True).fill("correct horse battery")
    page.get_by_role("button", name="Sign up").click()

    expect(page).to_have_url(re.compile(r"http://birch-sons\.localhost"))
    expect(page.get_by_role("heading", level=1)).to_be_visible()
    assert "Kestrel" not in page.content()

    # The same session, on the other agency's host and on its pages.
    here = page.url.split("/", 3)[2]
    there = beacon.demo.dashboard_url.split("/", 3)[2]
    for path in ("/", f"/s/{beacon.demo.site}/", f"/s/{beacon.demo.site}/live", "/companies", "/settings"):
        answer = page.goto(f"http://{there}{path}")
        assert answer is not None
        assert answer.status == 404
        assert "Kestrel" not in page.content()
        answer = page.goto(f"http://{here}/s/{beacon.demo.site}/")
        assert answer is not None
        assert answer.status == 404
    assert beacon.rows("SELECT count(*) FROM agencies_agency WHERE slug = 'birch-sons'") == [(1,)]

    # What would have gone out by mail can be read.
    page.goto(f"{beacon.demo.public_url}/outbox/")
    expect(page.get_by_text("bo@birch.example").first).to_be_visible()
