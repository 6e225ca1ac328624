"""One delivery in full, and what a person does about those that didn't arrive."""

import re
from datetime import timedelta
from typing import Any
from urllib.parse import urlencode

import pytest
from django.http import QueryDict

from apps.companies.erase import visit_forget
from apps.demo.standing_in.frame import Ask, Reply
from apps.demo.webhook_stand_in.receiver import SECRET, Receiver
from apps.destinations.delivering import destination_send
from apps.destinations.letter_forms import LetterForm
from apps.destinations.mapping import Mapped
from apps.destinations.models import Delivery, Destination
from apps.destinations.pretty import body_pretty, request_read
from apps.sites.models import Goal
from apps.tracking.models import Session
from tests.cast import Cast

from .conftest import NOW, Committing, convert, later, match_put, only, route, webhook_make
from .looking import company_put, delivery_put, words

PAGE = "/s/first-site/destinations"
LOG = f"{PAGE}/deliveries"
RESEND = f"{LOG}/resend"


class Answers(Receiver):
    """A receiver that answers as a test says, in turn, and then takes all."""

    def __init__(self) -> None:
        super().__init__(now=lambda: NOW.timestamp())
        self.plan: list[Reply] = []

    def answer(self, ask: Ask) -> Reply:
        return self.plan.pop(0) if self.plan else super().answer(ask)


@pytest.fixture
def receiver() -> Answers:
    return Answers()


@pytest.fixture
def crm(in_alder: Cast) -> Destination:
    return webhook_make(in_alder.site, "", name="CRM")


def states() -> list[str]:
    return list(Delivery.objects.order_by("id").values_list("state", flat=True))


def text(page: str) -> str:
    return " ".join(re.sub(r"<[^>]+>", "", page).split())


