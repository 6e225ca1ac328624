"""Correcting on pages: from a company, from a visit, and the list with its undoing."""

import pytest

from apps.analytics.companies import correction_views
from apps.companies.models import Company, CompanyClient, CompanyCorrection
from apps.tracking.models import Session
from tests.cast import Cast

from .conftest import ago
from .correcting import NOBODY, company_of
from .reading import words

V, Q = "varnholt.example", "quarrystone.example"


def company_id(domain: str) -> int:
    return Company.objects.get(domain=domain).id


def url(domain: str, what: str, *, site: str = "first-site") -> str:
    return f"/s/{site}/companies/{company_id(domain)}/{what}"


def visit_url(cast: Cast) -> str:
    visit = Session.objects.get(network_kind="consumer")
    return f"/s/first-site/visits/{visit.id}/company"


def test_one_searches_sees_what_moves_and_merges(worked_month: Cast) -> None:
    browser = worked_month.browser(worked_month.analyst)
    assert "Varnholt AG" in words(browser.get(url(Q, "merge"), {"q": "varn"}).content.decode())
    text = words(browser.get(url(V, "merge"), {"to": Q}).content.decode())
    assert "4 visits of 2 clients move." in text
    assert "Visits of First 3 Visits of Second 1" in text
    old = f"/s/first-site/companies/{company_id(V)}"
    answer = browser.post(url(V, "merge"), {"to": Q})
    assert answer["Location"] == f"/s/first-site/companies/{company_id(Q)}"
    assert browser.get(old)["Location"] == answer["Location"]
    page = words(browser.get(answer["Location"]).content.decode())
    assert "Corrected: 4 visits moved." in page
    assert "by a correction" in page


def test_where_the_sites_client_doesnt_know_the_target_its_page_isnt_there(worked_month: Cast) -> None:
    """Quarrystone was at the first client alone; the second learns nothing of it."""
    browser = worked_month.browser(worked_month.owner)
    browser.post(url(Q, "merge"), {"to": "westmere.example"})
    assert browser.get(f"/s/second-site/companies/{company_id(Q)}").status_code == 404


def test_splitting_shows_by_what_visits_differ(worked_month: Cast) -> None:
    browser = worked_month.browser(worked_month.analyst)
    assert "On Second site 1 visit" in words(browser.get(url(V, "split")).content.decode())
    chosen = {"mark": f"site:{worked_month.other_site.id}", "to": "new.example", "name": "New Ltd"}
    text = words(browser.get(url(V, "split"), chosen).content.decode())
    assert (
        "Visits of Varnholt AG (varnholt.example) on Second site are in truth New Ltd (new.example). 1 visit of 1"
        in text
    )
    browser.post(url(V, "split"), chosen)
    assert Session.objects.get(company_id=company_id("new.example")).site_id == worked_month.other_site.id


def test_renaming_and_not_a_company(worked_month: Cast) -> None:
    browser = worked_month.browser(worked_month.analyst)
    browser.post(url(V, "rename"), {"name": "Varnholt Group"})
    assert Company.objects.get(domain=V).name == "Varnholt Group"
    assert "4 visits of 2 clients move." in words(browser.get(url(V, "never")).content.decode())
    browser.post(url(V, "never"))
    assert not Session.objects.filter(company_id=company_id(V)).exists()


def test_a_visit_is_given_to_a_company_and_to_nobody(worked_month: Cast) -> None:
    browser, here = worked_month.browser(worked_month.analyst), visit_url(worked_month)
    visit = Session.objects.get(network_kind="consumer")
    assert (
        browser.post(here, {"whose": "company", "to": "https://www.shop.New.example/x", "name": "New"}).status_code
        == 302
    )
    assert company_of(visit) == "new.example"
    assert "Not this company?" in browser.get(f"/s/first-site/visits/{visit.id}").content.decode()
    browser.post(here, {"whose": "nobody"})
    assert company_of(visit) == NOBODY


