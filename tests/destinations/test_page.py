"""The destinations page: how each is doing, figures that add up, the log with its filters, and who may see what."""

import re
from datetime import timedelta

import pytest
from django.core.cache import cache

from apps.companies.models import CompanyClient
from apps.core.tenancy import in_schema
from apps.destinations.attention import needing_attention
from apps.destinations.glance import figures_of
from apps.destinations.models import Delivery, Destination
from apps.destinations.services import destination_archive
from apps.destinations.windows import WINDOWS, window_read
from apps.sites.models import Goal
from tests.cast import Cast
from tests.queries import queries_asked

from .conftest import NOW, rule_make, webhook_make
from .looking import company_put, delivery_put, words

PAGE = "/s/first-site/destinations"
DAY = WINDOWS[0]


@pytest.fixture
def crm(in_alder: Cast, goal: Goal) -> Destination:
    """A webhook with a rule, to which nothing is sent here."""
    made = webhook_make(in_alder.site, "", name="CRM")
    rule_make(made, goal)
    return made


def equation(page: str) -> dict[str, int]:
    terms = re.findall(r"<b>([\d,]+)</b><span>([^<]+)</span>", page)
    return {label: int(value.replace(",", "")) for value, label in terms}


def events(page: str) -> list[str]:
    return re.findall(r'class="rowlink" id="delivery-link-\d+"[^>]*>([^<]+)<', page)


def test_an_empty_page_says_what_to_do_next(in_alder: Cast) -> None:
    page = words(in_alder.browser(in_alder.manager).get(PAGE))
    assert "Nothing is sent on yet" in page and f'href="{PAGE}/new"' in page
    assert "Delivery log" not in page
    assert f'href="{PAGE}/new"' not in words(in_alder.browser(in_alder.viewer).get(PAGE))


def test_the_equation_adds_up_and_each_term_leads_to_as_many(in_alder: Cast, crm: Destination) -> None:
    many = {
        "confirmed": 3,
        "received": 2,
        "waiting": 2,
        "sending": 1,
        "withheld": 4,
        "rejected": 1,
        "uncertain": 1,
        "dead": 2,
    }
    for state, count in many.items():
        for number in range(count):
            delivery_put(crm, state, minutes=10 * number)
    delivery_put(crm, "received", minutes=60 * 25)  # before
    delivery_put(crm, "dead", is_test=True)
    browser = in_alder.browser(in_alder.viewer)
    page = words(browser.get(PAGE))
    assert equation(page) == {"due in 24 hours": 16, **many}
    for state, count in many.items():
        shown = words(browser.get(f"{PAGE}?state={state}"))
        assert len(events(shown)) == count
        assert equation(shown) == equation(page)
    assert len(events(words(browser.get(f"{PAGE}?state=letters")))) == 4
    assert equation(words(browser.get(f"{PAGE}?period=7d")))["due in 7 days"] == 17
    # Filters hold for the equation too: it adds up under each.
    narrowed = equation(words(browser.get(f"{PAGE}?q=nothing-like-it")))
    assert set(narrowed.values()) == {0}


@pytest.mark.parametrize("period", ["24h", "7d"])
def test_each_number_of_the_table_leads_to_as_many(in_alder: Cast, crm: Destination, period: str) -> None:
    many = {"waiting": 2, "sending": 1, "withheld": 4, "rejected": 1, "uncertain": 1, "dead": 2, "received": 3}
    for state, count in many.items():
        for number in range(count):
            delivery_put(crm, state, minutes=10 * number)
            delivery_put(crm, state, minutes=60 * 30)
    browser = in_alder.browser(in_alder.viewer)
    page = words(browser.get(f"{PAGE}?period={period}"))
    links = re.findall(rf'href="(\?[^"]*destination={crm.id}[^"]*)#log">(\d+)<span class="vh"> (\w+), in', page)
    assert [what for _, _, what in links] == ["waiting", "failed", "withheld"]
    for link, count, what in links:
        shown = words(browser.get(PAGE + link.replace("&amp;", "&")))
        assert len(events(shown)) == int(count), what
        assert f"{count} deliveries" in shown
    assert int(links[0][1]) == (3 if period == "24h" else 6)


