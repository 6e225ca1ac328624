"""One visit as a timeline; who sees it; and its deletion, which the ledger remembers."""

from datetime import UTC
from uuid import UUID

import pytest
from django.http import HttpResponse

from apps.analytics.labels import signal_labels
from apps.analytics.reports import tally
from apps.core.ids import uuid7
from apps.sites.models import Site
from apps.tracking.erase_visit import visit_erase
from apps.tracking.filters import Filters
from apps.tracking.ledger import ledger_sum
from apps.tracking.models import Event, ExclusionRule, Session, SessionAlias
from apps.tracking.steps.signals import Signal
from tests.cast import Cast
from tests.factories_tracking import Happened, Page, ledger_put, visit_make

from .conftest import at


@pytest.fixture
def visit(site: Site) -> Session:
    return visit_make(
        site,
        at(9),
        pages=[Page("/", engaged_s=20, scroll=80, title="Home"), Page("/pricing", 60, engaged_s=45)],
        events=[Happened("Signup", 70, "/pricing", props={"plan": "team"})],
        source="Google",
        network_kind="consumer",
        city="Vienna",
        country="AT",
    )


def get(cast: Cast, visit_id: UUID, site: Site | None = None) -> HttpResponse:
    return cast.browser(cast.viewer).get(f"/s/{(site or cast.site).slug}/visits/{visit_id}")  # type: ignore[return-value]


def test_it_tells_what_happened_in_order(in_alder: Cast, visit: Session) -> None:
    page = get(in_alder, visit.id).content.decode()
    assert "Internet provider, Vienna" in page
    assert "2 pages in 1m 10s, engaged for 1m 05s, came by Google. Most time on /pricing." in page
    places = [page.index(text) for text in ("09:00:00", "<b>/</b>", "engaged 20s · scrolled to 80%", "<b>/pricing</b>")]
    assert places == sorted(places)
    assert "plan: team" in page


def test_it_has_a_score_of_its_own_with_reasons(in_alder: Cast, visit: Session) -> None:
    visit_make(visit_site := in_alder.site, at(11), pages=[Page("/pricing")], visitor=visit.visitor_id)
    page = get(in_alder, visit.id, visit_site).content.decode()
    aside = page[page.index('id="visit-score"') :].split("</section>")[0]
    # The pricing page once, 10 seconds before its end; what else the visitor did that day isn't in it.
    assert "Pricing page" in aside and '<td class="pts">25</td><th scope="row">Intent' in aside
    assert '<th scope="row">Engagement' in aside and "Looker" in aside
    Session.objects.filter(id=visit.id).update(set_aside="bot_declared")
    assert "visit-score" not in get(in_alder, visit.id).content.decode()


def test_an_id_that_was_joined_to_another_leads_on(in_alder: Cast, visit: Session) -> None:
    gone = uuid7()
    SessionAlias.objects.create(id=gone, session_id=visit.id)
    response = get(in_alder, gone)
    assert (response.status_code, response["Location"]) == (302, f"/s/{in_alder.site.slug}/visits/{visit.id}")


def test_a_visit_is_found_under_its_own_site_only(in_alder: Cast, visit: Session) -> None:
    assert get(in_alder, visit.id, in_alder.other_site).status_code == 404
    assert get(in_alder, uuid7()).status_code == 404


def test_others_find_nothing_there(in_alder: Cast, visit: Session) -> None:
    for path in (f"visits/{visit.id}", f"visits/{visit.id}/delete"):
        outsider = in_alder.browser(in_alder.outsider, in_alder.birch)
        assert outsider.get(f"/s/{in_alder.site.slug}/{path}").status_code == 404
    other = visit_make(in_alder.other_site, at(9))
    limited = in_alder.browser(in_alder.limited)
    assert limited.get(f"/s/{in_alder.other_site.slug}/visits/{other.id}").status_code == 404
    assert limited.post(f"/s/{in_alder.other_site.slug}/visits/{other.id}/delete").status_code == 404
    assert Session.objects.filter(id=other.id).exists()


def test_a_manager_deletes_it_and_it_leaves_all_figures(in_alder: Cast, visit: Session) -> None:
    url = f"/s/{in_alder.site.slug}/visits/{visit.id}/delete"
    manager = in_alder.browser(in_alder.manager)
    assert "Delete this visit?" in manager.get(url).content.decode()
    assert Session.objects.filter(id=visit.id).exists()
    response = manager.post(url)
    assert response["Location"] == f"/s/{in_alder.site.slug}/visits"
    assert not Session.objects.filter(id=visit.id).exists()
    assert not Event.objects.filter(session_id=visit.id).exists()
    sums = tally(site_id=in_alder.site.id, since=at(0), until=at(24), filters=Filters())
    assert (sums.visits, sums.pageviews) == (0, 0)
    assert get(in_alder, visit.id).status_code == 404


