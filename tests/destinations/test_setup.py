"""Setting destinations up: who may, what a form keeps and never shows, a test's answer, and what goes with one."""

from datetime import timedelta
from typing import Any

import pytest

from apps.demo.webhook_stand_in.receiver import SECRET, Receiver
from apps.destinations.models import Delivery, DeliveryAttempt, Destination
from apps.destinations.providers.registry import PROVIDERS
from apps.destinations.providers.webhook.rotation import in_force
from apps.destinations.secrets import secrets_open
from apps.destinations.services import deliveries_resend
from apps.sites.models import Goal
from apps.tracking.models import ConversionMatch
from tests.cast import Cast

from .conftest import NOW, convert, only, route, webhook_make, withdraw

BASE = "/s/first-site/destinations"
GOOGLE: dict[str, Any] = {
    "destination-name": "Ads",
    "operating_account": "123-456-7890",
    "login_account": "",
    "conversion_action_id": "987654",
    "client_id": "1234-abcd.apps.googleusercontent.com",
    "client_secret": "GOCSPX-a-client-secret",
    "refresh_token": "1//a-refresh-token-9f3a",
}


def text(response: Any, status: int = 200) -> str:
    assert response.status_code == status, response.content.decode()[:2000]
    return str(response.content.decode())


def pages_of(destination: Destination) -> dict[str, dict[str, Any] | None]:
    """The pages that change something, with what is posted there; None: read only."""
    here = f"/{destination.id}"
    rule = destination.rules.get()
    return {
        "/new": None,
        "/new/webhook": {"destination-name": "CRM", "url": "https://crm.example/hook"},
        f"{here}/edit": {"destination-name": "CRM", "url": "https://crm.example/hook"},
        f"{here}/remove": {},
        f"{here}/secret": {},
        f"{here}/test": {},
        f"{here}/replay": {"first": "2026-05-01", "last": "2026-05-02"},
        f"{here}/rules/new": {"source": "event", "event_name": "demo", "value_from": "none"},
        f"{here}/rules/{rule.id}": {"source": "event", "event_name": "demo", "value_from": "none"},
        f"{here}/rules/{rule.id}/remove": {},
    }


def test_managers_set_up_and_nobody_below_or_outside_does(in_alder: Cast, webhook: Destination) -> None:
    pages = pages_of(webhook) | {f"/{webhook.id}/state": {"state": "off"}}
    before = (Destination.objects.count(), webhook.rules.count(), Delivery.objects.count())
    for path, form in pages.items():
        if not path.endswith("state"):
            text(in_alder.browser(in_alder.manager).get(BASE + path))
            assert in_alder.browser(in_alder.analyst).get(BASE + path).status_code == 403, path
        if form is not None:
            assert in_alder.browser(in_alder.analyst).post(BASE + path, form).status_code == 403, path
            assert in_alder.browser(in_alder.outsider).post(BASE + path, form).status_code == 404, path
            assert in_alder.browser(in_alder.outsider, in_alder.birch).post(BASE + path, form).status_code == 404
            # Another client's site, and this destination under that site's address.
            other = (BASE + path).replace("first", "second")
            assert in_alder.browser(in_alder.limited).post(other, form).status_code == 404, path
            if "/new/" not in path:
                assert in_alder.browser(in_alder.manager).post(other, form).status_code == 404, path
    assert in_alder.browser(in_alder.manager).get(f"{BASE}/{webhook.id}/state").status_code == 405
    assert before == (Destination.objects.count(), webhook.rules.count(), Delivery.objects.count())


def test_whoever_reads_sees_a_destination_and_can_do_nothing_with_it(in_alder: Cast, webhook: Destination) -> None:
    page = text(in_alder.browser(in_alder.viewer).get(f"{BASE}/{webhook.id}"))
    assert "When the goal Demo request is reached" in page and "As Demo request, worth what the goal says" in page
    assert "••••" in page and SECRET not in page
    assert f"A local stand-in plays Webhook here, at {webhook.stand_in_url}" in page
    assert "<form" not in page.split('class="rules-page"')[1].split("</main>")[0]
    for member, path in ((in_alder.outsider, BASE), (in_alder.limited, BASE.replace("first", "second"))):
        assert in_alder.browser(member).get(f"{path}/{webhook.id}").status_code == 404


def test_all_providers_can_be_chosen_and_show_their_steps(in_alder: Cast) -> None:
    manager = in_alder.browser(in_alder.manager)
    page = text(manager.get(f"{BASE}/new"))
    for provider in PROVIDERS.values():
        assert f"{BASE}/new/{provider.key}" in page and provider.api in page
        form = text(manager.get(f"{BASE}/new/{provider.key}"))
        assert form.count("<li>") >= len(provider.form_class.steps)
        for url in provider.form_class.help_urls.values():
            assert url in form
        assert form.count('type="password"') == len(provider.form_class.secret_fields)
    assert manager.get(f"{BASE}/new/fax").status_code == 404


