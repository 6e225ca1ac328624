"""The rules' pages: who may, what they show, what they refuse, and what they make."""

from typing import Any

import pytest
from msgspec.structs import replace

from apps.companies.models import Company, CompanyClient
from apps.scoring import effect
from apps.scoring.defaults import DEFAULT_SCORING
from apps.scoring.models import ScoreRun, ScoringVersion
from apps.scoring.rules import IdealCustomer, Match, RuleKind, Weights
from apps.scoring.saving import scoring_save
from apps.scoring.versions import scoring_of, scoring_of_agency
from apps.sites.models import Site
from tests.cast import Cast
from tests.factories_tracking import Page
from tests.goaling import goal_make

from .conftest import ago, company_make, make_hot, visit_of

SITE, AGENCY = "/s/first-site/scoring", "/settings/scoring"
READ = ("", "/versions")
EDIT = ("/rules/new", "/rules/new?kind=source", "/rules/pricing/edit", "/weights", "/ideal")
RULE: dict[str, Any] = {"name": "Webinar", "pages": "/webinar*\n/talks", "points": "12.5", "cap": "25", "is_on": "on"}
POSTS: dict[str, dict[str, Any]] = {
    "/rules/new": RULE,
    "/rules/pricing/edit": RULE | {"name": "Pricing page"},
    "/rules/pricing/state": {"state": "off"},
    "/weights": {"contact": 0, "fit": 0, "intent": 50, "engagement": 50, "learned": 0},
    "/ideal": {"countries": "Germany"},
}


def own(cast: Cast) -> None:
    """Give the first site rules of its own: version 1."""
    scoring_save(site_id=cast.site.id, scoring=DEFAULT_SCORING, expected_version=0, user_name="Ann")


def read_webinar(company: Company, site: Site) -> None:
    """Have three visitors of a company read a page that no rule knows yet: warm, and hot with a rule for it."""
    for visitor in range(3):
        page = Page("/webinar/may", engaged_s=300, scroll=100)
        visit_of(company, site, ago(hours=1 + visitor), [page], visitor=7_000 + visitor)


def with_version(form: dict[str, Any], version: int = 0) -> dict[str, Any]:
    return form | {"version": str(version)}


def test_whoever_reads_scores_reads_the_rules(in_alder: Cast) -> None:
    own(in_alder)
    for path in [f"{SITE}{one}" for one in READ] + [f"{SITE}/back-test", f"{SITE}/progress", AGENCY]:
        for member in (in_alder.owner, in_alder.manager, in_alder.analyst, in_alder.viewer):
            response = in_alder.browser(member).get(path)
            assert response.status_code == 200, path
    page = in_alder.browser(in_alder.viewer).get(SITE).content.decode()
    assert "Pricing page" in page and "25 points each, 50 at most" in page
    assert '<form method="post"' not in page.split('class="rules-page"')[1].split("</main>")[0]
    assert f"{SITE}/rules/pricing/edit" in in_alder.browser(in_alder.manager).get(SITE).content.decode()


def test_managers_and_above_edit_and_lower_roles_dont(in_alder: Cast) -> None:
    for base in (SITE, AGENCY):
        for path in EDIT:
            assert in_alder.browser(in_alder.manager).get(f"{base}{path}").status_code == 200, path
            for member in (in_alder.analyst, in_alder.viewer):
                assert in_alder.browser(member).get(f"{base}{path}").status_code == 403, path


def test_nobody_below_or_outside_changes_anything(in_alder: Cast) -> None:
    posts = POSTS | {"/follow": {"whose": "own"}, "/versions/1/restore": {}}
    own(in_alder)
    for path, form in posts.items():
        sent = with_version(form, 1)
        assert in_alder.browser(in_alder.analyst).post(f"{SITE}{path}", sent).status_code == 403, path
        assert in_alder.browser(in_alder.outsider).post(f"{SITE}{path}", sent).status_code == 404, path
        other = f"{SITE}{path}".replace("first", "second")
        assert in_alder.browser(in_alder.limited).post(other, sent).status_code == 404, path
        if path != "/follow":
            assert in_alder.browser(in_alder.limited).post(f"{AGENCY}{path}", sent).status_code == 404, path
            assert in_alder.browser(in_alder.analyst).post(f"{AGENCY}{path}", sent).status_code == 403, path
    assert ScoringVersion.objects.count() == 1