def test_figures_of_a_destination_agree_with_the_equation(in_alder: Cast, crm: Destination) -> None:
    other = webhook_make(in_alder.site, "", name="Other")
    for number in range(19):
        delivery_put(crm, "confirmed", minutes=3, took_ms=100 + number)
    delivery_put(crm, "received", minutes=125, took_ms=5_000)
    delivery_put(crm, "dead", minutes=3)
    delivery_put(crm, "waiting", minutes=3, attempts=1, sent_at=NOW)  # was tried once
    delivery_put(crm, "waiting", minutes=3)
    delivery_put(crm, "withheld", minutes=3)
    given = figures_of(destination_ids=[crm.id, other.id], window=DAY, now=NOW)
    mine = given[crm.id]
    assert (mine.due, mine.arrived, mine.waiting, mine.failed, mine.withheld) == (24, 20, 2, 1, 1)
    # 20 of the 22 that were sent; 95% of 20 are 19.
    assert mine.arrived_ratio == 20 / 22
    assert mine.p95_seconds == 0.118
    assert mine.last_arrived_at == NOW - timedelta(minutes=3) + timedelta(milliseconds=118)
    assert [span.due for span in mine.spans] == [0] * 10 + [1, 23]
    assert given[other.id].due == 0 and given[other.id].arrived_ratio is None


@pytest.mark.parametrize("window", WINDOWS, ids=lambda one: one.key)
def test_every_delivery_is_in_one_span(in_alder: Cast, crm: Destination, window: object) -> None:
    chosen = window_read(getattr(window, "key", ""))
    for number in range(20):
        delivery_put(crm, "received", minutes=number * chosen.length.total_seconds() / 60 / 20)
    delivery_put(crm, "received", minutes=-0.1)  # a clock that is ahead
    mine = figures_of(destination_ids=[crm.id], window=chosen, now=NOW)[crm.id]
    assert sum(span.due for span in mine.spans) == mine.due == 21


@pytest.mark.parametrize(
    ("change", "said", "of_all"),
    [
        ({}, "Well", "It gets everything that it should."),
        (
            {"problem": "401", "problem_words": "Access revoked.", "problem_at": NOW - timedelta(days=2)},
            "Refused since Mon 12:00",
            "<b>CRM has refused since Monday 12:00</b>; what is due waits for 72 hours and is sent once you reconnect.",
        ),
        ({"is_on": False}, '<span class="tag">Off</span>', "It is switched off. What is due waits."),
        (
            {"failures": 6, "open_until": NOW + timedelta(minutes=2)},
            "Webhook has failed 6 times in a row: left alone for 2m 00s.",
            "It doesn’t get everything that it should.",
        ),
        ({"provider": "newer"}, "Not known here", "It doesn’t get everything that it should."),
        ({"stand_in_url": "http://127.0.0.1:9"}, "Local stand-in", "so that nothing reaches a real provider: CRM."),
        ({"is_test_mode": True}, "Test mode", "It gets everything that it should."),
    ],
)
def test_health_is_said_in_words(
    in_alder: Cast, crm: Destination, change: dict[str, object], said: str, of_all: str
) -> None:
    in_alder.site.time_zone = "Europe/Berlin"
    in_alder.site.save()
    delivery_put(crm, "received")
    Destination.objects.filter(id=crm.id).update(**change)
    page = words(in_alder.browser(in_alder.manager).get(PAGE))
    assert said in page
    assert of_all in page
    assert ("Reconnect" in page) is ("problem" in change)


def test_what_nobody_may_see_isnt_named(in_alder: Cast, crm: Destination) -> None:
    """A company is named where the site's client knows it and doesn't ignore it."""
    known = company_put("Varnholt", in_alder.first)
    ignored = company_put("Hexley", in_alder.first, is_ignored=True)
    elsewhere = company_put("Bellamy", in_alder.second)
    for company in (known, ignored, elsewhere):
        delivery_put(crm, "received", company_id=company.id)
    browser = in_alder.browser(in_alder.owner)
    page = words(browser.get(PAGE))
    assert "Varnholt" in page and "Hexley" not in page and "Bellamy" not in page
    found = {name: len(events(words(browser.get(f"{PAGE}?q={name}")))) for name in ("varnh", "hexley", "bellamy")}
    assert found == {"varnh": 1, "hexley": 0, "bellamy": 0}
    assert CompanyClient.objects.count() == 3


