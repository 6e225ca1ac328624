"""The data-trust ledger on its pages: it adds up in front of the reader, day by day and as a file."""

import csv
import re
from datetime import timedelta
from io import StringIO

import pytest

from apps.core import clock
from apps.tracking.advice import adjustment_words, refusal_advice, set_aside_advice
from apps.tracking.drop_reasons import Refusal, SetAside
from apps.tracking.ledger import LedgerDay, ledger_sum
from apps.tracking.ledger_lines import accepted_terms, day_view
from apps.tracking.models import ExclusionRule
from tests.cast import Cast
from tests.factories_tracking import ledger_put, visit_make

TRUST = "/s/first-site/settings/trust"
VISITS = "/s/first-site/visits"
PANEL = "/s/first-site/panels/trust"


@pytest.fixture
def written(in_alder: Cast) -> Cast:
    """A ledger of two days: 84 and 30 received, and of the first 4 moved later by rule 7, 1 of which came back."""
    now = clock.now()
    ledger_put(in_alder.site, now, "counted", 68)
    ledger_put(in_alder.site, now, "parked", 2)
    ledger_put(in_alder.site, now, "refused", 5, Refusal.RATE.value)
    ledger_put(in_alder.site, now, "set_aside", 9, SetAside.BOT_DECLARED.value)
    ledger_put(in_alder.site, now, "adjusted", 4, "rule:7")
    ledger_put(in_alder.site, now, "adjusted", 1, "undo:7")
    ledger_put(in_alder.site, now, "accepted", 79)
    ledger_put(in_alder.site, now - timedelta(days=1), "counted", 30)
    return in_alder


def page(cast: Cast, who: str = "viewer", path: str = TRUST) -> str:
    return str(cast.browser(getattr(cast, who)).htmx(path).content.decode())


def figures(html: str) -> list[tuple[str, str]]:
    return re.findall(r"<b>([\d,]+)</b><span>([^<]+)</span>", html)


def ledger_of(html: str, caption: str) -> list[tuple[str, str]]:
    """Return the lines of the first table of that caption: figure and label."""
    table = html.split(f'<caption class="vh">{caption}</caption>')[1].split("</table>")[0]
    rows = re.findall(r'class="pts">([^<]+)</td><th scope="row">(.*?)</th>', table)
    return [(value, re.sub(r"<[^>]+>", "", label.split("<span")[0]).strip()) for value, label in rows]


def test_the_sum_adds_up_as_equations(written: Cast) -> None:
    assert figures(page(written)) == [
        ("114", "received"),
        ("5", "refused"),
        ("109", "accepted"),
        ("109", "accepted"),
        ("95", "counted"),
        ("12", "set aside"),
        ("2", "parked"),
    ]


def test_a_day_opens_to_its_reasons(written: Cast) -> None:
    today = page(written).split("<details>")[1]
    assert ledger_of(today, "What came") == [
        ("79", "accepted"),
        ("5", "refused"),
        ("5", "Too many at once"),
        ("84", "received"),
    ]
    assert ledger_of(today, "What became of the accepted") == [
        ("65", "counted"),
        ("12", "set aside"),
        ("9", "A bot that says so"),
        ("3", "Excluded by a rule"),
        ("2", "parked"),
        ("79", "accepted"),
    ]


def test_what_rules_moved_later_has_lines_of_its_own(written: Cast) -> None:
    today, yesterday = page(written).split("<details>")[1:]
    assert ledger_of(today, "What rules moved later") == [
        ("68", "counted when they came"),
        ("−4", "Rule 7: set aside later"),
        ("+1", "Rule 7: undone, counted again"),
        ("65", "counted now"),
    ]
    assert "What rules moved later" not in yesterday


def test_parked_leads_to_them_for_those_who_may(written: Cast) -> None:
    assert "/s/first-site/settings/parked" in page(written, "manager")
    assert "/s/first-site/settings/parked" not in page(written, "analyst")


def test_an_empty_ledger_says_so(in_alder: Cast) -> None:
    assert "Nothing was received in these days" in page(in_alder)