def test_a_new_destination_goes_on_to_its_first_rule(in_alder: Cast) -> None:
    response = in_alder.browser(in_alder.limited).post(
        f"{BASE}/new/google_ads", GOOGLE | {"destination-is_test_mode": "on"}
    )
    made = Destination.objects.get()
    assert response["Location"] == f"{BASE}/{made.id}/rules/new"
    assert (made.site_id, made.name, made.is_test_mode) == (in_alder.site.id, "Ads", True)
    assert made.created_by == str(in_alder.limited.user)
    assert made.settings["operating_account"] == "1234567890"
    assert made.secrets_hints == {"client_secret": "••••cret", "refresh_token": "••••9f3a"}
    assert not {"client_secret", "refresh_token"} & made.settings.keys()
    assert secrets_open(made.secrets_sealed)["refresh_token"] == GOOGLE["refresh_token"]
    page = text(in_alder.browser(in_alder.viewer).get(f"{BASE}/{made.id}"))
    assert "Nothing goes here before it has a rule." in page and "Test mode" in page and "••••9f3a" in page


def test_what_is_wrong_stands_at_its_field_and_no_secret_comes_back(in_alder: Cast) -> None:
    manager = in_alder.browser(in_alder.manager)
    page = text(
        manager.post(f"{BASE}/new/google_ads", GOOGLE | {"operating_account": "12", "destination-name": ""}), 422
    )
    assert "An account’s number has ten digits" in page and 'id="id_operating_account-error"' in page
    assert "This field is required" in page
    assert GOOGLE["client_secret"] not in page and GOOGLE["refresh_token"] not in page
    assert not Destination.objects.exists()


def test_a_secret_that_beacon_makes_is_shown_once(in_alder: Cast) -> None:
    manager = in_alder.browser(in_alder.manager)
    form = {"destination-name": "CRM", "url": "https://crm.example/hook", "secret": ""}
    response = manager.post(f"{BASE}/new/webhook", form)
    page, made = text(response), Destination.objects.get()
    secret = secrets_open(made.secrets_sealed)["secret"]
    assert secret in page and f"{BASE}/{made.id}/rules/new" in page
    assert "no-store" in response["Cache-Control"]
    for path in (f"{BASE}/{made.id}", f"{BASE}/{made.id}/edit"):
        assert secret not in text(manager.get(path))


def test_an_empty_secret_stays_and_a_new_one_signs_beside_the_old_for_a_day(
    in_alder: Cast, webhook: Destination, monkeypatch: pytest.MonkeyPatch
) -> None:
    Destination.objects.filter(id=webhook.id).update(problem="401", problem_words="Refused.", failures=5)
    manager, path = in_alder.browser(in_alder.manager), f"{BASE}/{webhook.id}/edit"
    form = {"destination-name": "Sales", "url": "https://sales.example/hook", "secret": ""}
    assert manager.post(path, form)["Location"] == f"{BASE}/{webhook.id}"
    webhook.refresh_from_db()
    assert (webhook.name, webhook.problem, webhook.failures) == ("Sales", "", 0)
    assert secrets_open(webhook.secrets_sealed) == {"secret": SECRET}
    fresh = "whsec_" + "bmV3IHNlY3JldCBvZiB0aGUgcmVjZWl2ZXIgMTIzNA=="
    manager.post(path, form | {"secret": fresh})
    manager.post(path, form)  # a later change of something else doesn't end the day
    webhook.refresh_from_db()
    assert in_force(secrets_open(webhook.secrets_sealed), NOW + timedelta(hours=23)) == [fresh, SECRET]
    assert in_force(secrets_open(webhook.secrets_sealed), NOW + timedelta(hours=25)) == [fresh]
    assert webhook.secrets_hints == {"secret": "••••NA=="}


def test_a_made_secret_is_made_anew_and_shown_once(in_alder: Cast, webhook: Destination) -> None:
    manager, path = in_alder.browser(in_alder.manager), f"{BASE}/{webhook.id}/secret"
    assert "signs along until then" in text(manager.get(path))
    page = text(manager.post(path))
    webhook.refresh_from_db()
    new = secrets_open(webhook.secrets_sealed)["secret"]
    assert new != SECRET and new in page
    page = text(manager.get(f"{BASE}/{webhook.id}"))
    assert new not in page and "signs along until" in page and f"••••{SECRET[-4:]}" in page
    google = Destination.objects.create(
        site_id=in_alder.site.id, provider="google_ads", name="Ads", secrets_sealed=b"", created_at=NOW, changed_at=NOW
    )
    assert manager.post(f"{BASE}/{google.id}/secret").status_code == 404


