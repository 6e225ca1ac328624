"""Filters of companies, tabs, columns and scores of the list."""

from datetime import timedelta
from typing import Any

import pytest

from apps.agencies.roles import Role
from apps.analytics.companies.figures import company_rows
from apps.analytics.companies.listing import Listed
from apps.analytics.companies.marks import Team, marks_of
from apps.companies.knowledge.ignoring import ignored_on_site
from apps.companies.knowledge.together import merged_load
from apps.companies.models import Company, CompanyClient, CompanyCorrection, CompanyMatch, TargetAccount
from apps.companies.newcomers import newcomers
from apps.companies.selectors import company_names_shown
from apps.companies.services import visits_match
from apps.companies.targets import targets_of
from apps.scoring.models import Score
from apps.scoring.selectors import hot_counts
from apps.tracking.models import Session
from tests.cast import Cast, streamed
from tests.factories import make_member
from tests.factories_tracking import Page, visit_make

from .conftest import NOW, QUARRY, VARNHOLT, ago, score_put
from .reading import companies, table, words

SITE = "/s/first-site/companies"
QUARRYSTONE = "Quarrystone_100% Ferrous"
WEIGHTS = [0.25, 0.25, 0.15, 0.35, 0.10]


def html(cast: Cast, address: str = SITE, who: Any = None) -> str:
    answer = cast.browser(who or cast.owner).get(address)
    assert answer.status_code == 200
    return answer.content.decode()


def names(cast: Cast, address: str = SITE) -> list[str]:
    return companies(html(cast, address))


@pytest.fixture
def known(worked_month: Cast) -> Cast:
    """The month with scores 80 and 41 on the first site, and what its client knows of both."""
    score_put(worked_month.site.id, "varnholt.example", 80)
    score_put(worked_month.site.id, "quarrystone.example", 82, days=7)
    Company.objects.filter(domain="varnholt.example").update(
        industry="Machinery", country="DE", employees_from=51, employees_to=200
    )
    rows = CompanyClient.objects.filter(client_id=worked_month.first.id)
    rows.filter(company__domain="varnholt.example").update(tags=["DACH"], owner_id=worked_month.analyst.user_id)
    TargetAccount.objects.create(
        client_id=worked_month.first.id, domain="quarrystone.example", added_at=NOW, added_by="Somebody"
    )
    return worked_month


def test_scores_are_of_this_moment_and_sort_the_list(known: Cast) -> None:
    rows = table(html(known, f"{SITE}?cols=temperature,score,category"))
    assert [row[1:] for row in rows] == [["Hot", "80", "High Intent"], ["Warm", "41", "Researching"]]
    assert "2 companies, last 30 days, 1 of them hot." in words(html(known))
    assert names(known, f"{SITE}?sort=score") == [QUARRYSTONE, "Varnholt AG"]


def test_over_several_sites_the_highest_score_counts(known: Cast) -> None:
    score_put(known.other_site.id, "varnholt.example", 90)
    assert table(html(known, "/companies?cols=score"))[0][1] == "90"
    limited = html(known, "/companies?cols=score", who=known.limited)
    assert table(limited)[0][1] == "80"


@pytest.mark.parametrize(
    ("filters", "expected"),
    [
        ("f=temperature:is:hot", ["Varnholt AG"]),
        ("f=temperature:is_not:hot", [QUARRYSTONE]),
        ("f=category:is:researching", [QUARRYSTONE]),
        ("f=score:at_least:41&f=score:at_most:79", [QUARRYSTONE]),
        ("f=kind:is:education", []),
        ("f=tag:is:dach", ["Varnholt AG"]),
        ("f=tag:is_not:DACH", [QUARRYSTONE]),
        ("f=tag:is:", [QUARRYSTONE]),
        ("f=owner:is:nobody", [QUARRYSTONE]),
        ("f=owner:is:me", []),
        ("f=owner:is:me|nobody", [QUARRYSTONE]),
        ("f=watched:is:yes", [QUARRYSTONE]),
        ("f=watched:is:no", ["Varnholt AG"]),
        ("f=industry:contains:mach", ["Varnholt AG"]),
        ("f=seat:is:DE", ["Varnholt AG"]),
        ("f=seat:is:", [QUARRYSTONE]),
        ("f=employees:at_least:100", ["Varnholt AG"]),
        ("f=employees:at_least:201", []),
        ("f=employees:at_most:60", ["Varnholt AG"]),
        ("f=confidence:at_least:85", ["Varnholt AG", QUARRYSTONE]),
        ("f=confidence:at_least:86", []),
        ("f=first_seen:at_most:7", [QUARRYSTONE]),
        ("f=first_seen:at_least:7", ["Varnholt AG"]),
        ("f=matters:is:Pricing+page", ["Varnholt AG"]),
        ("f=matters:is_not:Pricing+page", [QUARRYSTONE]),
        ("f=temperature:is:hot&f=source:is:Direct", []),
        ("f=temperature:is:scorching", ["Varnholt AG", QUARRYSTONE]),
        ("f=score:at_least:x", ["Varnholt AG", QUARRYSTONE]),
        ("f=owner:is:9999999999999999999", ["Varnholt AG", QUARRYSTONE]),
        ("f=first_seen:at_most:9999999999", ["Varnholt AG", QUARRYSTONE]),
    ],
)
def test_filters_of_companies(known: Cast, filters: str, expected: list[str]) -> None:
    assert names(known, f"{SITE}?{filters}") == expected