@pytest.mark.parametrize("who", ["viewer", "analyst"])
def test_a_lower_role_may_not(in_alder: Cast, visit: Session, who: str) -> None:
    browser = in_alder.browser(getattr(in_alder, who))
    url = f"/s/{in_alder.site.slug}/visits/{visit.id}/delete"
    assert browser.post(url).status_code == 403
    assert browser.get(url).status_code == 403
    assert Session.objects.filter(id=visit.id).exists()
    assert "/delete" not in get(in_alder, visit.id).content.decode()


def test_the_ledger_keeps_the_number_of_what_was_erased(in_alder: Cast, visit: Session) -> None:
    ledger_put(in_alder.site, at(9), "counted", 3)
    ledger_put(in_alder.site, at(9), "folded", 2)
    before = ledger_sum(site_id=in_alder.site.id)
    assert visit_erase(site_id=in_alder.site.id, session_id=visit.id) == 3
    after = ledger_sum(site_id=in_alder.site.id)
    assert (after.counted, after.folded, after.erased) == (0, 2, 3)
    assert (after.accepted, after.received) == (before.accepted, before.received)


def test_events_set_aside_are_moved_from_there(in_alder: Cast, site: Site) -> None:
    bot = visit_make(site, at(9), set_aside="bot_declared")
    ledger_put(site, at(9), "set_aside", 1, "bot_declared")
    visit_erase(site_id=site.id, session_id=bot.id)
    after = ledger_sum(site_id=site.id)
    assert (after.set_aside, after.erased) == ({}, 1)


def test_erasing_what_is_gone_does_nothing(in_alder: Cast, visit: Session) -> None:
    assert visit_erase(site_id=in_alder.other_site.id, session_id=visit.id) == 0
    assert visit_erase(site_id=in_alder.site.id, session_id=visit.id) == 3
    assert visit_erase(site_id=in_alder.site.id, session_id=visit.id) == 0


def test_the_day_of_a_visit_is_told_in_the_sites_zone(in_alder: Cast, site: Site) -> None:
    late = visit_make(site, at(0, 30))
    assert late.started_at.astimezone(UTC).day == 11
    assert "Tue 12 May" in get(in_alder, late.id).content.decode()


def test_a_bot_is_shown_with_why(in_alder: Cast, site: Site) -> None:
    signals = "hints,hosting,time_zone"
    bot = visit_make(site, at(9), set_aside="bot_contradiction", bot_name="(contradicts itself)", signals=signals)
    page = get(in_alder, bot.id).content.decode()
    why = "its headers name another browser or system than its user agent; there is no such time zone"
    assert f"Why: {why}; it comes from a data centre." in page
    assert "Bots that contradict themselves" in page
    assert "Speaks for a bot" not in page


def test_a_signal_that_did_not_suffice_is_shown_too(in_alder: Cast, site: Site) -> None:
    person = visit_make(site, at(9), signals="vpn", is_vpn=True, is_proxy=True, is_mobile_network=True, postal="1010")
    page = get(in_alder, person.id).content.decode()
    assert "Set aside:" not in page
    assert "<dt>Speaks for a bot</dt><dd>it comes through a VPN</dd>" in page
    assert "<dd>VPN, proxy</dd>" in page
    assert "<dt>Carrier</dt><dd>mobile network</dd>" in page
    assert "<dt>Place</dt><dd>1010" in page


def test_what_a_page_says_of_itself_stands_beside_it(in_alder: Cast, visit: Session) -> None:
    home = Event.objects.filter(session_id=visit.id, kind="pageview", path="/")
    home.update(content_group="Start", page_language="de-AT", canonical_url="first.example/home")
    page = get(in_alder, visit.id).content.decode()
    for tag in ("group: Start", "language: German", "canonical: first.example/home"):
        assert f'<span class="tag">{tag}</span>' in page


def test_every_signal_has_its_words() -> None:
    labels = [signal_labels(signal.value) for signal in Signal]
    assert all(len(found) == 1 and found[0] != signal for found, signal in zip(labels, Signal, strict=True))
    assert signal_labels("") == []
    assert signal_labels("tor,declared") == ["its user agent says so", "it comes through Tor"]


def test_it_names_the_rule_that_set_it_aside(in_alder: Cast, site: Site) -> None:
    rule = ExclusionRule.objects.create(
        site_id=site.id,
        conditions=[{"field": "country", "op": "is", "values": ["AT"]}],
        created_at=at(8),
        created_by_id=1,
        created_by="Ida",
    )
    excluded = visit_make(site, at(9), set_aside="excluded", excluded_by=rule.id)
    assert f"Rule {rule.id}: Country is Austria" in get(in_alder, excluded.id).content.decode()


def test_an_error_says_what_failed_and_where(in_alder: Cast, visit: Session) -> None:
    first = Event.objects.filter(session_id=visit.id, kind="event").get()
    Event.objects.filter(event_id=first.event_id).update(
        kind="error",
        name="TypeError",
        props={"message": "x is <undefined>", "file": "/app.js", "line": 3, "column": 14},
    )
    page = get(in_alder, visit.id).content.decode()
    assert "<b>TypeError</b>" in page
    assert "x is &lt;undefined&gt;" in page
    assert "/app.js:3:14 · on /pricing" in page
