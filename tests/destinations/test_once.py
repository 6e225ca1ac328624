"""A page that makes something makes it once, however often it is sent; filled in differently it makes another."""

import re
from datetime import timedelta
from typing import Any

import pytest
from django.db import IntegrityError, transaction
from django.http import QueryDict

from apps.core import clock
from apps.destinations.models import Destination, RoutingRule
from apps.destinations.once import form_key, once_word
from apps.destinations.secrets import secrets_open
from apps.sites.models import Goal
from tests.cast import Cast

from .conftest import NOW, webhook_make
from .looking import words

BASE = "/s/first-site/destinations"
CRM = {"destination-name": "CRM", "url": "https://crm.example/hook", "secret": ""}
DEMO = {"source": "event", "event_name": "demo", "value_from": "none"}


def word_of(page: Any) -> str:
    found = re.search(r'name="once" value="([^"]+)"', words(page))
    assert found
    return found[1]


def test_a_form_sent_twice_makes_one_destination_and_shows_its_secret_twice(in_alder: Cast) -> None:
    manager = in_alder.browser(in_alder.manager)
    form = CRM | {"once": word_of(manager.get(f"{BASE}/new/webhook"))}
    pages = [words(manager.post(f"{BASE}/new/webhook", form)) for _ in range(2)]
    made = Destination.objects.get()
    secret = secrets_open(made.secrets_sealed)["secret"]
    # Of the two answers the browser shows the second.
    assert all(secret in page and f"{BASE}/{made.id}/rules/new" in page for page in pages)
    Destination.objects.update(created_at=clock.now() - timedelta(minutes=11))
    late = manager.post(f"{BASE}/new/webhook", form)
    assert late.status_code == 302 and Destination.objects.count() == 1


def test_the_thirtieth_is_made_by_a_double_click_too(in_alder: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("apps.destinations.services.MOST_DESTINATIONS", 1)
    manager = in_alder.browser(in_alder.manager)
    form = CRM | {"once": word_of(manager.get(f"{BASE}/new/webhook"))}
    for _ in range(2):
        assert manager.post(f"{BASE}/new/webhook", form).status_code == 200
    assert Destination.objects.count() == 1


def test_another_page_and_other_contents_make_another_one(in_alder: Cast) -> None:
    manager = in_alder.browser(in_alder.manager)
    form = CRM | {"once": word_of(manager.get(f"{BASE}/new/webhook"))}
    manager.post(f"{BASE}/new/webhook", form)
    manager.post(f"{BASE}/new/webhook", form | {"destination-name": "CRM of the other team"})
    manager.post(f"{BASE}/new/webhook", CRM | {"once": word_of(manager.get(f"{BASE}/new/webhook"))})
    assert Destination.objects.count() == 3


def test_a_page_with_something_wrong_is_still_the_same_page(in_alder: Cast) -> None:
    manager = in_alder.browser(in_alder.manager)
    word = word_of(manager.get(f"{BASE}/new/webhook"))
    answer = manager.post(f"{BASE}/new/webhook", CRM | {"url": "http://crm.example", "once": word})
    assert answer.status_code == 422 and word in answer.content.decode()


def test_one_that_was_removed_isnt_brought_back_by_its_page(in_alder: Cast) -> None:
    manager = in_alder.browser(in_alder.manager)
    form = CRM | {"once": word_of(manager.get(f"{BASE}/new/webhook"))}
    manager.post(f"{BASE}/new/webhook", form)
    manager.post(f"{BASE}/{Destination.objects.get().id}/remove")
    assert "was removed since: open it anew" in words(manager.post(f"{BASE}/new/webhook", form), 422)
    assert Destination.objects.count() == 1


def test_a_rule_is_added_once(in_alder: Cast, goal: Goal) -> None:
    manager, crm = in_alder.browser(in_alder.manager), webhook_make(in_alder.site, "")
    url = f"{BASE}/{crm.id}/rules/new"
    form = DEMO | {"once": word_of(manager.get(url))}
    for _ in range(2):
        assert manager.post(url, form)["Location"] == f"{BASE}/{crm.id}"
    rule = RoutingRule.objects.get()
    manager.post(url, form | {"event_name": "call"})
    assert RoutingRule.objects.count() == 2
    # A rule's own page changes it, as often as it is sent.
    assert 'name="once"' not in words(manager.get(f"{BASE}/{crm.id}/rules/{rule.id}"))
    for name in ("chat", "call"):
        manager.post(f"{BASE}/{crm.id}/rules/{rule.id}", DEMO | {"event_name": name})
    assert RoutingRule.objects.get(id=rule.id).event_name == "call"


def test_the_database_holds_it_where_two_come_at_once(in_alder: Cast, goal: Goal) -> None:
    key = form_key(QueryDict(f"once={once_word(None)}&a=b"))
    crm = webhook_make(in_alder.site, "", form_key=key)
    with pytest.raises(IntegrityError), transaction.atomic():
        Destination.objects.create(
            site_id=in_alder.site.id,
            provider="webhook",
            secrets_sealed=b"",
            created_at=NOW,
            changed_at=NOW,
            form_key=key,
        )
    assert webhook_make(in_alder.site, "", form_key=key).id == crm.id
    assert webhook_make(in_alder.other_site, "", form_key=key).id != crm.id


@pytest.mark.parametrize("word", ["", "once=", "once=nonsense", "a=b"])
def test_a_form_without_its_word_makes_one_each_time(word: str) -> None:
    assert form_key(QueryDict(word)) is None
