"""The pages that decide how companies are told: who may, what they show before, and what follows, in the past too."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from pytest_django import DjangoCaptureOnCommitCallbacks

from apps.agencies.models import SiteRoute
from apps.companies import correcting
from apps.companies.erase import site_forget
from apps.companies.facts import VisitsReopened
from apps.companies.identifying import links_work
from apps.companies.identifying.links import links_of, links_text
from apps.companies.models import Company, CompanyClient, CompanyClue, LinkValue
from apps.companies.services import visits_match
from apps.companies.tasks import links_work_task, visits_rematch_task
from apps.core import facts
from apps.sites.models import Site
from apps.tracking.models import Event, Session
from tests.cast import Cast
from tests.factories_tracking import visit_make

from .conftest import ago, network

WESTMERE = network("University of Westmere", "westmere.example", kind="education")
HERE = "/s/first-site/settings/companies"
AGENCY = "/settings/companies"


def page(cast: Cast, path: str = HERE, **posted: str) -> tuple[int, str]:
    browser = cast.browser(cast.manager)
    answer = browser.post(path, posted) if posted else browser.get(path)
    return answer.status_code, answer.content.decode()


def fresh(cast: Cast) -> Site:
    return Site.objects.get(id=cast.site.id)


@pytest.mark.parametrize(
    ("who", "path", "status"),
    [
        ("manager", HERE, 200),
        ("limited", HERE, 200),
        ("limited", "/s/second-site/settings/companies", 404),
        ("viewer", HERE, 403),
        ("analyst", HERE, 403),
        ("owner", "/s/birch-site/settings/companies", 404),
        ("manager", AGENCY, 200),
        ("limited", AGENCY, 404),
        ("analyst", AGENCY, 403),
    ],
)
def test_only_who_manages_a_site_decides(in_alder: Cast, who: str, path: str, status: int) -> None:
    browser = in_alder.browser(getattr(in_alder, who))
    assert browser.get(path).status_code == status
    if status != 200:
        paths = [path] if path == AGENCY else [f"{path}/kinds", f"{path}/links"]
        assert {browser.post(one, {"business": "on"}).status_code for one in paths} == {status}


def test_another_agency_finds_nothing(in_alder: Cast) -> None:
    browser = in_alder.browser(in_alder.outsider, in_alder.birch)
    assert browser.get(HERE).status_code == 404


def test_a_site_follows_the_agency_until_it_chooses(in_alder: Cast) -> None:
    assert page(in_alder, AGENCY, business="on")[0] == 302
    assert "Businesses. Changes with it." in page(in_alder)[1]
    page(in_alder, f"{HERE}/kinds", whose="own", business="on", consumer="on", made_up="on")
    assert fresh(in_alder).company_kinds == ["business", "consumer"]
    assert "1 has one" in page(in_alder, AGENCY)[1]
    page(in_alder, f"{HERE}/kinds", whose="agency", business="on")
    assert fresh(in_alder).company_kinds is None


def test_a_choice_is_tried_before_it_is_made(in_alder: Cast) -> None:
    for minutes in (5, 6):
        visit_make(in_alder.site, ago(minutes=minutes), **WESTMERE)
    visit_make(in_alder.site, ago(days=40), **WESTMERE)
    status, text = page(in_alder, f"{HERE}/kinds", whose="own", business="on", preview="1")
    assert status == 200
    row = text.partition('<th scope="row">Schools and universities</th>')[2].partition("</tr>")[0]
    assert [cell.partition("<")[0] for cell in row.split(">")[1::2] if cell] == ["1", "2", "no"]
    assert fresh(in_alder).company_kinds is None


@pytest.mark.parametrize(("reach", "names"), [("forward", 1), ("past", 0)])
def test_kinds_hold_forward_or_for_the_past_too(
    in_alder: Cast, django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks, reach: str, names: int
) -> None:
    told: list[VisitsReopened] = []
    facts.listen(VisitsReopened, told.append)
    visit_make(in_alder.site, ago(minutes=5), **WESTMERE)
    visits_match()
    with django_capture_on_commit_callbacks(execute=True):
        page(in_alder, f"{HERE}/kinds", whose="own", business="on", reach=reach)
    visits_rematch_task(str(in_alder.alder.schema_name))
    assert Session.objects.filter(company_id__isnull=False).count() == names
    assert len(told) == 1 - names
    visit_make(in_alder.site, ago(minutes=1), **WESTMERE)
    visits_match()
    assert Session.objects.filter(company_id__isnull=False).count() == names
    page(in_alder, f"{HERE}/kinds", whose="own", business="on", education="on", reach="past")
    visits_match()
    assert Session.objects.filter(company_id__isnull=False).count() == 2


def test_a_kind_that_is_switched_on_finds_the_e_mails_of_the_past(in_alder: Cast) -> None:
    made = visit_make(in_alder.site, ago(minutes=5), network_kind="consumer")
    Event.objects.filter(session_id=made.id).update(kind="identify", email_domain="westmere.ac.uk")
    page(in_alder, AGENCY, business="on")
    visits_match()
    assert not CompanyClue.objects.exists()
    page(in_alder, AGENCY, business="on", education="on", reach="past")
    visits_match()
    assert CompanyClue.objects.get().domain == "westmere.ac.uk"


# --- links ------------------------------------------------------------------------------------------------------------


def links(cast: Cast, text: str, parameter: str = "c", **posted: str) -> tuple[int, str]:
    return page(cast, f"{HERE}/links", parameter=parameter, links=text, **posted)


def stored() -> list[tuple[str, str, str]]:
    return list(LinkValue.objects.order_by("value").values_list("value", "domain", "name"))


@pytest.mark.parametrize(
    "text",
    [
        "Varnholt, www.varnholt.com, Varnholt AG\nq, quarrystone.co.uk",
        "value;domain;name\nvarnholt;https://varnholt.com/en;Varnholt AG\nq;quarrystone.co.uk",
        'varnholt\tvarnholt.com\t"Varnholt AG"\r\n\r\nq\tshop.quarrystone.co.uk\t\r\nq\tquarrystone.co.uk',
    ],
    ids=["commas", "a table with semicolons", "pasted cells, one twice"],
)
def test_links_are_read_as_people_have_them(in_alder: Cast, text: str) -> None:
    assert links(in_alder, text)[0] == 302
    assert stored() == [("q", "quarrystone.co.uk", ""), ("varnholt", "varnholt.com", "Varnholt AG")]
    assert "varnholt, varnholt.com, Varnholt AG" in page(in_alder)[1]


@pytest.mark.parametrize(
    ("text", "parameter", "why"),
    [
        ("varnholt", "c", "Line 1: the domain is missing: write one such as varnholt.com."),
        ("varnholt, varnholt", "c", "Line 1: the domain &#x27;varnholt&#x27; isn’t one that a company has"),
        ("varn holt, varnholt.com", "c", "Line 1: &#x27;varn holt&#x27; can’t be a value"),
        ("a, a.com\n\nv, gmail.com", "c", "Line 3: gmail.com is no visiting company’s"),
        ("v, first.example", "c", "Line 1: first.example is no visiting company’s"),
        ("v, a.com\nv, b.com", "c", "Line 2: v stands there twice, for different companies."),
        ("a1b2c3d4e5f6a7b8c9d0e1f2a3b4c5d6, a.com", "c", "looks like a key"),
        ("v, a.com", "", "Name the parameter in which these values stand, such as c."),
        ("v, a.com", "c d", "isn’t the name of a parameter"),
        ("v\x00, a.com", "c", "Null characters are not allowed"),
        ("\n".join(["x"] * 300), "c", "And 290 more like these."),
    ],
)
def test_what_cannot_be_a_link_is_said_with_its_line(in_alder: Cast, text: str, parameter: str, why: str) -> None:
    status, shown = links(in_alder, text, parameter)
    assert status == 422
    assert why in shown
    assert stored() == []


def test_the_parameter_is_kept_from_then_on_beside_those_that_were_named(in_alder: Cast) -> None:
    Site.objects.filter(id=in_alder.site.id).update(query_parameters=["size"])
    links(in_alder, "v, varnholt.com", "?C=")
    route = SiteRoute.objects.get(site_key=in_alder.site.site_key)
    assert (fresh(in_alder).company_parameter, route.settings["query_parameters"]) == ("c", ["c", "size"])
    links(in_alder, "", "")
    route.refresh_from_db()
    assert (fresh(in_alder).company_parameter, route.settings["query_parameters"], stored()) == ("", ["size"], [])


def came_by(cast: Cast, query: str, minutes: float = 5) -> Session:
    made = visit_make(cast.site, ago(minutes=minutes), network_kind="consumer")
    Event.objects.filter(session_id=made.id).update(query=query)
    visits_match(session_ids=[made.id])
    return made


def test_links_are_tried_before_they_are_made(in_alder: Cast) -> None:
    for query in ("c=varnholt", "utm_source=x&c=VARNHOLT", "c=other", "d=varnholt"):
        came_by(in_alder, query)
    status, text = links(in_alder, "varnholt, varnholt.com, Varnholt AG\nq, quarrystone.com", preview="1")
    assert status == 200
    rows = [row.split("</td>") for row in text.partition("links-preview-h")[2].split("<tr>")[2:4]]
    assert [("varnholt" in row[0], row[1].rpartition(">")[2]) for row in rows] == [(True, "2"), (False, "0")]
    assert "1 visit more came with a value that isn’t in the list." in text
    assert stored() == []


@pytest.mark.parametrize(("reach", "clues"), [("forward", 0), ("past", 1)])
def test_links_hold_forward_or_for_the_past_too(
    in_alder: Cast, monkeypatch: pytest.MonkeyPatch, reach: str, clues: int
) -> None:
    """However many visits are read at once."""
    monkeypatch.setattr(links_work, "SLICE_VISITS", 1)
    schema, site_id = str(in_alder.alder.schema_name), in_alder.site.id
    made = came_by(in_alder, "c=varnholt")
    came_by(in_alder, "c=other")
    links(in_alder, "varnholt, varnholt.com", reach=reach)
    links_work_task(schema, site_id)
    visits_match()
    assert list(CompanyClue.objects.values_list("session_id", flat=True)) == [made.id] * clues
    links(in_alder, "", reach="past")
    links_work_task(schema, site_id)
    visits_match()
    assert not CompanyClue.objects.exists()


def test_links_reach_back_in_turns_that_take_the_sites_lock_for_marking_alone(
    in_alder: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Three visits, one a turn, of which the second came by a link; the first turn ends a worker's time."""
    monkeypatch.setattr(links_work, "SLICE_VISITS", 1)
    site_id = in_alder.site.id
    for minutes, query in ((9, "c=other"), (6, "c=varnholt"), (3, "c=other")):
        came_by(in_alder, query, minutes)
    with CaptureQueriesContext(connection) as asked:
        links(in_alder, "varnholt, varnholt.com", reach="past")
    assert not any("FROM event" in query["sql"] for query in asked)
    assert links_work.links_unfinished() == [site_id]
    monkeypatch.setattr(links_work, "WORK_FOR", timedelta())
    assert not links_work.links_work(site_id) and links_work.links_unfinished() == [site_id]
    with CaptureQueriesContext(connection) as asked:
        assert links_work.links_slice(site_id)
    said = [query["sql"] for query in asked]
    read, locked = (next(n for n, sql in enumerate(said) if mark in sql) for mark in ("FROM event", "advisory"))
    assert read < said.index(next(sql for sql in said if sql.startswith("SAVEPOINT"))) < locked
    assert Session.objects.filter(matched_at=None).count() == 1
    # Saved anew, it begins anew.
    links(in_alder, "other, varnholt.com", reach="past")
    monkeypatch.setattr(links_work, "WORK_FOR", timedelta(minutes=2))
    assert links_work.links_work(site_id) and not links_work.links_unfinished()
    assert Session.objects.filter(matched_at=None).count() == 3