def test_secrets_of_another_server_s_key_are_asked_for_again(in_alder: Cast, webhook: Destination) -> None:
    Destination.objects.filter(id=webhook.id).update(secrets_sealed=b"sealed with another key")
    manager = in_alder.browser(in_alder.manager)
    assert "can’t be opened" in text(manager.get(f"{BASE}/{webhook.id}/test"), 409)
    form = {"destination-name": "CRM", "url": "https://crm.example/hook", "secret": SECRET}
    assert manager.post(f"{BASE}/{webhook.id}/edit", form).status_code == 302
    webhook.refresh_from_db()
    assert secrets_open(webhook.secrets_sealed) == {"secret": SECRET}


def test_it_is_switched_and_removed_and_says_what_goes(in_alder: Cast, webhook: Destination, goal: Goal) -> None:
    route(convert(goal, in_alder.site))
    manager, here = in_alder.browser(in_alder.manager), f"{BASE}/{webhook.id}"
    route(convert(goal, in_alder.site, consent_marketing="denied"))
    assert '<dd>1, <span class="second">all for want of consent</span></dd>' in text(manager.get(here))
    Delivery.objects.filter(state="withheld").update(reason="unmatchable")
    assert "<dt>Withheld so far</dt><dd>1</dd>" in text(manager.get(here))
    Delivery.objects.filter(state="withheld").delete()
    manager.post(f"{here}/state", {"state": "off"})
    assert "what is due waits" in text(manager.get(here)) and not Destination.objects.get().is_on
    manager.post(f"{here}/state", {"state": "on"})
    assert Destination.objects.get().is_on
    assert '<td class="pts">1</td><th scope="row">waiting, which are given up' in text(manager.get(f"{here}/remove"))
    assert manager.post(f"{here}/remove")["Location"] == BASE
    assert (only().state, only().reason) == ("dead", "removed")
    assert manager.get(here).status_code == 404


def test_what_is_wrong_is_said_with_how_to_mend_it(in_alder: Cast, webhook: Destination) -> None:
    words = "The address answered 401: look at the signing secret."
    Destination.objects.filter(id=webhook.id).update(problem="401", problem_words=words, problem_at=NOW)
    page = text(in_alder.browser(in_alder.viewer).get(f"{BASE}/{webhook.id}"))
    assert words in page and "then send a test" in page and "Refused" in page


def test_a_test_of_a_real_event_is_answered_on_the_page_and_counts_as_nothing(
    in_alder: Cast, webhook: Destination, goal: Goal, receiver: Receiver
) -> None:
    conversion = convert(goal, in_alder.site)
    convert(goal, in_alder.site, minutes=0.5, consent_marketing="denied")  # never leaves, not even for a test
    ConversionMatch.objects.create(
        event_id=conversion.event_id, site_id=1, session_id=conversion.session_id, sealed=b"", stored_at=NOW
    )
    Destination.objects.filter(id=webhook.id).update(problem="401", problem_words="No.", failures=3)
    browser = in_alder.browser(in_alder.manager)
    response = browser.post(f"{BASE}/{webhook.id}/test", {}, headers={"HX-Request": "true"})
    page = text(response)
    assert "It works" in page and "status 204 in" in page and "Of a real event" in page
    assert "webhook-signature: ••••" in page and "<html" not in page
    assert receiver.seen[0]["data"]["is_test"] is True  # type: ignore[index]
    assert receiver.seen[0]["data"]["event_id"] == str(conversion.event_id)  # type: ignore[index]
    tested = only()
    assert f'href="{BASE}/deliveries/{tested.id}"' in page
    assert (tested.is_test, tested.state, tested.goal_id, tested.next_attempt_at) == (True, "received", None, None)
    assert DeliveryAttempt.objects.get().outcome == "received"
    # The conversion itself goes still, with what its visitor is recognised by; the destination is well again.
    assert ConversionMatch.objects.exists()
    assert route(conversion) == {webhook.id}
    webhook.refresh_from_db()
    assert (webhook.problem, webhook.failures) == ("", 0)


def test_a_test_that_proves_nothing_of_credentials_leaves_a_problem_as_it_is(
    in_alder: Cast, webhook: Destination, goal: Goal, monkeypatch: pytest.MonkeyPatch
) -> None:
    # As GA4's, whose validation looks at neither the measurement ID nor the API secret.
    assert [key for key, kind in PROVIDERS.items() if not kind.test_proves_access] == ["ga4"]
    monkeypatch.setattr(type(PROVIDERS["webhook"]), "test_proves_access", False)
    convert(goal, in_alder.site)
    Destination.objects.filter(id=webhook.id).update(problem="403", problem_words="No.", problem_at=NOW)
    page = text(
        in_alder.browser(in_alder.manager).post(f"{BASE}/{webhook.id}/test", {}, headers={"HX-Request": "true"})
    )
    assert "It works" in page
    webhook.refresh_from_db()
    assert webhook.problem == "403"
    page = text(in_alder.browser(in_alder.viewer).get(f"{BASE}/{webhook.id}"))
    assert "save it there" in page and "send a test" not in page