@pytest.mark.parametrize("who", ["owner", "manager", "analyst", "limited"])
def test_the_file_holds_every_day_and_adds_up(written: Cast, who: str) -> None:
    ledger_put(written.site, clock.now() - timedelta(days=400), "erased", 6)
    answer = written.browser(getattr(written, who)).get(f"{TRUST}.csv")
    assert answer["Content-Disposition"] == 'attachment; filename="first-site-ledger.csv"'
    rows = list(csv.DictReader(StringIO(answer.content.decode("utf-8-sig"))))
    assert [row["Received"] for row in rows] == ["84", "30", "6"]
    for row in rows:
        told = {name: int(value) for name, value in row.items() if not name.startswith("Day")}
        fates = ("Counted", "Folded", "Set aside", "Repeated", "Parked", "Erased")
        assert told["Received"] == told["Refused"] + told["Accepted"]
        assert told["Accepted"] == sum(told[name] for name in fates)
        assert told["Refused"] == sum(value for name, value in told.items() if name.startswith("Refused: "))
        assert told["Set aside"] == sum(value for name, value in told.items() if name.startswith("Set aside: "))
    assert rows[0]["Later: Rule 7: set aside later"] == "4"


def test_a_viewer_gets_no_file(written: Cast) -> None:
    assert written.browser(written.viewer).get(f"{TRUST}.csv").status_code == 403
    assert "trust.csv" not in page(written, "viewer")


def test_the_visits_list_shows_it(written: Cast) -> None:
    visit_make(written.site, clock.now())
    browser = written.browser(written.viewer)
    assert f'hx-get="{PANEL}' in browser.get(VISITS).content.decode()
    panel = browser.htmx(PANEL).content.decode()
    assert ("65", "counted") in figures(browser.htmx(f"{PANEL}?period=today").content.decode())
    assert "Since then −4 (rule 7: set aside later), +1 (rule 7: undone, counted again): 95 are counted." in panel


def test_a_rule_is_named_by_what_it_says(written: Cast) -> None:
    ExclusionRule.objects.create(
        id=7,
        site_id=written.site.id,
        conditions=[{"field": "country", "op": "is", "values": ["DE"]}],
        created_at=clock.now(),
        created_by_id=1,
        created_by="Ann",
    )
    browser = written.browser(written.viewer)
    words = "Rule 7 (Country is Germany): set aside later"
    assert ("−4", words) in ledger_of(page(written), "What rules moved later")
    assert "(rule 7 (Country is Germany): set aside later)" in browser.htmx(f"{PANEL}?period=today").content.decode()
    file = written.browser(written.analyst).get(f"{TRUST}.csv").content.decode()
    assert f"Later: {words}" in next(csv.reader(StringIO(file)))


def test_accepted_is_no_fate_of_its_own(written: Cast) -> None:
    assert ledger_sum(site_id=written.site.id, first=clock.today()).accepted == 79


@pytest.mark.parametrize(
    ("reason", "words"),
    [
        ("rule:7", "Rule 7: set aside later"),
        ("undo:7", "Rule 7: undone, counted again"),
        ("rule:bot_behaviour", "A bot by its behaviour: set aside later"),
        ("undo:bot_behaviour", "A bot by its behaviour: undone, counted again"),
    ],
)
def test_adjustments_have_words(reason: str, words: str) -> None:
    assert adjustment_words(reason) == words


def test_every_reason_has_words(in_alder: Cast) -> None:
    for reason in SetAside:
        assert not reason or set_aside_advice(reason.value).hint
    for refusal in Refusal:
        assert refusal_advice(refusal.value).hint
    assert set_aside_advice("bot_brand_new") == ("Bot brand new", "")


def test_what_is_erased_of_adjusted_ones_leaves_no_negative_figure() -> None:
    """Rule 3 set 5 of 10 aside, and 2 of those were erased since: their line fell below what it was at first."""
    day = LedgerDay(counted=10, set_aside={"excluded": -2}, erased=2, adjusted={"rule:3": 5})
    assert [(term.value, term.label) for term in accepted_terms(day)] == [
        (10, "accepted"),
        (5, "counted"),
        (3, "set aside"),
        (2, "erased"),
    ]
    moved = day_view(day).moved
    assert moved is not None and moved.total.value == "5"