def test_a_name_stands_as_long_as_its_link_and_below_what_visits_say(in_alder: Cast) -> None:
    def name() -> str:
        return Company.objects.get(domain="varnholt.com").name

    came_by(in_alder, "c=varnholt")
    links(in_alder, "varnholt, varnholt.com, Varnholt Ag", reach="past")
    links_work_task(str(in_alder.alder.schema_name), in_alder.site.id)
    visits_match()
    assert name() == "Varnholt Ag"
    links(in_alder, "varnholt, varnholt.com, Varnholt AG")
    assert name() == "Varnholt AG"
    renamed = correcting.correction_make(correcting.renaming(domain="varnholt.com", to_name="V"), by="Ada")
    links(in_alder, "varnholt, varnholt.com")
    assert renamed is not None and name() == "V"
    correcting.correction_undo(correction_id=renamed.id, by="Ada")
    assert name() == "varnholt.com"
    # As it was kept once.
    Company.objects.update(told={"name": [0, 1, "Kept"]})
    links(in_alder, "varnholt, varnholt.com, Varnholt AG")
    assert name() == "Varnholt AG"
    CompanyClient.objects.update(tags=["kept"])
    site_forget(site_id=in_alder.site.id)
    assert name() == "varnholt.com"
    visit_make(in_alder.site, ago(minutes=1), **network("Varnholt Holding", "varnholt.com"))
    visits_match()
    assert name() == "Varnholt Holding"


