"""The domain of an e-mail address that is sent in a form: never the address, and only with consent to analytics."""

import json

from tests.tracker.conftest import World
from tests.tracker.extras.conftest import Json, Visit, named, settle

STAY = "<script>addEventListener('submit', e => e.preventDefault(), true)</script>"
CONTACT = """<form id="contact" method="post"><input name="name"><input name="email" type="email">
  <input name="second" type="email"><input name="other" type="text"><input type="hidden" value="x@hidden.example">
  <button>Send</button></form>
  <form id="ignored" data-beacon-ignore><input type="email"><button>Send</button></form>"""
YES = "beacon('consent', {analytics: 'granted'})"


def told(events: list[Json]) -> list[Json]:
    return [event["user"] for event in events if event["kind"] == "identify"]


def test_the_domain_alone_is_told_once_it_is_sent(world: World, visit: Visit) -> None:
    page = visit("emails", head=STAY, body=CONTACT)
    page.evaluate(YES)
    page.fill("[name=name]", "jane@name.example")
    page.fill("[name=other]", "jane@other.example")
    page.fill("[name=email]", "Jane.Doe@Sales.Kestrel.Example")
    assert told(settle(world, page)) == []
    for _ in range(2):
        page.click("#contact button")
    page.fill("#ignored input", "jane@ignored.example")
    page.click("#ignored button")
    assert told(settle(world, page)) == [{"email": "@Sales.Kestrel.Example"}]
    page.fill("[name=second]", "jane@second.example")
    page.click("#contact button")
    assert told(settle(world, page))[1:] == [{"email": "@second.example"}]
    sent = json.dumps([request.body for request in world.beacon.received])
    assert not any(
        word in sent for word in ("Jane", "jane", "Doe", "other.example", "hidden", "ignored", "name.example")
    )


def test_without_consent_to_analytics_nothing_is(world: World, visit: Visit) -> None:
    page = visit("emails", head=STAY, body=CONTACT)
    page.fill("[name=email]", "jane@kestrel.example")
    page.click("#contact button")
    page.evaluate("beacon('consent', {analytics: 'denied'})")
    page.fill("[name=second]", "jane@second.example")
    page.click("#contact button")
    page.wait_for_timeout(50)
    assert "kestrel" not in json.dumps([request.body for request in world.beacon.received])
    assert told(world.beacon.events) == []


def test_it_is_told_of_a_form_that_leads_away(world: World, visit: Visit) -> None:
    page = visit("emails", body=CONTACT.replace("<form id=", f'<form action="{world.page("/next", tag="")}" id=', 1))
    page.evaluate(YES)
    # A page that is left before the consent part has come tells nothing that needs consent.
    world.beacon.wait(lambda: named(world, "consent"))
    page.fill("[name=email]", "jane@kestrel.example")
    page.click("#contact button")
    world.beacon.wait(lambda: told(world.beacon.events))
    assert told(world.beacon.events) == [{"email": "@kestrel.example"}]