def test_one_that_asked_to_wait_is_said_to_have_asked(in_alder: Cast, webhook: Destination) -> None:
    until = NOW + timedelta(minutes=5)
    Destination.objects.filter(id=webhook.id).update(open_until=until)
    page = text(in_alder.browser(in_alder.viewer).get(f"{BASE}/{webhook.id}"))
    assert "Webhook has asked to wait: left alone for 5m" in page
    Destination.objects.filter(id=webhook.id).update(failures=6)
    page = text(in_alder.browser(in_alder.viewer).get(f"{BASE}/{webhook.id}"))
    assert "Webhook has failed 6 times in a row: left alone for 5m" in page


def test_no_other_event_is_sent_in_the_place_of_one_that_is_gone(
    in_alder: Cast, webhook: Destination, goal: Goal
) -> None:
    chosen = convert(goal, in_alder.site)
    convert(goal, in_alder.site, minutes=2)
    withdraw(chosen.session_id)
    browser, url = in_alder.browser(in_alder.manager), f"{BASE}/{webhook.id}/test"
    form = {"sample": str(chosen.event_id)}
    assert "That event can’t be sent any more" in text(browser.post(url, form), 409)
    assert "That event can’t be sent any more" in text(browser.post(url, form, headers={"HX-Request": "true"}))
    assert not Delivery.objects.exists()


def test_a_refused_test_says_why_and_is_never_sent_again(in_alder: Cast, goal: Goal, receiver_url: str) -> None:
    wrong = "whsec_" + "bm90IHRoZSBzZWNyZXQgb2YgdGhlIHJlY2VpdmVy"
    made = webhook_make(in_alder.site, receiver_url, secrets={"secret": wrong})
    page = text(in_alder.browser(in_alder.manager).post(f"{BASE}/{made.id}/test"))
    assert "Refused" in page and "status 401" in page and "Compare the signing secret at the receiver" in page
    assert "Of a made-up event" in page and "There is no rule yet" in page and "signature" in page
    assert (only().state, only().is_test) == ("rejected", True)
    assert deliveries_resend(site_id=in_alder.site.id, delivery_ids=[only().id]) == 0
    made.refresh_from_db()
    assert made.problem == ""  # whoever sent it sees it: nobody is mailed


def test_a_test_without_an_answer_ends(in_alder: Cast) -> None:
    made = webhook_make(in_alder.site, "http://127.0.0.1:9")
    page = text(in_alder.browser(in_alder.manager).post(f"{BASE}/{made.id}/test", {"sample": "made-up"}))
    assert "Not now" in page and "There is no connection." in page
    assert (only().state, DeliveryAttempt.objects.get().outcome) == ("dead", "unanswered")


def test_a_private_address_isn_t_asked_however_it_came_there(in_alder: Cast) -> None:
    made = webhook_make(in_alder.site, "", settings={"url": "https://127.0.0.1/hook"})
    page = text(in_alder.browser(in_alder.manager).post(f"{BASE}/{made.id}/test"))
    assert "private network" in page


def test_the_page_says_from_when_on_it_is_left_alone(in_alder: Cast, webhook: Destination) -> None:
    Destination.objects.filter(id=webhook.id).update(failures=6, open_until=NOW + timedelta(minutes=2))
    page = text(in_alder.browser(in_alder.viewer).get(f"{BASE}/{webhook.id}"))
    assert "has failed 6 times in a row: left alone for 2m 00s" in page


def test_what_its_answer_switched_off_is_on_again_once_it_is_mended(in_alder: Cast, webhook: Destination) -> None:
    manager, here = in_alder.browser(in_alder.manager), f"{BASE}/{webhook.id}"
    mine, form = Destination.objects.filter(id=webhook.id), {"destination-name": "CRM", "url": "https://crm.example/b"}
    mine.update(is_on=False, problem="410", problem_words="It is gone.", problem_at=NOW)
    assert "It was switched off by that: mend it under “Edit”, or switch it on once it is well." in text(
        manager.get(here)
    )
    assert "is tried with it at once" in text(manager.post(f"{here}/edit", form, follow=True))
    assert mine.get().is_on and not mine.get().problem
    # What a person has switched off stays so.
    manager.post(f"{here}/state", {"state": "off"})
    assert "It is off: nothing is sent to it." in text(manager.post(f"{here}/edit", form, follow=True))
    assert not mine.get().is_on
    assert "a replay sends it once it is on" in text(manager.get(here))
