"""Every page as the demo shows it: what the accessibility check visits and `make screenshots` renders."""

from collections.abc import Callable
from dataclasses import dataclass

from playwright.sync_api import Page

WAIT_MS = 20_000


@dataclass(frozen=True, slots=True)
class Demo:
    """The facts of `demo.json`."""

    public_url: str
    dashboard_url: str
    email: str
    password: str
    site: str


@dataclass(frozen=True, slots=True)
class Shot:
    """A page: its name, and how to get there once logged in."""

    name: str
    go: Callable[[Page, Demo], None]
    needs_login: bool = True


def log_in(page: Page, demo: Demo) -> None:
    """Log in as a person would: the agency's address, the public host's form, and back."""
    page.goto(demo.dashboard_url)
    page.get_by_label("E-mail").fill(demo.email)
    page.get_by_label("Password", exact=True).fill(demo.password)
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url(f"{demo.dashboard_url.rstrip('/')}/**", timeout=WAIT_MS)


def settle(page: Page) -> None:
    """Wait until fonts are there, fragments have come in and nothing moves any more."""
    page.wait_for_load_state("load")
    page.wait_for_function("() => !document.querySelector('[aria-busy=true], .htmx-request')", timeout=WAIT_MS)
    page.evaluate("() => document.fonts.ready.then(() => true)")


def _agency(path: str) -> Callable[[Page, Demo], None]:
    def go(page: Page, demo: Demo) -> None:
        page.goto(demo.dashboard_url.rstrip("/") + path)

    return go


def _site(path: str, site: str = "") -> Callable[[Page, Demo], None]:
    def go(page: Page, demo: Demo) -> None:
        page.goto(f"{demo.dashboard_url.rstrip('/')}/s/{site or demo.site}/{path}")

    return go


def _public(path: str) -> Callable[[Page, Demo], None]:
    def go(page: Page, demo: Demo) -> None:
        page.goto(demo.public_url.rstrip("/") + path)

    return go


def _first_row_of(path: str) -> Callable[[Page, Demo], None]:
    def go(page: Page, demo: Demo) -> None:
        _site(path)(page, demo)
        settle(page)
        page.locator("a.rowlink").first.click()
        page.wait_for_load_state("load")

    return go


def _first_note(page: Page, demo: Demo) -> None:
    _first_row_of("companies?sort=-visits")(page, demo)
    page.locator(".noteitem a.link", has_text="Change").first.click()
    page.wait_for_load_state("load")


def _of_first_row(path: str, then: str) -> Callable[[Page, Demo], None]:
    def go(page: Page, demo: Demo) -> None:
        _first_row_of(path)(page, demo)
        page.goto(f"{page.url.partition('?')[0]}/{then}")

    return go


def _delivery_opened(page: Page, demo: Demo) -> None:
    _site("destinations?period=7d")(page, demo)
    settle(page)
    page.locator(".log a.rowlink").first.click()
    page.locator(".log .detail").wait_for()


def _first_delivery(page: Page, demo: Demo) -> None:
    _delivery_opened(page, demo)
    page.get_by_role("link", name="On a page of its own").click()
    page.wait_for_load_state("load")


def _first_profile(page: Page, demo: Demo) -> None:
    _first_row_of("companies")(page, demo)
    page.get_by_role("link", name="Set by hand").click()
    page.wait_for_load_state("load")


PAGES = (
    Shot("public-home", _public("/"), needs_login=False),
    Shot("public-login", _public("/login"), needs_login=False),
    Shot("public-signup", _public("/signup"), needs_login=False),
    Shot("public-outbox", _public("/outbox/"), needs_login=False),
    Shot("portfolio", _agency("/")),
    Shot("companies-all", _agency("/companies")),
    Shot("settings", _agency("/settings")),
    Shot("account", _agency("/account")),
    Shot("account-alerts", _agency("/account/alerts")),
    Shot("site-overview", _site("")),
    Shot("site-overview-filtered", _site("?f=channel:is:Organic+Search&period=7d")),
    Shot("site-live", _site("live")),
    Shot("site-companies", _site("companies")),
    Shot("site-companies-filtered", _site("companies?f=kind:is:business&cols=score,owner,tags,industry,confidence")),
    Shot("site-targets", _site("companies/targets")),
    Shot("site-company", _first_row_of("companies")),
    Shot("site-company-note", _first_note),
    Shot("company-merge", _of_first_row("companies", "merge?q=a&to=somebody.example&name=Somebody")),
    Shot("company-split", _of_first_row("companies", "split")),
    Shot("corrections", _agency("/settings/corrections")),
    Shot("site-company-profile", _first_profile),
    Shot("site-visits", _site("visits")),
    Shot("visit-reassign", _of_first_row("visits", "company")),
    Shot("site-visit", _first_row_of("visits")),
    Shot("site-goals", _site("goals")),
    Shot("site-alerts", _site("alerts")),
    Shot("site-digest", _site("alerts/digest?week=this")),
    Shot("site-goal-new", _site("goals/new?kind=event")),
    Shot("site-scoring", _site("scoring")),
    Shot("site-scoring-rule", _site("scoring/rules/pricing/edit")),
    Shot("site-scoring-source", _site("scoring/rules/new?kind=source")),
    Shot("site-scoring-ideal", _site("scoring/ideal")),
    Shot("settings-scoring", _agency("/settings/scoring")),
    Shot("site-destinations", _delivery_opened),
    Shot("site-delivery", _first_delivery),
    Shot("destination-choose", _site("destinations/new")),
    Shot("destination-new", _site("destinations/new/google_ads")),
    Shot("destination", _first_row_of("destinations")),
    Shot("destination-edit", _of_first_row("destinations", "edit")),
    Shot("destination-rule-new", _of_first_row("destinations", "rules/new")),
    Shot("destination-test", _of_first_row("destinations", "test")),
    Shot("destination-replay", _of_first_row("destinations", "replay")),
    Shot("destination-consent", _site("destinations/consent")),
    Shot("site-settings", _site("settings")),
    Shot("site-identifying", _site("settings/companies")),
    Shot("site-check", _site("settings/check")),
    Shot("site-parked", _site("settings/parked")),
    Shot("site-rules", _site("settings/rules")),
    Shot("site-rule-preview", _site("settings/rules/new?c=country:is:DE&c=page:starts_with:/pricing")),
    Shot("import-overview", _site("?period=all", site="saltgrove-foods")),
    Shot("import-no-data", _site("?period=7d", site="saltgrove-foods")),
    Shot("waiting", _site("", site="quillmark-logistics")),
)