def test_filters_narrow_and_stay_in_the_address(in_alder: Cast, crm: Destination) -> None:
    other = webhook_make(in_alder.site, "", name="Other")
    delivery_put(crm, "received", source_name="Signup")
    delivery_put(other, "dead")
    delivery_put(other, "received")
    browser = in_alder.browser(in_alder.viewer)
    assert events(words(browser.get(f"{PAGE}?destination={other.id}"))) == ["Demo request"] * 2
    assert events(words(browser.get(f"{PAGE}?event=Signup"))) == ["Signup"]
    page = words(browser.get(f"{PAGE}?destination={other.id}&state=dead&period=7d"))
    assert events(page) == ["Demo request"]
    assert equation(page)["due in 7 days"] == 2
    assert f"?period=7d&amp;destination={other.id}&amp;state=received#log" in page
    part = browser.htmx(f"{PAGE}?q=Signup", **{"HX-Target": "destinations-log"}).content.decode()
    assert part.count("<html") == 0 and events(part) == ["Signup"] and equation(part)["due in 24 hours"] == 1
    for nonsense in ("state=x", "destination=x", "destination=" + "9" * 30, "after=1.x", "period=%00", "q=%00"):
        assert len(events(words(browser.get(f"{PAGE}?{nonsense}")))) == 3