def test_filters_read_as_chips_and_bad_ones_as_problems(known: Cast) -> None:
    owner = known.analyst.user
    page = words(
        html(known, f"{SITE}?f=owner:is:{owner.id}&f=score:at_least:40&f=channel:is:Direct&f=temperature:is:icy")
    )
    assert f"Owner is {owner}" in page and "Score is at least 40" in page and "Channel is Direct" in page
    assert "Temperature can’t be “icy”. It is one of: Hot, Warm, Cold." in page


@pytest.mark.parametrize(
    ("sent_as", "expected"),
    [
        ("filter_field=temperature&filter_op=contains&filter_value=Hot", "f=temperature%3Ais%3Ahot"),
        ("filter_field=score&filter_op=is&filter_value=40", "f=score%3Aat_least%3A40"),
        ("filter_field=owner&filter_op=is&filter_value=Nobody", "f=owner%3Ais%3Anobody"),
        ("filter_field=seat&filter_op=is&filter_value=germany", "f=seat%3Ais%3ADE"),
        ("filter_field=confidence&filter_op=at_least&filter_value=60%25", "f=confidence%3Aat_least%3A60"),
    ],
)
def test_the_form_takes_what_people_type(in_alder: Cast, sent_as: str, expected: str) -> None:
    answer = in_alder.browser(in_alder.owner).get(f"{SITE}?{sent_as}")
    assert (answer.status_code, answer.headers["Location"]) == (302, f"{SITE}?{expected}")


def test_tabs_count_and_choose(known: Cast) -> None:
    assert "All 2 Hot 1 New this week 1 Target accounts 1 Back after 30 days 0" in words(html(known))
    assert names(known, f"{SITE}?view=hot") == ["Varnholt AG"]
    assert names(known, f"{SITE}?view=targets") == [QUARRYSTONE]
    assert "Nobody came back" in words(html(known, f"{SITE}?view=back"))


@pytest.mark.parametrize(("days", "expected"), [(31.5, [QUARRYSTONE]), (29, [])])
def test_who_was_away_for_thirty_days_is_back(worked_month: Cast, days: float, expected: list[str]) -> None:
    """Quarrystone's visit within the week was three days ago."""
    visit_make(worked_month.site, ago(days=3 + days), pages=[Page("/")], **QUARRY)
    visits_match()
    assert names(worked_month, f"{SITE}?view=back&period=90d") == expected


def test_ignored_companies_are_under_their_own_tab(known: Cast) -> None:
    CompanyClient.objects.filter(client_id=known.first.id, company__domain="varnholt.example").update(is_ignored=True)
    assert names(known) == [QUARRYSTONE]
    assert names(known, f"{SITE}?view=ignored") == ["Varnholt AG"]
    assert names(known, f"{SITE}?f=ignored:is:yes") == ["Varnholt AG"]
    # The second client doesn't ignore it: on the list of all sites its own visit counts, and that alone.
    rows = {row[0].split()[1]: row[1] for row in table(html(known, "/companies?cols=visits"))}
    assert rows["Varnholt"] == "1"