def test_for_outsiders_and_members_of_another_client_there_is_nothing(in_alder: Cast) -> None:
    for path in (*READ, *EDIT, "/back-test", "/progress"):
        assert in_alder.browser(in_alder.outsider).get(f"{SITE}{path}").status_code == 404
        assert in_alder.browser(in_alder.outsider, in_alder.birch).get(f"{SITE}{path}").status_code == 404
        other = f"{SITE}{path}".replace("first", "second")
        assert in_alder.browser(in_alder.limited).get(other).status_code == 404
    for path in (*READ, *EDIT):
        # The agency's rules make the scores of clients they don't see, too.
        assert in_alder.browser(in_alder.limited).get(f"{AGENCY}{path}").status_code == 404


def test_the_first_change_gives_a_site_rules_of_its_own(in_alder: Cast) -> None:
    response = in_alder.browser(in_alder.limited).post(f"{SITE}/rules/new", with_version(RULE | {"note": "For May"}))
    assert (response.status_code, response["Location"]) == (302, SITE)
    version = ScoringVersion.objects.get()
    assert (version.site_id, version.version, version.note) == (in_alder.site.id, 1, "For May")
    assert version.made_by == str(in_alder.limited.user)
    rule = scoring_of(in_alder.site.id).scoring.rules[-1]
    assert (rule.key, rule.name, rule.points, rule.cap, rule.window_days) == ("webinar", "Webinar", 12.5, 25, None)
    assert rule.match == Match(pages=("/webinar*", "/talks"))
    assert scoring_of(in_alder.other_site.id).scoring == DEFAULT_SCORING
    assert ScoreRun.objects.get().site_id == in_alder.site.id
    page = in_alder.browser(in_alder.viewer).get(SITE).content.decode()
    assert "has rules of its own" in page and "Scores are being made anew" in page
    assert "Added “Webinar”: a view of /webinar* or /talks; 12.5 points each, 25 at most" in page


def test_the_agency_s_rules_hold_where_a_site_has_none(in_alder: Cast) -> None:
    own(in_alder)
    form = with_version(POSTS["/ideal"] | {"industries": "Software\n\nSoftware", "employees_from": "50"})
    assert in_alder.browser(in_alder.manager).post(f"{AGENCY}/ideal", form).status_code == 302
    ideal = IdealCustomer(industries=("Software",), countries=("DE",), employees_from=50)
    assert scoring_of_agency().scoring.ideal == ideal
    assert scoring_of(in_alder.other_site.id).scoring.ideal == ideal
    assert scoring_of(in_alder.site.id).scoring.ideal == IdealCustomer()


@pytest.mark.parametrize(
    ("state", "says"),
    [("off", "switched off"), ("down", "Order of the rules changed"), ("removed", "Removed “Pricing page”")],
)
def test_switching_moving_removing_is_a_version_each(in_alder: Cast, state: str, says: str) -> None:
    browser = in_alder.browser(in_alder.manager)
    assert browser.post(f"{SITE}/rules/pricing/state", with_version({"state": state})).status_code == 302
    assert says in browser.get(f"{SITE}/versions").content.decode()
    assert ScoringVersion.objects.count() == 1


def test_a_move_beyond_the_end_and_an_unknown_state_change_nothing(in_alder: Cast) -> None:
    browser = in_alder.browser(in_alder.manager)
    for state in ("up", "sideways", ""):
        assert browser.post(f"{SITE}/rules/pricing/state", with_version({"state": state})).status_code == 302
    assert not ScoringVersion.objects.exists()
    assert browser.post(f"{SITE}/rules/nowhere/state", {"state": "off"}).status_code == 404
    assert browser.get(f"{SITE}/rules/nowhere/edit").status_code == 404
    assert browser.get(f"{SITE}/rules/new?kind=moon").status_code == 404