def test_pages_go_on_where_the_last_ended(in_alder: Cast, crm: Destination, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(5):
        delivery_put(crm, "received", source_name=f"e{number}", minutes=number // 2)  # some at the same moment
    monkeypatch.setattr("apps.destinations.log.log_page.__kwdefaults__", {"limit": 2})
    browser = in_alder.browser(in_alder.viewer)
    seen, url = [], PAGE
    while url:
        page = words(browser.get(url))
        seen += events(page)
        delivery_put(crm, "received", source_name="later", minutes=-1)  # what comes now shifts nothing
        following = re.search(r'rel="next" href="([^"#]+)', page)
        url = following[1].replace("&amp;", "&") if following else ""
    assert seen == ["e1", "e0", "e3", "e2", "e4"]


def test_needing_a_person_is_counted_by_destination_and_in_the_navigation(in_alder: Cast, crm: Destination) -> None:
    well = webhook_make(in_alder.site, "", name="Well")
    refused = webhook_make(in_alder.site, "", name="Refused")
    delivery_put(well, "received")
    delivery_put(well, "dead", minutes=60 * 24 * 8)  # long ago
    delivery_put(well, "dead", is_test=True)
    assert needing_attention(site_id=in_alder.site.id, now=NOW) == 0
    for _ in range(3):
        delivery_put(crm, "dead")
    Destination.objects.filter(id=refused.id).update(problem="401", problem_at=NOW)
    with queries_asked(1):
        assert needing_attention(site_id=in_alder.site.id, now=NOW) == 2
    cache.delete(f"navigation-destinations:{in_alder.site.id}")
    page = words(in_alder.browser(in_alder.viewer).get(PAGE))
    assert re.search(r'Destinations</span><span class="count">2<span class="vh"> needing attention', page)
    assert needing_attention(site_id=in_alder.other_site.id, now=NOW) == 0


@pytest.mark.parametrize("many", [1, 30])
def test_the_page_takes_as_many_queries_for_thirty_as_for_one(in_alder: Cast, crm: Destination, many: int) -> None:
    company = company_put("Varnholt", in_alder.first)
    for number in range(many):
        delivery_put(crm, "received", company_id=company.id, minutes=number)
        webhook_make(in_alder.site, "", name=f"D{number}") if number < 20 else None
    browser = in_alder.browser(in_alder.viewer)
    browser.get(PAGE)
    # Domain, login, user, membership; site; destinations, figures three, rules, older ones; log, merges, names,
    # ignored, took; rules’ goals two; the rest is the shell’s, silent sites among it.
    with queries_asked(24):
        browser.get(PAGE)


@pytest.mark.parametrize("who", ["owner", "admin", "manager", "analyst", "viewer", "limited"])
def test_every_role_may_read_and_only_some_may_act(in_alder: Cast, crm: Destination, who: str) -> None:
    delivery_put(crm, "dead")
    page = words(in_alder.browser(getattr(in_alder, who)).get(PAGE))
    may = who in ("owner", "admin", "manager", "limited")
    assert (f'href="{PAGE}/receipts"' in page) is (who != "viewer")
    for text in ("Send test", "Add destination", "Send 1 again", 'name="id"'):
        assert (text in page) is may


def test_others_are_kept_out(in_alder: Cast, crm: Destination) -> None:
    assert in_alder.browser(in_alder.limited).get("/s/second-site/destinations").status_code == 404
    assert in_alder.browser(in_alder.outsider, in_alder.birch).get(PAGE).status_code == 404
    with in_schema(str(in_alder.birch.schema_name)):
        assert not Delivery.objects.exists()
    assert in_alder.browser(in_alder.owner).post(PAGE).status_code == 405


def test_nobodys_number_asks_for_nothing(in_alder: Cast, crm: Destination) -> None:
    delivery_put(crm, "received")
    assert events(words(in_alder.browser(in_alder.viewer).get(f"{PAGE}?destination=0"))) == ["Demo request"]


def test_what_can_t_be_sent_again_isn_t_offered_to_be(in_alder: Cast, crm: Destination) -> None:
    gone = webhook_make(in_alder.site, "", name="Gone")
    delivery_put(gone, "waiting")
    destination_archive(destination=gone)
    browser = in_alder.browser(in_alder.manager)
    page = words(browser.get(PAGE))
    assert equation(page)["dead"] == 1 and 'class="again-all"' not in page
    delivery_put(crm, "dead")
    for query in ("", "?state=dead", "?state=letters", f"?destination={crm.id}"):
        assert "Send 1 again" in words(browser.get(PAGE + query)), query
    assert 'class="again-all"' not in words(browser.get(f"{PAGE}?state=rejected"))


def test_what_the_navigation_counts_can_be_found_in_a_shorter_period(in_alder: Cast, crm: Destination) -> None:
    delivery_put(crm, "rejected", minutes=60 * 30)
    delivery_put(crm, "dead", minutes=60 * 24 * 8)
    assert needing_attention(site_id=in_alder.site.id, now=NOW) == 1
    browser = in_alder.browser(in_alder.viewer)
    page = words(browser.get(PAGE))
    assert "1 older one, of the past 7 days, is rejected, uncertain or dead" in page
    assert f'href="{PAGE}?period=7d&amp;state=letters#log"' in page
    assert events(words(browser.get(f"{PAGE}?period=7d&state=letters"))) == ["Demo request"]
    assert "older one" not in words(browser.get(f"{PAGE}?period=7d"))


def test_a_removed_destination_can_be_filtered_by_as_long_as_its_deliveries_are_listed(
    in_alder: Cast, crm: Destination
) -> None:
    gone, idle = webhook_make(in_alder.site, "", name="Gone"), webhook_make(in_alder.site, "", name="Idle")
    delivery_put(gone, "received")
    delivery_put(crm, "received")
    for one in (gone, idle):
        destination_archive(destination=one)
    browser = in_alder.browser(in_alder.viewer)
    page = words(browser.get(PAGE))
    assert f'<option value="{gone.id}">Gone (removed)</option>' in page
    assert "Idle" not in page and f'<option value="{crm.id}">CRM</option>' in page
    shown = words(browser.get(f"{PAGE}?destination={gone.id}"))
    assert f'<option value="{gone.id}" selected>Gone (removed)</option>' in shown and len(events(shown)) == 1
    # Asked for by its address it stays chosen, whatever the period has.
    assert f'<option value="{idle.id}" selected>Idle' in words(browser.get(f"{PAGE}?destination={idle.id}"))
    assert "Gone (removed)" not in words(in_alder.browser(in_alder.owner).get(PAGE.replace("first", "second")))
