"""The shell's scripts in Chromium, under the policy that pages are served with."""

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser import chromium
from tests.core.ui_page import Pages, served


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as started:
        yield started


@pytest.fixture
def pages() -> Pages:
    return Pages()


@pytest.fixture
def address(pages: Pages) -> Iterator[str]:
    with served(pages) as address:
        yield address


@pytest.fixture
def complaints() -> list[str]:
    return []


@pytest.fixture
def page(browser: Browser, address: str, complaints: list[str]) -> Iterator[Page]:
    context = browser.new_context(viewport={"width": 1440, "height": 900}, color_scheme="light")
    context.grant_permissions(["clipboard-read", "clipboard-write"])
    page = context.new_page()
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
    page.goto(address)
    expect(page.locator(".plot")).to_have_attribute("data-drawn", "")
    yield page
    context.close()


def test_nothing_breaks_the_policy_and_nothing_throws(page: Page, complaints: list[str]) -> None:
    expect(page.locator("#sources .panel-failed")).to_be_visible()
    # The panel that is made to fail is the only one to complain.
    assert [text for text in complaints if "500" not in text] == []


def test_arrow_keys_read_the_chart_and_enter_zooms(page: Page) -> None:
    page.focus(".plot")
    page.keyboard.press("Home")
    expect(page.locator(".plot [aria-live]")).to_have_text(
        "Sat 14 Nov: 10 visitors, Sat 7 Nov: 20, returning 4, from abroad –, −50.0%."
    )
    expect(page.locator(".u-tip")).to_contain_text("Sat 14 Nov")
    page.keyboard.press("ArrowRight")
    expect(page.locator(".plot [aria-live]")).to_contain_text("Sun 15 Nov: 20 visitors")
    page.keyboard.press("Enter")
    page.wait_for_url("**/?period=custom&from=2026-11-15&to=2026-11-15")


def test_lines_beside_are_told_by_their_dashes_where_the_cursor_stands(page: Page) -> None:
    page.focus(".plot")
    page.keyboard.press("End")
    rows = page.locator(".u-tip .tip-row:has(svg)")
    expect(rows).to_have_text(["Returning2", "From abroad0"])
    dashes = [
        page.locator(f"{where} .by").evaluate_all("all => all.map((one) => getComputedStyle(one).strokeDasharray)")
        for where in (".legend", ".lines", ".u-tip")
    ]
    assert dashes[0] == dashes[1] == dashes[2] and len(set(dashes[0])) == 2


def test_a_drag_over_the_chart_is_a_period(page: Page) -> None:
    box = page.locator(".u-over").bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + 2, box["y"] + 50)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + 50, steps=4)
    page.mouse.up()
    page.wait_for_url("**/?period=custom&from=2026-11-14&to=2026-11-17")


def test_the_chart_is_drawn_anew_in_the_other_colours(page: Page) -> None:
    before = page.locator(".uplot canvas").evaluate("canvas => canvas.toDataURL()")
    page.click(".side-foot .menu summary")
    page.click(".side-foot [data-theme-value=dark]")
    expect(page.locator("html")).to_have_attribute("data-theme", "dark")
    page.wait_for_function("before => document.querySelector('.uplot canvas').toDataURL() != before", arg=before)


def test_the_server_knows_the_chosen_colours_from_the_first_byte(page: Page) -> None:
    page.click(".side-foot .menu summary")
    page.click(".side-foot [data-theme-value=dark]")
    answer = page.request.get(page.url)
    assert '<html lang="en" data-theme="dark">' in answer.text()


def test_a_panel_that_failed_offers_to_try_again(page: Page, pages: Pages) -> None:
    expect(page.locator("#sources .panel-failed")).to_contain_text("Sources couldn’t be loaded: the server failed.")
    pages.failing = False
    page.click("#sources [data-retry]")
    expect(page.locator("#sources .panel-body")).to_have_text("arrived")


def test_a_key_presses_what_carries_it(page: Page) -> None:
    page.keyboard.press("w")
    page.wait_for_url("**/?period=7d")


def test_a_key_of_a_nested_menu_opens_it_and_focuses_its_first_field(page: Page) -> None:
    page.keyboard.press("c")
    expect(page.locator(".period input[name=from]")).to_be_focused()
    page.keyboard.press("Escape")
    expect(page.locator(".period > details")).not_to_have_attribute("open", re.compile(".*"))
    expect(page.locator(".period > details > summary")).to_be_focused()


def test_keys_are_letters_while_one_types(page: Page) -> None:
    page.keyboard.press("/")
    page.keyboard.type("w")
    expect(page.locator("#find input")).to_have_value("w")


def test_find_filters_and_enter_goes_there(page: Page) -> None:
    page.keyboard.press("Control+k")
    page.keyboard.type("oak")
    expect(page.locator("#find [role=option]:visible")).to_have_count(1)
    page.keyboard.press("Enter")
    page.wait_for_url("**/?site=oakhollow")


def test_the_list_of_keys_is_made_from_the_page(page: Page) -> None:
    page.keyboard.press("?")
    expect(page.locator("#keys")).to_contain_text("Last 7 days")
    page.keyboard.press("Escape")
    expect(page.locator("#keys")).to_be_hidden()


def test_the_tag_is_copied_as_one_line(page: Page) -> None:
    page.click("[data-copy-from=tag]")
    expect(page.locator("[data-copy-from=tag]")).to_contain_text("Copied")
    text = page.evaluate("navigator.clipboard.readText()")
    assert text == '<script async src="http://localhost:8001/b.js" data-site-id="K-1"></script>'


def test_what_can_not_be_undone_waits_for_the_word(page: Page) -> None:
    page.click("[data-dialog=gone]")
    submit = page.locator("#gone [type=submit]")
    expect(submit).to_be_disabled()
    page.fill("#gone-type", "kestrel")
    expect(submit).to_be_enabled()
    page.click("#gone [data-dialog-close]")
    expect(page.locator("[data-dialog=gone]")).to_be_focused()


def test_times_go_on_counting(page: Page) -> None:
    first = page.inner_text("#since")
    expect(page.locator("#since")).not_to_have_text(first)
    expect(page.locator("#since")).to_have_text(re.compile(r"\dm \d\ds"))


def test_pause_says_that_it_is_paused(page: Page) -> None:
    button = page.locator("[data-component=pause]")
    page.keyboard.press("p")
    expect(button).to_have_text("Go on")
    expect(button).to_have_attribute("aria-pressed", "true")


def test_the_page_shows_its_figures_without_script(browser: Browser, address: str) -> None:
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(address)
    expect(page.locator(".plot .static .cur").first).to_be_visible()
    page.click(".chart-more summary")
    expect(page.locator(".chart-table tbody tr")).to_have_count(7)
    page.click(".period > details > summary")
    expect(page.get_by_role("link", name="Last 7 days")).to_be_visible()
    context.close()


def test_the_page_never_scrolls_sideways(browser: Browser, address: str) -> None:
    for width in (320, 390, 761, 1000, 1300, 1440):
        context = browser.new_context(viewport={"width": width, "height": 800})
        page = context.new_page()
        page.goto(address)
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        context.close()