def test_two_at_once_dont_undo_each_other(in_alder: Cast) -> None:
    browser = in_alder.browser(in_alder.manager)
    assert browser.post(f"{SITE}/weights", with_version(POSTS["/weights"])).status_code == 302
    for path, form in POSTS.items():
        response = browser.post(f"{SITE}{path}", with_version(form), follow=True)
        assert "Somebody else has changed the rules" in response.content.decode(), path
    for stale in ("", "x", "9" * 30, "-1", "\0"):
        browser.post(f"{SITE}/rules/pricing/state", {"state": "off", "version": stale})
    assert ScoringVersion.objects.count() == 1


def test_follow_restore_and_what_each_version_changed(in_alder: Cast) -> None:
    browser = in_alder.browser(in_alder.manager)
    browser.post(f"{SITE}/weights", with_version(POSTS["/weights"]))
    browser.post(f"{SITE}/rules/demo/state", with_version({"state": "removed"}, 1))
    browser.post(f"{SITE}/follow", with_version({"whose": "agency"}, 2))
    assert scoring_of(in_alder.site.id).scoring == DEFAULT_SCORING
    browser.post(f"{SITE}/versions/1/restore", with_version({}, 3))
    in_force = scoring_of(in_alder.site.id)
    assert in_force.scoring == replace(DEFAULT_SCORING, weights=Weights(0, 0, 0.5, 0.5, 0))
    assert (in_force.version, in_force.site_id) == (4, in_alder.site.id)
    page = browser.get(f"{SITE}/versions").content.decode()
    assert "Weight of intent: 15 → 50" in page
    assert "Removed “Demo or contact page”" in page
    assert "Follows the agency’s rules from here on" in page
    assert "Version 1 brought back" in page
    # A version that says "follow" isn't brought back so, nor one that there isn't.
    for number in (3, 99, 2**40):
        assert browser.post(f"{SITE}/versions/{number}/restore", with_version({}, 4)).status_code == 404
    browser.post(f"{SITE}/follow", with_version({"whose": "agency"}, 4))
    browser.post(f"{SITE}/follow", with_version({"whose": "own"}, 5))
    assert scoring_of(in_alder.site.id).site_id == in_alder.site.id


@pytest.mark.parametrize(
    ("path", "form", "says"),
    [
        ("rules/new", {"name": ""}, "This field is required"),
        ("rules/new", {"name": "pricing PAGE"}, "of this name already"),
        ("rules/new", {"pages": ""}, "This field is required"),
        ("rules/new", {"pages": "/ok\n**"}, "Line 2, **: Say which page"),
        ("rules/new", {"pages": "\n".join(f"/{n}" for n in range(51))}, "50 lines at most"),
        ("rules/new", {"pages": "/a\0b"}, "Null characters are not allowed"),
        ("rules/new", {"points": "0"}, "A rule without points does nothing"),
        ("rules/new", {"points": "nan"}, "Enter a number"),
        ("rules/new", {"points": "1e400"}, "Enter a number"),
        ("rules/new", {"points": "101"}, "less than or equal to 100"),
        ("rules/new", {"points": "30", "cap": "20"}, "At least what one time brings: 30"),
        ("rules/new", {"window_days": "181"}, "less than or equal to 180"),
        ("rules/new?kind=event", {"event": "x", "prop": "plan", "op": "is", "wanted": ""}, "plan is … what?"),
        ("rules/new?kind=event", {"event": "x", "prop": "a\0", "op": "is", "wanted": "b"}, "can’t be kept"),
        ("rules/new?kind=source", {}, "Name a channel, a source or a campaign"),
        ("rules/new", {"pages": "/a" + "*a" * 11}, "10 stars at most"),
        ("rules/new?kind=source", {"campaigns": "a" + "*a" * 11}, "a campaign has 10 stars at most"),
        ("rules/new?kind=source", {"channels": "Moon"}, "Select a valid choice"),
        ("rules/new?kind=goal", {"goal_id": "99"}, "Select a valid choice"),
        ("rules/new?kind=visitors", {"count": "0", "days": "7"}, "greater than or equal to 1"),
        ("weights", {"contact": 5, "fit": 5, "intent": 0, "engagement": 0, "learned": 0}, "would have no score"),
        ("weights", {"contact": 5, "fit": 5, "intent": 0.004, "engagement": 0, "learned": 0}, "would have no score"),
        ("ideal", {"countries": "Atlantis"}, "Atlantis isn’t a country"),
        ("ideal", {"employees_from": "9", "employees_to": "3"}, "Not fewer than the least"),
        ("ideal", {"employees_from": "9" * 30}, "less than or equal to"),
    ],
)
def test_what_cant_be_made_comes_back_with_why(in_alder: Cast, path: str, form: dict[str, Any], says: str) -> None:
    whole = RULE | form if path == "rules/new" or "?kind" in path else form
    response = in_alder.browser(in_alder.manager).post(f"{SITE}/{path}", with_version(whole))
    page = response.content.decode().replace("&#x27;", "'")
    assert response.status_code == 422
    assert says in page
    assert not ScoringVersion.objects.exists()