def test_each_clients_knowledge_is_named_and_shown_to_those_who_see_it(known: Cast) -> None:
    CompanyClient.objects.filter(client_id=known.second.id, company__domain="varnholt.example").update(
        tags=["Secret"], owner_id=known.owner.user_id
    )
    TargetAccount.objects.create(
        client_id=known.second.id, domain="varnholt.example", added_at=NOW, added_by="Somebody"
    )
    everything = html(known, "/companies?cols=owner,tags")
    assert f"{known.analyst.user} (First), {known.owner.user} (Second)" in words(everything)
    assert "on the watchlist of Second" in everything and "Secret" in everything
    limited = html(known, "/companies?cols=owner,tags", who=known.limited)
    assert "Secret" not in limited and "on the watchlist of Second" not in limited
    assert "f=tag:is:Secret" not in limited
    assert companies(html(known, "/companies?f=tag:is:Secret", who=known.limited)) == []
    assert companies(html(known, "/companies?f=watched:is:yes", who=known.limited)) == [QUARRYSTONE]


def test_an_owner_who_doesnt_see_the_client_any_more_is_none(known: Cast) -> None:
    other = make_member(known.alder, Role.ANALYST, client_ids=[known.second.id])
    CompanyClient.objects.filter(client_id=known.first.id).update(owner_id=other.user_id)
    assert table(html(known, f"{SITE}?cols=owner"))[0][1] == "–"


def test_columns_are_those_that_are_asked_for(known: Cast) -> None:
    heads = words(html(known, f"{SITE}?cols=industry&cols=employees,country,confidence,nonsense").split("<thead")[1])
    assert "Company Industry Country Employees Confidence VA Varnholt AG" in heads
    varnholt = table(html(known, f"{SITE}?cols=industry,employees,country,confidence"))[0]
    assert varnholt[1:] == ["Machinery", "Germany", "51–200", "85%"]


@pytest.mark.parametrize(
    "sort",
    ["temperature", "category", "source", "owner", "tags", "industry", "country", "employees", "confidence", "first"],
)
def test_it_sorts_by_every_column_with_unknown_last(known: Cast, sort: str) -> None:
    known_last = {names(known, f"{SITE}?sort={direction}{sort}")[-1] for direction in ("", "-")}
    one_is_unknown = sort in ("owner", "tags", "industry", "country", "employees")
    assert known_last == ({QUARRYSTONE} if one_is_unknown else known_last)


@pytest.mark.parametrize(
    ("typed", "expected"),
    [
        ("muller", "Müller & Söhne"),
        ("Varnhold", "Varnholt AG"),
        ("SOHNE", "Müller & Söhne"),
        ("qarystone", QUARRYSTONE),
    ],
)
def test_search_forgives_accents_and_typos(worked_month: Cast, typed: str, expected: str) -> None:
    Company.objects.filter(domain="varnholt.example").update(name="Varnholt AG")
    made = {**VARNHOLT, "organisation": "Müller & Söhne", "network_domain": "mueller.example"}
    visit_make(worked_month.site, ago(days=1), **made)
    visits_match()
    assert names(worked_month, f"{SITE}?q={typed}") == [expected]


def test_a_search_has_the_best_first(worked_month: Cast) -> None:
    for name, domain in [("Great Varn Holding", "x1.example"), ("Varn", "x2.example")]:
        visit_make(worked_month.site, ago(days=1), **{**VARNHOLT, "organisation": name, "network_domain": domain})
    visits_match()
    assert names(worked_month, f"{SITE}?q=varn") == ["Varn", "Varnholt AG", "Great Varn Holding"]


def test_a_viewer_can_neither_change_nor_export(known: Cast) -> None:
    page = html(known, who=known.viewer)
    assert 'name="id"' not in page and "format=csv" not in page and "companies/bulk" not in page
    for form in ("csv", "json", "xlsx"):
        assert known.browser(known.viewer).get(f"{SITE}?format={form}").status_code == 403
    assert b"Varnholt" in streamed(known.browser(known.analyst).get(f"{SITE}?format=csv"))


def test_a_watched_company_that_was_merged_is_watched_as_what_it_was_merged_into(known: Cast) -> None:
    TargetAccount.objects.all().delete()
    TargetAccount.objects.create(client_id=known.first.id, domain="old.example", added_at=NOW, added_by="-")
    assert names(known, f"{SITE}?view=targets") == []
    for domain, into in (("old.example", "older.example"), ("older.example", "varnholt.example")):
        CompanyCorrection.objects.create(
            kind=CompanyCorrection.Kind.MERGE, domain=domain, to_domain=into, made_by="-", made_at=NOW
        )
    assert names(known, f"{SITE}?view=targets") == names(known, f"{SITE}?f=watched:is:yes") == ["Varnholt AG"]
    (target,) = targets_of(client_id=known.first.id)
    assert (target.domain, target.company_name) == ("old.example", "Varnholt AG")
    company = Company.objects.get(domain="varnholt.example")
    merged = merged_load(client_ids=[known.first.id], owners=[])
    (row,) = company_rows([Listed(company.id, [known.site.id], None, "", "")], Session.objects.all())
    (mark,) = marks_of([row], [known.site], Team([]), merged)[company.id]
    assert mark.is_watched