def test_saved_twice_it_is_the_same(in_alder: Cast) -> None:
    for _ in range(2):
        links(in_alder, "varnholt, varnholt.com, Varnholt")
    links(in_alder, "varnholt, varnholt.com, Varnholt AG\nq, quarrystone.com")
    assert stored() == [("q", "quarrystone.com", ""), ("varnholt", "varnholt.com", "Varnholt AG")]


def test_settings_lead_there(in_alder: Cast) -> None:
    assert HERE in page(in_alder, "/s/first-site/settings")[1]
    assert reverse("companies:agency-identifying") in page(in_alder, "/settings")[1]


def test_who_sees_some_clients_alone_names_nobodys_company(in_alder: Cast) -> None:
    """Names are the whole agency's: those that stand there stay, and new ones are refused with their line."""
    links(in_alder, "v, varnholt.com, Varnholt AG")
    visit_make(in_alder.site, ago(minutes=5), **network("Quarrystone", "quarrystone.co.uk"))
    visits_match()
    browser = in_alder.browser(in_alder.limited)
    lines = "v, varnholt.com, Varnholt AG\nq, quarrystone.co.uk"
    assert browser.post(f"{HERE}/links", {"parameter": "c", "links": lines}).status_code == 302
    kept = stored()
    for wrong in ("v, varnholt.com, Ours", "q, quarrystone.co.uk, Varnholt AG"):
        answer = browser.post(f"{HERE}/links", {"parameter": "c", "links": f"v2, varnholt.com\n{wrong}"})
        text = answer.content.decode()
        assert "Line 2" in text and "ask a colleague who sees all clients" in text
    assert stored() == kept