def test_the_list_says_what_and_who_and_undoes(worked_month: Cast) -> None:
    browser = worked_month.browser(worked_month.analyst)
    assert "Nothing corrected" in words(browser.get("/settings/corrections").content.decode())
    browser.post(url(Q, "merge"), {"to": V})
    text = words(browser.get("/settings/corrections").content.decode())
    assert "Quarrystone_100% Ferrous (quarrystone.example) is in truth Varnholt AG (varnholt.example)" in text
    assert "By Alder analyst" in text and "1 visit moved" in text
    here = f"/settings/corrections/{CompanyCorrection.objects.get().id}/undo"
    assert "1 visit of 1 client moves." in words(browser.get(here).content.decode())
    assert browser.post(here).status_code == 302
    assert "was undone before" in words(browser.post(here, follow=True).content.decode())
    assert Session.objects.filter(company_id=company_id(Q)).count() == 1


def test_older_corrections_stand_on_further_pages(worked_month: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(correction_views, "LISTED", 1)
    browser = worked_month.browser(worked_month.analyst)
    browser.post(url(V, "rename"), {"name": "One"})
    browser.post(url(V, "rename"), {"name": "Two"})
    html = browser.get("/settings/corrections").content.decode()
    assert "is called Two" in html and "is called One" not in html
    older = f"/settings/corrections?before={CompanyCorrection.objects.latest('id').id}"
    assert f'href="{older}"' in html
    html = browser.get(older).content.decode()
    assert "is called One" in html and "Older corrections" not in html
    for nonsense in ("x", "9" * 30, "-1", "\x00"):
        assert browser.get("/settings/corrections", {"before": nonsense}).status_code == 200


def test_a_form_sent_twice_or_late_says_so(worked_month: Cast) -> None:
    browser = worked_month.browser(worked_month.analyst)
    browser.post(url(Q, "merge"), {"to": V})
    again = browser.post(url(Q, "merge"), {"to": V}, follow=True)
    assert "This was corrected before." in words(again.content.decode())
    back = browser.post(url(V, "merge"), {"to": Q})
    assert back.status_code == 422 and "can’t be led back" in back.content.decode()
    assert CompanyCorrection.objects.count() == 1


@pytest.mark.parametrize(
    ("what", "given", "says"),
    [
        ("merge", {"to": "nonsense"}, "isn’t a domain"),
        ("merge", {"to": "a\x00b.example\x00", "name": "x" * 900}, "200 letters"),
        ("merge", {"to": V}, "into itself"),
        ("merge", {"to": "http://203.0.113.9/"}, "is an address on the internet"),
        ("merge", {"to": "jo@gmail.com"}, "Anybody can have a mailbox at gmail.com"),
        ("merge", {"to": "co.uk"}, "isn’t a domain that a company has"),
        ("split", {"to": "new.example"}, "Say which visits"),
        ("split", {"to": "new.example", "mark": "asn:99999999999999999999"}, "isn’t a network’s number"),
        ("split", {"to": "new.example", "mark": "colour:red"}, "Choose what marks"),
        ("split", {"to": "new.example", "mark": ["asn:1", "site:1"]}, "of one kind"),
        ("split", {"to": "new.example", "mark": "site:9" + "9" * 30}, "listed sites"),
        ("rename", {"name": " \x00 "}, "Write the company’s name"),
    ],
)
def test_bad_input_is_told_and_changes_nothing(worked_month: Cast, what: str, given: dict[str, str], says: str) -> None:
    answer = worked_month.browser(worked_month.analyst).post(url(V, what), given)
    assert (answer.status_code, CompanyCorrection.objects.count()) == (422, 0)
    assert says in answer.content.decode()


# --- who may ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("what", ["correct", "merge", "split", "rename", "never"])
def test_who_may_correct_a_company(worked_month: Cast, what: str) -> None:
    cast, here = worked_month, url(V, what)
    assert cast.browser(cast.viewer).get(here).status_code == 403
    assert cast.browser(cast.viewer).post(here, {"to": Q, "name": "x"}).status_code in (403, 405)
    assert cast.browser(cast.outsider, cast.birch).get(here).status_code == 404
    assert cast.browser(cast.limited).get(url(V, what, site="second-site")).status_code == 404
    assert cast.browser(cast.analyst).get("/s/first-site/companies/99999999999999999999/" + what).status_code == 404
    assert not CompanyCorrection.objects.exists()


@pytest.mark.parametrize("what", ["merge", "split", "rename", "never"])
def test_a_member_of_one_client_is_told_that_it_concerns_all(worked_month: Cast, what: str) -> None:
    """And learns nothing of the others: not how many visits would move, not that there is such a company."""
    browser = worked_month.browser(worked_month.limited)
    for answer in (
        browser.get(url(V, what), {"to": Q, "q": "West"}),
        browser.post(url(V, what), {"to": Q, "name": "x"}),
    ):
        assert answer.status_code == 403
        assert "concerns the whole agency" in answer.content.decode()
        assert "Westmere" not in answer.content.decode() and "Second" not in answer.content.decode()
    assert not CompanyCorrection.objects.exists()


def test_a_member_of_one_client_corrects_its_visits_and_sees_those_corrections_alone(worked_month: Cast) -> None:
    cast, limited = worked_month, worked_month.browser(worked_month.limited)
    cast.browser(cast.owner).post(url(Q, "merge"), {"to": V})
    theirs = Session.objects.get(started_at=ago(days=40))
    elsewhere = f"/s/second-site/visits/{theirs.id}/company"
    cast.browser(cast.owner).post(elsewhere, {"whose": "nobody"})
    assert limited.post(elsewhere, {"whose": "nobody"}).status_code == 404
    assert limited.post(f"/s/first-site/visits/{theirs.id}/company", {"whose": "nobody"}).status_code == 404
    assert limited.post(visit_url(cast), {"whose": "company", "to": V}).status_code == 302
    text = words(limited.get("/settings/corrections").content.decode())
    assert "One visit is in truth Varnholt AG" in text
    assert "Quarrystone" not in text and "Westmere" not in text
    own, others = CompanyCorrection.objects.latest("id"), CompanyCorrection.objects.earliest("id")
    assert limited.get(f"/settings/corrections/{others.id}/undo").status_code == 404
    assert limited.post(f"/settings/corrections/{own.id}/undo").status_code == 302


def test_who_may_not_see_corrections(worked_month: Cast) -> None:
    cast = worked_month
    cast.browser(cast.owner).post(url(Q, "merge"), {"to": V})
    undo = f"/settings/corrections/{CompanyCorrection.objects.get().id}/undo"
    for here in ("/settings/corrections", undo):
        assert cast.browser(cast.viewer).get(here).status_code == 403
    assert cast.browser(cast.outsider, cast.birch).post(undo).status_code == 404
    assert cast.browser(cast.outsider).get(undo).status_code in (302, 403, 404)
    page = cast.browser(cast.viewer).get(f"/s/first-site/companies/{company_id(V)}").content.decode()
    assert "Not this company?" not in page


def test_a_member_of_one_client_learns_of_no_company_that_never_came_to_it(worked_month: Cast) -> None:
    """One that another client knows, one that left by a correction, a new one and a mailbox's: all are told alike."""
    worked_month.browser(worked_month.owner).post(url(Q, "merge"), {"to": "westmere.example"})
    CompanyClient.objects.filter(client_id=worked_month.first.id).exclude(company__domain=V).update(is_left=True)
    browser = worked_month.browser(worked_month.limited)
    assert 'name="name"' not in browser.get(visit_url(worked_month)).content.decode()
    said = set()
    for to in ("westmere.example", Q, "new.example", "gmail.com"):
        answer = browser.post(visit_url(worked_month), {"whose": "company", "to": to, "name": "Ours"})
        assert answer.status_code == 422
        said.add(words(answer.content.decode()).replace(to, ""))
    assert len(said) == 1 and "ask a colleague who sees all clients" in said.pop()
    assert not Company.objects.filter(domain="new.example").exists()
