"""Watching, owning, tagging and ignoring a company from its page; and where an ignored one is no longer seen."""

import pytest

from apps.analytics.weeks import weeks
from apps.companies.models import Company, CompanyClient, TargetAccount
from apps.companies.newcomers import newcomers
from apps.companies.services import visits_match
from apps.live.presence import presence_now
from tests.cast import Cast
from tests.factories_tracking import Page, visit_make

from .conftest import NOW, QUARRY, VARNHOLT, ago
from .reading import companies, words

ACTIONS = {
    "watch": {"watch": "on"},
    "owner": {"owner": ""},
    "tags": {"add": "DACH"},
    "ignore": {"do": "ignore"},
    "notes": {"text": "Hello"},
    "notes/1": {"text": "Hello"},
}


def page(domain: str = "varnholt.example", site: str = "first-site") -> str:
    return f"/s/{site}/companies/{Company.objects.get(domain=domain).id}"


def known(cast: Cast) -> CompanyClient:
    return CompanyClient.objects.get(company__domain="varnholt.example", client_id=cast.first.id)


def test_an_analyst_watches_owns_tags_and_all_see_it(worked_month: Cast) -> None:
    browser = worked_month.browser(worked_month.analyst)
    for action, sent in (
        ("watch", {"watch": "on"}),
        ("owner", {"owner": str(worked_month.manager.user_id)}),
        ("tags", {"add": "DACH, fair 2026"}),
    ):
        answer = browser.post(f"{page()}/{action}?list=sort%3D-visits&at=1", sent)
        assert (answer.status_code, answer["Location"]) == (302, f"{page()}?list=sort%3D-visits&at=1")
    assert known(worked_month).tags == ["DACH", "fair 2026"]
    text = words(worked_month.browser(worked_month.viewer).get(page()).content.decode())
    assert "Watched Owner: Alder manager" in text and "DACH fair 2026" in text
    assert "added the tags “DACH”, “fair 2026”" in text
    browser.post(f"{page()}/watch", {"watch": "off"})
    browser.post(f"{page()}/tags", {"remove": "DACH"})
    assert not TargetAccount.objects.exists() and known(worked_month).tags == ["fair 2026"]


@pytest.mark.parametrize(
    ("action", "sent"),
    [
        ("owner", {"owner": "9" * 30}),
        ("owner", {"owner": "x\x00"}),
        ("tags", {"add": "x" * 100}),
        ("tags", {"add": "nul\x00"}),
        ("tags", {"remove": "\x00"}),
        ("watch", {}),
        ("tags", {}),
    ],
)
def test_nonsense_changes_nothing_and_says_so(worked_month: Cast, action: str, sent: dict[str, str]) -> None:
    answer = worked_month.browser(worked_month.analyst).post(f"{page()}/{action}", sent, follow=True)
    assert answer.status_code == 200
    assert (known(worked_month).tags, known(worked_month).owner_id) == ([], None)
    said = [message.level_tag for message in answer.context["messages"]]
    assert said == ([] if not sent else ["error"])


@pytest.mark.parametrize("action", ACTIONS)
def test_nobody_else_may(worked_month: Cast, action: str) -> None:
    cast = worked_month

    def post(who: str, path: str, *, birch: bool = False) -> int:
        browser = cast.browser(getattr(cast, who), cast.birch if birch else None)
        return int(browser.post(f"{path}/{action}", ACTIONS[action]).status_code)

    assert post("viewer", page()) == 403
    assert post("limited", page(site="second-site")) == 404
    assert post("outsider", page()) == 404
    assert post("outsider", page(), birch=True) == 404
    # A company that this client never saw.
    assert post("owner", page("westmere.example")) == 404
    if "/" not in action:
        assert cast.browser(cast.owner).get(f"{page()}/{action}").status_code == 405
    assert cast.browser(None).post(f"{page()}/{action}").status_code == 302
    assert (known(cast).tags, known(cast).is_ignored) == ([], False)


def test_an_ignored_company_leaves_lists_counts_live_names_and_newcomers_and_comes_back(in_alder: Cast) -> None:
    cast = in_alder
    visit_make(cast.site, ago(minutes=2), pages=[Page("/pricing")], **VARNHOLT)
    visit_make(cast.site, ago(minutes=1), pages=[Page("/")], **QUARRY)
    visit_make(cast.other_site, ago(minutes=1), **VARNHOLT)
    visits_match()
    quarry = str(QUARRY["organisation"])

    def seen() -> dict[str, object]:
        browser, present = cast.browser(cast.viewer), presence_now(cast.site.id)
        panel = words(browser.htmx("/s/first-site/panels/companies?period=today").content.decode())
        return {
            "live": sorted(visit.company_name for visit in present.visits),
            "live companies": (present.in_companies, present.listed_companies, len(present.company_visits)),
            "feed": any("Varnholt" in line.who for line in present.feed),
            "portfolio": weeks([cast.site], now=NOW)[cast.site.id].companies,
            "new": sorted(one.name for one in newcomers(client_ids=[cast.first.id], since=ago(days=7))[cast.first.id]),
            "overview": "Varnholt" in panel,
            "list": companies(browser.get("/s/first-site/companies").content.decode()),
            "of all sites": sorted(companies(browser.get("/companies").content.decode())),
            "ignored": companies(browser.get("/s/first-site/companies?view=ignored").content.decode()),
        }

    before = seen()
    assert before == {
        "live": [quarry, "Varnholt AG"],
        "live companies": (2, 2, 2),
        "feed": True,
        "portfolio": 2,
        "new": [quarry, "Varnholt AG"],
        "overview": True,
        "list": [quarry, "Varnholt AG"],
        "of all sites": [quarry, "Varnholt AG"],
        "ignored": [],
    }
    browser = cast.browser(cast.analyst)
    browser.post(f"{page()}/ignore", {"do": "ignore"})
    assert seen() == {
        "live": ["", quarry],
        "live companies": (1, 1, 1),
        "feed": False,
        "portfolio": 1,
        "new": [quarry],
        "overview": False,
        "list": [quarry],
        "of all sites": [quarry, "Varnholt AG"],  # by the other client's visit
        "ignored": ["Varnholt AG"],
    }
    # The other client sees it as before, and the page is still there, with a way back.
    assert "Varnholt" in browser.get("/s/second-site/companies").content.decode()
    assert "First ignores this company" in words(browser.get(page()).content.decode())
    browser.post(f"{page()}/ignore", {"do": "restore"})
    assert seen() == before