def test_who_sees_some_clients_alone_asks_about_nobody_elses_company(in_alder: Cast) -> None:
    """Of another client's, of nobody's, of one that has left: all are refused in the same words."""
    for site, domain in ((in_alder.other_site, "theirs.com"), (in_alder.site, "left.com"), (in_alder.site, "ours.com")):
        visit_make(site, ago(minutes=5), **network(domain, domain))
    visits_match()
    CompanyClient.objects.filter(company__domain="left.com").update(is_left=True)
    browser = in_alder.browser(in_alder.limited)
    answers = []
    for domain in ("theirs.com", "left.com", "unheard.com"):
        for posted in ({}, {"preview": "1"}):
            answer = browser.post(f"{HERE}/links", {"parameter": "c", "links": f"q, {domain}", **posted})
            assert answer.status_code == 422
            answers.append(answer.content.decode().partition("Line 1:")[2].partition("<")[0])
    assert set(answers) == {f" {correcting.NOT_THEIRS}"}
    assert browser.post(f"{HERE}/links", {"parameter": "c", "links": "q, ours.com"}).status_code == 302
    assert stored() == [("q", "ours.com", "")]
    # A colleague's links stay, and others may lead to the same company.
    links(in_alder, "q, theirs.com\nu, unheard.com")
    lines = "q, theirs.com\nu, unheard.com\nu2, unheard.com"
    assert browser.post(f"{HERE}/links", {"parameter": "c", "links": lines}).status_code == 302


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("v\tvarnholt.com\tVarnholt; Sons", ("v", "varnholt.com", "Varnholt; Sons")),
        ('v;varnholt.com;"Varnholt; ""Sons"", Ltd"', ("v", "varnholt.com", 'Varnholt; "Sons", Ltd')),
        ('v, varnholt.com, "Varnholt; Sons"', ("v", "varnholt.com", "Varnholt; Sons")),
        ('v, varnholt.com, "Varnholt, Sons"', ("v", "varnholt.com", "Varnholt, Sons")),
        ("code, varnholt.com", ("code", "varnholt.com", "")),
        ("Wert\tvarnholt.com\tVarnholt", ("wert", "varnholt.com", "Varnholt")),
        ("value,domain,name\nvalue,varnholt.com", ("value", "varnholt.com", "")),
        ("code\nv,varnholt.com", ("v", "varnholt.com", "")),
    ],
)
def test_a_list_that_was_saved_is_the_same_when_it_is_saved_again(
    in_alder: Cast, text: str, expected: tuple[str, str, str]
) -> None:
    assert links(in_alder, text)[0] == 302
    assert stored() == [expected]
    written = links_text(links_of(in_alder.site.id))
    assert written.startswith("value, domain, name\n")
    assert links(in_alder, written)[0] == 302
    assert stored() == [expected]


def test_a_list_of_nothing_is_empty(in_alder: Cast) -> None:
    assert links_text(links_of(in_alder.site.id)) == ""


def test_a_mistyped_domain_beside_a_value_like_a_head_is_said(in_alder: Cast) -> None:
    status, text = links(in_alder, "code, varnholt.con")
    assert (status, "Line 1: the domain" in text) == (422, True)
