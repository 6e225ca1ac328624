"""What destinations were told, on the timelines of the visit and the company: in words, and of whose."""

from datetime import timedelta
from typing import Any

import pytest

from apps.companies.models import Company
from apps.companies.services import visits_match
from apps.destinations.delivering import destination_send
from apps.destinations.models import Delivery, Destination
from apps.destinations.timelines import visits_sent
from apps.sites.models import Goal
from apps.tracking.models import Conversion, Session
from tests.cast import Cast
from tests.companies.conftest import VARNHOLT
from tests.companies.reading import words
from tests.queries import queries_asked

from .conftest import NOW, convert, only, route, rule_make, webhook_make

State = Delivery.State


def line(**fields: Any) -> str:
    """Have the only delivery be so, and return its line."""
    Delivery.objects.update(**fields)
    one = only()
    (sent,) = visits_sent(site_ids=[one.site_id], session_ids=[one.session_id])
    return f"{sent.text} {sent.at_label} {sent.at:%H:%M:%S}{sent.rest}" if sent.at else sent.text + sent.rest


def visit_page(cast: Cast, session_id: object, who: str = "viewer", site: str = "first-site") -> Any:
    return cast.browser(getattr(cast, who)).get(f"/s/{site}/visits/{session_id}")


def test_each_state_is_said_in_words(in_alder: Cast, webhook: Destination, goal: Goal) -> None:
    route(convert(goal, in_alder.site))
    Destination.objects.update(name="Meta", stand_in_url="")
    done: dict[str, Any] = {"received_at": NOW, "finished_at": NOW, "attempts": 2}
    assert line() == "demo waits for Meta"
    assert line(attempts=1, next_attempt_at=NOW + timedelta(seconds=9)) == (
        "Meta hasn’t taken demo yet, next try at 10:00:09 after 1 attempt"
    )
    # Its time has passed: its destination is off, say, or its site archived.
    assert line(next_attempt_at=NOW - timedelta(days=9)) == (
        "Meta hasn’t taken demo yet, it waits for its next try after 1 attempt"
    )
    assert line(state=State.SENDING, attempts=2) == "demo is on its way to Meta, attempt 2"
    assert line(state=State.RECEIVED, **done) == "Meta accepted demo at 10:00:00, attempt 2"
    unmatched = "Meta accepted demo at 10:00:00, attempt 2, of no click on its ads"
    assert line(reason="unmatched") == unmatched
    assert line(state=State.CONFIRMED, is_replay=True) == "Meta confirmed demo at 10:00:00, attempt 2, in a replay"
    assert line(state=State.REJECTED, is_replay=False) == "Meta refused demo at 10:00:00, attempt 2"
    assert line(state=State.DEAD) == "demo given up for Meta at 10:00:00, attempt 2"
    assert line(state=State.UNCERTAIN).startswith("demo may have reached Meta at 10:00:00, attempt 2")
    assert line(state=State.WITHHELD, reason="consent_unasked") == "demo withheld from Meta: no marketing consent"
    assert line(reason="test_mode") == "Meta only checked demo at 10:00:00, attempt 2: in test mode nothing counts"
    Destination.objects.update(stand_in_url="http://127.0.0.1:9104")
    assert "Meta (local stand-in)" in line()


def test_the_visit_shows_it_with_the_conversion_and_leads_to_the_delivery(
    in_alder: Cast, webhook: Destination, goal: Goal
) -> None:
    conversion = convert(goal, in_alder.site)
    route(conversion)
    destination_send(webhook.id)
    html = visit_page(in_alder, conversion.session_id).content.decode()
    moment = next(part for part in html.split('<li class="tl">') if "goal: Demo request" in part)
    assert "CRM (local stand-in) accepted demo at 10:00:00 , attempt 1" in words(moment)
    assert f'href="/s/first-site/destinations/deliveries/{only().id}"' in moment


def test_a_visit_of_a_site_without_destinations_shows_nothing(in_alder: Cast, goal: Goal) -> None:
    conversion = convert(goal, in_alder.site)
    html = visit_page(in_alder, conversion.session_id).content.decode()
    assert "Sent on" not in html and "only they can erase" not in html
    with queries_asked(1):
        assert visits_sent(site_ids=[in_alder.site.id], session_ids=[conversion.session_id]) == []


def test_one_that_came_late_is_with_the_visit_that_it_was_joined_to(
    in_alder: Cast, webhook: Destination, goal: Goal
) -> None:
    conversion = convert(goal, in_alder.site)
    route(conversion)
    older = convert(goal, in_alder.site, minutes=3)
    Delivery.objects.update(session_id=older.session_id)
    found = visits_sent(
        site_ids=[in_alder.site.id], session_ids=[conversion.session_id], event_ids=[conversion.event_id]
    )
    assert [one.event_id for one in found] == [conversion.event_id]


def test_deleting_a_visit_takes_its_deliveries(in_alder: Cast, webhook: Destination, goal: Goal) -> None:
    conversion = convert(goal, in_alder.site)
    route(conversion)
    browser = in_alder.browser(in_alder.owner)
    path = f"/s/first-site/visits/{conversion.session_id}/delete"
    asked = browser.get(path).content.decode()
    assert "Deliveries to destinations" in asked and "only they can erase" in asked
    browser.post(path)
    assert not Delivery.objects.exists()


@pytest.fixture
def of_varnholt(in_alder: Cast, webhook: Destination, goal: Goal) -> Conversion:
    conversion = convert(goal, in_alder.site, **(VARNHOLT | {"matched_at": None}))
    visits_match()
    route(conversion)
    destination_send(webhook.id)
    return conversion


def company_page(cast: Cast, who: str, query: str = "") -> str:
    company = Company.objects.get(domain="varnholt.example")
    answer = cast.browser(getattr(cast, who)).get(f"/s/first-site/companies/{company.id}{query}")
    return words(answer.content.decode())


def test_the_company_shows_it_with_the_goal(in_alder: Cast, of_varnholt: Conversion) -> None:
    text = company_page(in_alder, "viewer")
    assert text.count("CRM (local stand-in) accepted demo at 10:00:00 , attempt 1") == 1
    assert "accepted demo" in company_page(in_alder, "viewer", "?show=events")
    assert "accepted demo" not in company_page(in_alder, "viewer", "?show=visits")


def test_what_is_of_no_goal_stands_with_the_visit(in_alder: Cast, of_varnholt: Conversion) -> None:
    Delivery.objects.update(goal_id=None)
    assert "accepted demo" in company_page(in_alder, "viewer", "?show=visits")


def test_only_what_whoever_reads_may_see(
    in_alder: Cast, of_varnholt: Conversion, goal: Goal, receiver_url: str
) -> None:
    other = webhook_make(in_alder.other_site, receiver_url, name="Elsewhere")
    rule_make(other, goal)
    # Another client's delivery, were its visit ever the same company's.
    Delivery.objects.create(
        destination=other,
        site_id=in_alder.other_site.id,
        event_id=of_varnholt.event_id,
        session_id=of_varnholt.session_id,
        occurred_at=NOW,
        created_at=NOW,
        source_name="demo",
        name="demo",
    )
    assert "Elsewhere" not in company_page(in_alder, "owner")
    assert "Elsewhere" not in visit_page(in_alder, of_varnholt.session_id, "owner").content.decode()
    assert visit_page(in_alder, of_varnholt.session_id, "limited", "second-site").status_code == 404
    assert Session.objects.filter(id=of_varnholt.session_id, company_id__isnull=False).exists()