@pytest.mark.parametrize(
    ("kind", "form", "match"),
    [
        (
            "event",
            {"event": "signup", "prop": ["plan", ""], "op": ["is", "is"], "wanted": ["team", ""]},
            "plan is team",
        ),
        ("goal", {"goal_id": ""}, "any goal reached"),
        ("frequency", {"count": "5", "days": "30"}, "5th or later visit within 30 days"),
        ("recency", {"days": "14"}, "back after 14 days or more"),
        ("visitors", {"count": "3", "days": "1"}, "3 or more visitors in a day"),
        ("source", {"channels": ["Email", "Paid Social"], "campaigns": "spring*"}, "channel Email or Paid Social"),
        ("scroll", {"percent": "90", "pages": ""}, "90% or more of a page scrolled"),
        ("engaged", {"seconds": "60", "pages": "/blog*"}, "engaged with a page on /blog*"),
        ("only_pages", {"pages": "/support*", "points": "-20", "cap": ""}, "no other page"),
    ],
)
def test_each_kind_is_made_and_comes_back_in_its_editor(
    in_alder: Cast, kind: str, form: dict[str, Any], match: str
) -> None:
    browser = in_alder.browser(in_alder.manager)
    response = browser.post(f"{SITE}/rules/new?kind={kind}", with_version(RULE | {"pages": ""} | form), follow=True)
    assert match in response.content.decode()
    rule = scoring_of(in_alder.site.id).scoring.rules[-1]
    assert rule.kind is RuleKind(kind)
    editor = browser.get(f"{SITE}/rules/webinar/edit").content.decode()
    assert 'value="Webinar"' in editor
    again = browser.post(f"{SITE}/rules/webinar/edit", with_version(RULE | {"pages": ""} | form, 1))
    assert again.status_code == 422 and "Nothing is changed" in again.content.decode()


def test_a_preview_names_who_becomes_hot_and_who_ceases_and_changes_nothing(in_alder: Cast) -> None:
    site = in_alder.site
    hot, reader, ignored = company_make("Varnholt AG"), company_make("Kestrel"), company_make("Ignored Inc")
    make_hot(hot, site, ago(hours=2))
    for company in (reader, ignored):
        read_webinar(company, site)
    CompanyClient.objects.update_or_create(
        company=ignored,
        client_id=site.client_id,
        defaults={"is_ignored": True, "first_seen_at": ago(hours=1), "last_seen_at": ago(hours=1)},
    )
    browser = in_alder.browser(in_alder.manager)
    only_intent = {"contact": 0, "fit": 0, "intent": 100, "engagement": 0, "learned": 0, "preview": "1"}
    page = browser.post(f"{SITE}/weights", with_version(only_intent)).content.decode()
    # Varnholt is hot either way; Kestrel read what no rule knows.
    assert "nobody becomes hot, and nobody ceases to be" in page
    assert "Hot now: 1, then 1" in page
    rule = RULE | {"points": "100", "cap": "100", "preview": "1"}
    fragment = browser.post(f"{SITE}/rules/new", with_version(rule), headers={"HX-Request": "true"}).content.decode()
    assert "<b>1</b> company becomes hot, <b>0</b> cease to be" in fragment.replace("  ", " ")
    assert "Kestrel" in fragment and "Ignored" not in fragment and "<html" not in fragment
    off = browser.post(f"{SITE}/weights", with_version(only_intent | {"intent": 1, "engagement": 100}))
    assert off.status_code == 200
    assert not ScoringVersion.objects.exists()
    broken = browser.post(f"{SITE}/rules/new", RULE | {"name": "", "preview": "1"}, headers={"HX-Request": "true"})
    assert broken.status_code == 200 and "what is missing or wrong above" in broken.content.decode()


