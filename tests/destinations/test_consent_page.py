"""Exemptions from consent: recorded with a ground by whom, ended, kept; and what was withheld."""

from typing import Any

from apps.destinations.models import ConsentExemption, Destination
from apps.destinations.services import exemption_record
from apps.sites.models import Goal
from tests.cast import Cast

from .conftest import NOW, convert, route
from .test_setup import BASE, text

PATH = f"{BASE}/consent"
FORM = {"country": "US", "ground": "No opt-in law; advice of counsel, 4 May 2026"}


def test_an_exemption_has_a_ground_and_who_stated_it(in_alder: Cast) -> None:
    browser = in_alder.browser(in_alder.limited)
    assert browser.post(PATH, FORM)["Location"] == PATH
    made = ConsentExemption.objects.get()
    assert (made.site_id, made.country, made.ground, made.recorded_at) == (in_alder.site.id, "US", FORM["ground"], NOW)
    assert made.recorded_by == str(in_alder.limited.user)
    page = text(in_alder.browser(in_alder.viewer).get(PATH))
    assert "United States" in page and FORM["ground"] in page and made.recorded_by in page
    assert "In 1 country conversions go also of visitors who weren’t asked." in page
    assert "<form" not in page.split('class="rules-page"')[1].split("</main>")[0]


def test_it_needs_a_ground_and_stands_once(in_alder: Cast) -> None:
    browser = in_alder.browser(in_alder.manager)
    assert "which law, whose advice, of which day" in text(browser.post(PATH, FORM | {"ground": "because"}), 422)
    assert "This field is required" in text(browser.post(PATH, FORM | {"ground": "   "}), 422)
    assert "Select a valid choice" in text(browser.post(PATH, FORM | {"country": "ZZ"}), 422)
    browser.post(PATH, FORM)
    assert "United States is exempt already" in text(browser.post(PATH, FORM), 422)
    assert ConsentExemption.objects.count() == 1


def test_it_ends_and_its_record_stays(in_alder: Cast) -> None:
    exemption_record(site_id=in_alder.site.id, country="US", ground=FORM["ground"], user_name="Ann")
    made = ConsentExemption.objects.get()
    browser = in_alder.browser(in_alder.manager)
    browser.post(f"{PATH}/{made.id}/end")
    made.refresh_from_db()
    assert (made.ended_at, made.ended_by) == (NOW, str(in_alder.manager.user))
    page = text(browser.get(PATH))
    assert "Everywhere: nothing leaves First site without marketing consent." in page and "until" in page
    browser.post(PATH, FORM)
    assert ConsentExemption.objects.filter(ended_at=None).count() == 1
    # A page that was opened before says nothing of what was recorded since.
    page = text(browser.post(f"{PATH}/{made.id}/end", follow=True))
    assert "had ended already" in page and "isn’t exempt any more" not in page
    assert ConsentExemption.objects.filter(ended_at=None).count() == 1


def test_what_is_withheld_is_counted(in_alder: Cast, webhook: Destination, goal: Goal) -> None:
    route(convert(goal, in_alder.site, consent_marketing="denied"), convert(goal, in_alder.site, consent_marketing=""))
    page = text(in_alder.browser(in_alder.viewer).get(PATH))
    assert "2 deliveries were withheld for it in the past 30 days" in page
    assert "of the past 30 days 2, 1 of them because nobody was asked" in page


def test_who_may_see_and_who_may_change(in_alder: Cast) -> None:
    exemption_record(site_id=in_alder.site.id, country="US", ground=FORM["ground"], user_name="Ann")
    end = f"{PATH}/{ConsentExemption.objects.get().id}/end"
    posts: dict[str, dict[str, Any]] = {PATH: FORM | {"country": "CA"}, end: {}}
    for member in (in_alder.owner, in_alder.manager, in_alder.analyst, in_alder.viewer):
        text(in_alder.browser(member).get(PATH))
    assert in_alder.browser(in_alder.outsider).get(PATH).status_code == 404
    assert in_alder.browser(in_alder.limited).get(PATH.replace("first", "second")).status_code == 404
    for path, form in posts.items():
        assert in_alder.browser(in_alder.analyst).post(path, form).status_code == 403
        assert in_alder.browser(in_alder.outsider).post(path, form).status_code == 404
        assert in_alder.browser(in_alder.limited).post(path.replace("first", "second"), form).status_code == 404
    # Another site's exemption isn't under this site's address.
    assert in_alder.browser(in_alder.manager).post(end.replace("first", "second")).status_code == 404
    assert in_alder.browser(in_alder.manager).get(end).status_code == 405
    assert ConsentExemption.objects.filter(ended_at=None).count() == 1