@pytest.mark.usefixtures("no_jitter")
def test_a_delivery_shows_each_attempt_masked_and_on_whose_word_it_went(
    in_alder: Cast,
    goal: Goal,
    receiver: Answers,
    webhook: Destination,
    committing: Committing,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    in_alder.site.time_zone = "Europe/Berlin"
    in_alder.site.save()
    company = company_put("Varnholt", in_alder.first)
    one = convert(
        goal, in_alder.site, company_id=company.id, consent_at=NOW - timedelta(minutes=2), consent_version="v4"
    )
    match_put(one, {"fbp": "fb.1.1.2"})
    receiver.plan = [Reply(503, '{"error": "busy <now>"}')]
    route(one)
    destination_send(webhook.id)
    browser = in_alder.browser(in_alder.viewer)
    assert "No identifiers went along" in text(words(browser.get(f"{LOG}/{only().id}")))
    later(monkeypatch, seconds=30)
    with committing():
        destination_send(webhook.id)
    answer = words(browser.get(f"{LOG}/{only().id}"))
    assert SECRET not in answer and "busy &lt;now&gt;" in answer and "fb.1.1.2" not in answer
    page = text(answer)
    assert re.search(r"12:00:30, attempt 2 ?POST http://127.* Answered 204 in \d+ ms, taken", page)
    assert re.search(r"12:00:00, attempt 1 ?POST .*Answered 503 in \d+ ms, failed, to be tried again", page)
    assert "webhook-signature: ••••" in page
    assert "Marketing given at 11:58:00 by the page’s own call, text version v4" in page
    assert "Varnholt" in page
    assert re.search(r"Demo request happened on the site.*Attempt 1.*Attempt 2.*Received", page)
    opened = browser.htmx(f"{LOG}/{only().id}").content.decode()
    assert opened.count("<tbody") == 1 and 'class="detail"' in opened and "?shut=1" in opened
    shut = browser.htmx(f"{LOG}/{only().id}?shut=1").content.decode()
    assert shut.count("<tr") == 1 and 'aria-expanded="false"' in shut
    later(monkeypatch, hours=24)
    day = f"{NOW:%-d %b}"
    assert f"Marketing given on {day} at 11:58:00 by the page’s own call" in text(
        words(browser.get(f"{LOG}/{only().id}"))
    )


def test_what_was_withheld_says_why(in_alder: Cast, goal: Goal, webhook: Destination) -> None:
    route(convert(goal, in_alder.site, consent_marketing="denied", gpc=True))
    page = text(words(in_alder.browser(in_alder.viewer).get(f"{LOG}/{only().id}")))
    assert "The visitor refused marketing." in page
    assert "Marketing refused by the page’s own call" in page
    assert "The browser sent Global Privacy Control" in page
    assert "Nothing was sent." in page


@pytest.mark.parametrize(
    ("kept", "shown"),
    [
        ('{"a": [1, "b"]}', "{|  <k>'a'</k>: [|    1,|    'b'|  ]|}"),
        ('{"token": "••••3f9a"}', "{|  <k>'token'</k>: '<x>••••3f9a</x>'|}"),
        ("<b>no & json</b>", "&lt;b&gt;no &amp; json&lt;/b&gt;"),
        ('{"a": "cut\n… (cut)', "{<k>'a'</k>: 'cut|… (cut)"),
    ],
)
def test_bodies_are_made_easy_to_read_and_safe(kept: str, shown: str) -> None:
    made = body_pretty(kept).replace("&quot;", "'").replace("\n", "|")
    assert re.sub(r'<span class="(.)">(.*?)</span>', r"<\1>\2</\1>", made) == shown


def test_a_kept_request_is_read_in_its_parts() -> None:
    read = request_read('POST https://x.example/y\nA: 1\nB: 2\n\n{"c": 1}')
    assert (read.method, read.address, read.headers) == ("POST", "https://x.example/y", "A: 1\nB: 2")
    assert "&quot;c&quot;" in read.body


# --- sending again ----------------------------------------------------------------------------------------------------


def test_a_rejected_one_is_sent_again_by_a_press(
    in_alder: Cast, goal: Goal, receiver: Answers, webhook: Destination
) -> None:
    receiver.plan = [Reply(422)]
    route(convert(goal, in_alder.site))
    destination_send(webhook.id)
    assert states() == ["rejected"]
    answer = in_alder.browser(in_alder.manager).post(RESEND, {"only": only().id, "query": "state=rejected"})
    assert answer["Location"] == f"{PAGE}?state=rejected#log"
    assert states() == ["waiting"]
    destination_send(webhook.id)
    assert states() == ["received"]


def test_one_that_may_have_arrived_is_asked_about(in_alder: Cast, crm: Destination) -> None:
    one = delivery_put(crm, "uncertain")
    browser = in_alder.browser(in_alder.manager)
    page = text(words(browser.post(RESEND, {"id": one.id})))
    assert "Send 1 delivery again?" in page
    assert "1 is uncertain: nobody knows whether it arrived, and the provider may count it twice" in page
    assert states() == ["uncertain"]
    browser.post(RESEND, {"id": one.id, "confirmed": "1"})
    assert states() == ["waiting"]


def test_all_under_a_filter_are_sent_again_after_a_question_that_says_how_many(
    in_alder: Cast, crm: Destination, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("apps.destinations.letters.TOGETHER", 2)
    other = webhook_make(in_alder.site, "", name="Other")
    for state in ("dead", "rejected", "uncertain", "received", "withheld", "waiting"):
        delivery_put(crm, state)
    for number in range(5):
        delivery_put(other, "dead", minutes=number)
    delivery_put(other, "dead", occurred_at=NOW - timedelta(days=91))
    delivery_put(other, "dead", minutes=60 * 30)  # not of these 24 hours
    delivery_put(other, "dead", is_test=True)
    browser = in_alder.browser(in_alder.manager)
    assert "Send 9 again" in text(words(browser.get(PAGE)))
    page = text(words(browser.post(RESEND, {"all": "1", "query": ""})))
    assert "Send 9 deliveries again?" in page and "1 is uncertain" in page
    assert "1 of them is older than the 90 days that it takes" in page
    asked = {"all": "1", "query": f"destination={other.id}&after=1.1", "confirmed": "1"}
    browser.post(RESEND, asked)
    assert Delivery.objects.filter(destination=other, state="waiting").count() == 6
    assert Delivery.objects.filter(destination=other, state="dead").count() == 2
    browser.post(RESEND, {"all": "1", "query": "state=dead", "confirmed": "1"})
    assert list(Delivery.objects.filter(destination=crm).order_by("id").values_list("state", flat=True)) == [
        "waiting",
        "rejected",
        "uncertain",
        "received",
        "withheld",
        "waiting",
    ]
    # A state of which nothing can be sent again.
    browser.post(RESEND, {"all": "1", "query": "state=received", "confirmed": "1"})
    assert Delivery.objects.filter(state="received").count() == 1


def test_what_has_gone_on_meanwhile_or_is_elsewhere_stays_as_it_is(in_alder: Cast, crm: Destination) -> None:
    elsewhere = webhook_make(in_alder.other_site, "", name="Elsewhere")
    removed = webhook_make(in_alder.site, "", name="Removed")
    ids = [delivery_put(destination, "dead").id for destination in (elsewhere, removed)]
    ids += [delivery_put(crm, "received").id]
    Destination.objects.filter(id=removed.id).update(archived_at=NOW)
    browser = in_alder.browser(in_alder.manager)
    answer = browser.post(RESEND, {"id": [*ids, "x", "9" * 40], "confirmed": "1"}, follow=True)
    assert "None of these can be sent again" in words(answer)
    assert states() == ["dead", "dead", "received"]
    page = words(browser.get(PAGE))
    assert "1 of these was for destinations that are removed." in page


# --- changing what it says --------------------------------------------------------------------------------------------


@pytest.fixture
def ads(in_alder: Cast) -> Destination:
    """Google Ads, whose rules ask for currencies as ISO 4217 has them, and for something to recognise a visitor by."""
    settings = {
        "client_id": "1.apps.googleusercontent.com",
        "operating_account": "1234567890",
        "login_account": "",
        "conversion_action_id": "555",
    }
    secrets = {"client_secret": "client-secret-1", "refresh_token": "refresh-token-1"}
    return webhook_make(in_alder.site, "", provider="google_ads", name="Ads", settings=settings, secrets=secrets)


@pytest.fixture
def rejected(in_alder: Cast, goal: Goal, ads: Destination) -> Delivery:
    one = convert(goal, in_alder.site, click_ids={"gclid": "Cj0K1"})
    return delivery_put(
        ads,
        "rejected",
        event_id=one.event_id,
        session_id=one.session_id,
        occurred_at=one.occurred_at,
        goal_id=goal.id,
        mapped={"value": "40.5000", "currency": "EURO", "params": {"plan": "pro", "seats": 3}},
    )


def given(**changed: Any) -> dict[str, Any]:
    fields = {
        "name": "Lead",
        "value": "40.5",
        "currency": "EUR",
        "param": ["plan", "seats"],
        "param_value": ["pro", "3"],
    }
    return {**fields, **changed}


def test_what_it_says_is_checked_by_the_providers_rules_and_sent_changed(in_alder: Cast, rejected: Delivery) -> None:
    browser, url = in_alder.browser(in_alder.manager), f"{LOG}/{rejected.id}/edit"
    page = text(words(browser.get(url)))
    assert "Google Ads would refuse it as it is" in page and "Google takes ISO 4217 codes" in page
    visit = Session.objects.filter(id=rejected.session_id)
    visit.update(click_ids={})
    assert "Google Ads needs a click id" in text(words(browser.post(url, given()), 422))
    visit.update(click_ids={"gclid": "Cj0K1"})
    assert "Three letters of ISO 4217" in text(words(browser.post(url, given(currency="EUX")), 422))
    assert "Each field needs a name" in text(words(browser.post(url, given(param=["", "b"])), 422))
    page = text(words(browser.post(url, given(check="1"))))
    assert "Google Ads’s rules have nothing against it." in page
    rejected.refresh_from_db()
    assert rejected.state == "rejected" and rejected.mapped["currency"] == "EURO"
    answer = browser.post(
        url, given(name="Lead 2", value="", param=["plan", "seats", "gone"], param_value=["pro", "4", ""])
    )
    assert answer["Location"] == f"{LOG}/{rejected.id}"
    rejected.refresh_from_db()
    assert (rejected.state, rejected.name) == ("waiting", "Lead 2")
    assert rejected.mapped == {"value": None, "currency": "EUR", "params": {"plan": "pro", "seats": 4}}


def test_a_number_that_no_reader_could_keep_stays_text() -> None:
    before = Mapped(None, "", {"seats": 3})
    for typed, kept in (
        ("1e5000", "1e5000"),
        ("1e999999999", "1e999999999"),
        ("1e-999999999", 0.0),
        ("-2.50", -2.5),
        ("7", 7),
    ):
        form = LetterForm(QueryDict(f"name=Lead&param=seats&param_value={typed}"), name="Lead", mapped=before)
        assert form.is_valid() and form.contents()[1].params == {"seats": kept}


def test_what_cant_be_sent_any_more_says_why(in_alder: Cast, ads: Destination, rejected: Delivery) -> None:
    browser, url = in_alder.browser(in_alder.manager), f"{LOG}/{rejected.id}/edit"
    visit_forget(site_id=rejected.site_id, session_id=rejected.session_id)
    assert "The visit was erased meanwhile" in text(words(browser.post(url, given()), 422))
    Destination.objects.filter(id=ads.id).update(archived_at=NOW)
    assert "Its destination isn’t there any more" in text(words(browser.get(url)))
    Delivery.objects.filter(id=rejected.id).update(state="received")
    answer = browser.get(url, follow=True)
    assert "What it says can’t be changed" in words(answer)


# --- who may what -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("who", ["owner", "admin", "manager", "limited", "analyst", "viewer"])
def test_all_may_read_and_those_who_manage_rules_may_act(in_alder: Cast, crm: Destination, who: str) -> None:
    one = delivery_put(crm, "dead")
    browser = in_alder.browser(getattr(in_alder, who))
    may = who not in ("analyst", "viewer")
    page = words(browser.get(f"{LOG}/{one.id}"))
    assert ("Change and send" in page) is may
    assert browser.get(f"{LOG}/{one.id}/edit").status_code == (200 if may else 403)
    assert browser.post(f"{LOG}/{one.id}/edit", given()).status_code == (422 if may else 403)
    assert browser.post(RESEND, {"id": one.id}).status_code == (302 if may else 403)
    assert states() == ["waiting" if may else "dead"]
    assert browser.get(RESEND).status_code == 405
    assert browser.post(f"{LOG}/{one.id}").status_code == 405


def test_others_are_kept_out(in_alder: Cast) -> None:
    """Another agency's, a member of another client's, and a delivery under another site's address."""
    one = delivery_put(webhook_make(in_alder.other_site, "", name="Second"), "dead")
    second = "/s/second-site/destinations/deliveries"
    outsider = in_alder.browser(in_alder.outsider, in_alder.birch)
    for browser, root in (
        (outsider, second),
        (in_alder.browser(in_alder.limited), second),
        (in_alder.browser(in_alder.owner), LOG),
    ):
        assert browser.get(f"{root}/{one.id}").status_code == 404
        assert browser.get(f"{root}/{one.id}/edit").status_code == 404
        browser.post(f"{root}/resend", {"id": one.id, "confirmed": "1"})
        browser.post(f"{root}/resend", {"all": "1", "confirmed": "1"})
    assert states() == ["dead"]


def test_no_filter_is_too_long_to_be_kept_to(in_alder: Cast, crm: Destination) -> None:
    delivery_put(crm, "dead")
    query = urlencode({"event": "😀" * 100, "q": "😀" * 100, "state": "dead"})
    in_alder.browser(in_alder.manager).post(RESEND, {"all": "1", "confirmed": "1", "query": query})
    query = urlencode({"q": "😀" * 100, "period": "7d", "event": "D" * 700, "state": "rejected"})
    in_alder.browser(in_alder.manager).post(RESEND, {"all": "1", "confirmed": "1", "query": query})
    assert states() == ["dead"]