def test_what_is_known_of_a_merged_company_counts_for_what_it_was_merged_into(known: Cast) -> None:
    """Tags, owner and ignoring, in the list, its files, the counts, the names of newcomers and of the live page."""
    away = Company.objects.get(domain="quarrystone.example")
    target = Company.objects.get(domain="varnholt.example")
    Session.objects.filter(company_id=away.id).update(company_id=target.id)
    rows = CompanyClient.objects.filter(client_id=known.first.id, company=away)
    rows.update(tags=["dach", "Stone"], owner_id=known.manager.user_id)
    CompanyClient.objects.filter(company=target).update(owner_id=None)
    asked = ("f=tag:is:Stone", f"f=owner:is:{known.manager.user_id}")
    assert [names(known, f"{SITE}?{one}") for one in asked] == [[], []]
    merge = CompanyCorrection.objects.create(
        kind=CompanyCorrection.Kind.MERGE, domain=away.domain, to_domain=target.domain, made_by="-", made_at=NOW
    )
    assert [names(known, f"{SITE}?{one}") for one in asked] == [["Varnholt AG"]] * 2
    # An owner who has left is none, and what another client knows is its own.
    assert names(known, "/companies?f=tag:is_not:Stone&f=site:is:second-site") == ["Varnholt AG"]
    file = streamed(known.browser(known.owner).get(f"{SITE}?format=csv&cols=company,owner,tags&f=tag:is:Stone"))
    assert b'Alder manager,"DACH, Stone"' in file
    Score.objects.update(told_temperature="hot")
    assert hot_counts([known.site.id], at=NOW) == {known.site.id: 1}
    rows.update(is_ignored=True)
    assert names(known) == [] and names(known, f"{SITE}?view=ignored") == ["Varnholt AG"]
    assert hot_counts([known.site.id], at=NOW) == {}
    assert company_names_shown({target.id}, ignored=ignored_on_site(known.site.id)) == {}
    assert not newcomers(client_ids=[known.first.id], since=NOW - timedelta(days=400))
    CompanyCorrection.objects.filter(id=merge.id).update(undone_at=NOW)
    assert names(known) == ["Varnholt AG"]
    assert company_names_shown({target.id}, ignored=ignored_on_site(known.site.id))


def test_confidence_is_the_company_pages_own(known: Cast) -> None:
    """Of the surest visit by all its grounds, of those that count."""
    matches = CompanyMatch.objects.filter(company__domain="varnholt.example", site_id=known.site.id)
    matches.update(visit_ratio=0.62)
    aside = matches.first()
    assert aside is not None
    CompanyMatch.objects.filter(id=aside.id).update(visit_ratio=0.99)
    Session.objects.filter(id=aside.session_id).update(set_aside="excluded")
    assert table(html(known, f"{SITE}?cols=confidence&sort=name"))[1][1] == "62%"
    assert names(known, f"{SITE}?f=confidence:at_least:63") == [QUARRYSTONE]
    assert names(known, f"{SITE}?sort=-confidence&cols=confidence") == [QUARRYSTONE, "Varnholt AG"]
    assert "0.62" in html(known, f"{SITE}/{aside.company_id}")


def test_a_company_whose_owner_has_left_is_nobodys(known: Cast) -> None:
    left = make_member(known.alder, Role.ANALYST, client_ids=[known.first.id])
    rows = CompanyClient.objects.filter(client_id=known.first.id, company__domain="varnholt.example")
    rows.update(owner_id=left.user_id)
    assert names(known, f"{SITE}?f=owner:is:nobody") == [QUARRYSTONE]
    left.delete()
    assert set(names(known, f"{SITE}?f=owner:is:nobody")) == {"Varnholt AG", QUARRYSTONE}
    assert names(known, f"{SITE}?f=owner:is_not:nobody") == []