def test_the_agency_s_preview_looks_at_the_latest_of_all_sites(in_alder: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(effect, "MOST_COMPANIES", 2)
    sites = [in_alder.site, in_alder.other_site]
    for number, site in enumerate((*sites, *sites)):
        visit_of(company_make(f"C{number} Ltd"), site, ago(hours=1 + number))
    weighed = replace(DEFAULT_SCORING, weights=Weights(0, 0, 0, 1, 0))
    found = effect.effect_of(sites=sites, before=replace(weighed, weights=Weights(0, 0, 1, 0, 0)), after=weighed)
    assert (found.companies, found.moved, found.is_cut) == (2, 2, True)
    both = effect.companies_lately(sites, since=ago(days=30), limit=2)
    assert [site_id for site_id, _ in both] == [site.id for site in sites]


def test_the_agency_s_preview_is_about_the_sites_that_follow(in_alder: Cast) -> None:
    own(in_alder)
    here, there = company_make("Varnholt AG"), company_make("Kestrel")
    read_webinar(here, in_alder.site)
    read_webinar(there, in_alder.other_site)
    form = with_version(RULE | {"points": "100", "cap": "100", "preview": "1"})
    text = in_alder.browser(in_alder.manager).post(f"{AGENCY}/rules/new", form).content.decode()
    assert "Kestrel" in text and "Second site" in text and "Varnholt" not in text


def test_a_back_test_says_it_in_a_sentence(in_alder: Cast) -> None:
    site = in_alder.site
    browser = in_alder.browser(in_alder.viewer)
    assert "has no goal" in browser.get(SITE).content.decode()
    foretold, sudden, vain = company_make("Varnholt AG"), company_make("Kestrel"), company_make("Mill")
    make_hot(foretold, site, ago(days=20))
    make_hot(vain, site, ago(days=30))
    for company in (foretold, sudden):
        visit_of(company, site, ago(days=10), [Page("/thanks")])
    goal = goal_make(site, "page", page="/thanks", back=True)
    page = browser.get(f"{SITE}/back-test").content.decode()
    assert (
        "<b>1 of 2</b> converting companies hot, a median of <b>10 days</b> before, with <b>1</b> false alarm." in page
    )
    assert "50.0%" in page
    assert "back-test" in browser.get(SITE).content.decode()
    for chosen in (str(goal.id), "999999", "x", "\0"):
        assert browser.get(f"{SITE}/back-test", {"goal": chosen}).status_code == 200


def test_there_can_be_fifty_rules(in_alder: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("apps.scoring.changing.MOST_RULES", 11)
    response = in_alder.browser(in_alder.manager).post(f"{SITE}/rules/new", with_version(RULE))
    assert response.status_code == 422 and "at most" in response.content.decode()


def test_suggested_industries_are_of_this_client_s_companies(in_alder: Cast) -> None:
    for name, industry, client in (("A", "Machinery", in_alder.first), ("B", "Secret", in_alder.second)):
        company = company_make(name, industry=industry)
        CompanyClient.objects.create(
            company=company, client_id=client.id, first_seen_at=ago(days=1), last_seen_at=ago(days=1)
        )
    assert Company.objects.count() == 2
    page = in_alder.browser(in_alder.limited).get(f"{SITE}/ideal").content.decode()
    assert "Machinery" in page and "Secret" not in page
