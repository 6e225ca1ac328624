"""The proof of deliveries as a file: what it says, of whose, and who may take it along."""

import csv
import json
from datetime import timedelta
from io import StringIO
from typing import Any

import pytest

from apps.destinations import receipts
from apps.destinations.delivering import destination_send
from apps.destinations.models import Delivery, Destination
from apps.destinations.services import destination_archive
from apps.sites.models import Goal
from tests.cast import Cast

from .conftest import NOW, convert, only, route, rule_make, webhook_make

PAGE = "/s/first-site/destinations/receipts"


def taken(cast: Cast, query: str = "") -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(cast.browser(cast.analyst).download(f"{PAGE}?format=json{query}"))
    return found


def test_a_line_says_what_went_where_when_and_on_whose_word(in_alder: Cast, webhook: Destination, goal: Goal) -> None:
    in_alder.site.time_zone = "Europe/Vienna"
    in_alder.site.save()
    said_at = NOW - timedelta(minutes=5)
    given = convert(goal, in_alder.site, consent_at=said_at, consent_version="4", consent_analytics="granted")
    route(given)
    destination_send(webhook.id)
    Delivery.objects.update(receipt="req-1")
    (line,) = taken(in_alder)
    assert list(line) == list(receipts.NAMES)
    delivery = only()
    assert (line["delivery"], line["event_id"], line["visit"]) == (
        delivery.id,
        str(given.event_id),
        str(given.session_id),
    )
    assert (line["destination"], line["provider"], line["stand_in"]) == ("CRM", "Webhook", "yes")
    assert (line["goal_or_event"], line["name"], line["value"], line["currency"]) == (
        "Demo request",
        "demo",
        "40.5000",
        "EUR",
    )
    assert (line["state"], line["attempts"], line["provider_receipt"]) == ("received", 1, "req-1")
    assert line["received_at"] == "2026-05-13T12:00:00+02:00"
    assert (line["consent"], line["consent_analytics"], line["consent_source"]) == ("granted", "granted", "api")
    assert (line["consent_at"], line["consent_text"], line["gpc"]) == ("2026-05-13T11:55:00+02:00", "4", "no")


def test_csv_has_the_same_lines_and_runs_in_no_spreadsheet(
    in_alder: Cast, webhook: Destination, goal: Goal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(receipts, "SLICE_ROWS", 2)
    for minutes in (1, 2, 3, 4, 5):
        route(convert(goal, in_alder.site, minutes=minutes, consent_marketing="denied"))
    Delivery.objects.update(source_name="=cmd()")
    text = in_alder.browser(in_alder.analyst).download(f"{PAGE}?format=csv").decode("utf-8-sig")
    rows = list(csv.DictReader(StringIO(text)))
    assert len({row["Delivery"] for row in rows}) == 5
    assert {(row["State"], row["Reason"], row["Marketing consent"]) for row in rows} == {
        ("withheld", "consent_denied", "denied")
    }
    assert {row["Goal or event"] for row in rows} == {"'=cmd()"}


def test_a_destination_and_a_period_can_be_chosen_removed_ones_too(
    in_alder: Cast, webhook: Destination, goal: Goal, receiver_url: str
) -> None:
    other = webhook_make(in_alder.site, receiver_url, name="Other")
    rule_make(other, goal)
    route(convert(goal, in_alder.site, minutes=-1))
    destination_archive(destination=other)
    Delivery.objects.filter(destination=other).update(created_at=NOW - timedelta(days=3))
    assert [line["destination"] for line in taken(in_alder)] == ["CRM", "Other"]
    assert [line["destination"] for line in taken(in_alder, f"&destination={other.id}")] == ["Other"]
    assert [line["destination"] for line in taken(in_alder, "&period=today")] == ["CRM"]
    html = in_alder.browser(in_alder.analyst).get(f"{PAGE}?period=all&destination={other.id}").content.decode()
    assert "1 delivery entered" in html and "for Other" in html and 'class="n">removed' in html


def test_too_many_for_a_file_are_refused_with_a_way_out(
    in_alder: Cast, webhook: Destination, goal: Goal, monkeypatch: pytest.MonkeyPatch
) -> None:
    route(convert(goal, in_alder.site), convert(goal, in_alder.site, minutes=2))
    monkeypatch.setattr(receipts, "MOST_ROWS", 1)
    monkeypatch.setattr("apps.destinations.views.receipts.MOST_ROWS", 1)
    answer = in_alder.browser(in_alder.analyst).get(f"{PAGE}?format=csv")
    assert answer.status_code == 422
    assert "Choose fewer days or one destination" in answer.content.decode()


def test_a_site_without_destinations_says_what_to_do_first(in_alder: Cast) -> None:
    html = in_alder.browser(in_alder.analyst).get(PAGE).content.decode()
    assert "Nothing to prove yet" in html


@pytest.mark.parametrize("query", ["", "?format=csv", "?format=json"])
def test_who_may_not_export_or_see_the_site_gets_none(in_alder: Cast, query: str) -> None:
    def status(who: str, path: str = PAGE, **agency: Any) -> int:
        return in_alder.browser(getattr(in_alder, who), **agency).get(f"{path}{query}").status_code

    assert status("viewer") == 403
    assert status("limited", PAGE.replace("first", "second")) == 404
    assert status("outsider", agency=in_alder.birch) == 404
    assert status("analyst", PAGE.replace("first", "no-such")) == 404
