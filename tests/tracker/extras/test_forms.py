"""Forms begun, sent and given up; never what somebody wrote."""

import json

import pytest

from tests.tracker.acting import hide
from tests.tracker.conftest import World
from tests.tracker.extras.conftest import Json, Visit, named, settle

STAY = "<script>addEventListener('submit', e => e.preventDefault(), true)</script>"
CONTACT = """<form id="contact" action="/send?token=1" method="post">
  <input name="name"><input name="email" type="email"><input name="id"><input name="action"><input name="method">
  <input name="children">
  <input type="radio" name="size" value="a"><input type="radio" name="size" value="b">
  <input name="password" type="password"><textarea name="message"></textarea><button>Send</button></form>"""
FORM_NAMES = ("form_start", "form_submit", "form_abandon")


def _told(events: list[Json]) -> list[tuple[str, Json]]:
    return [(event["name"], event["props"]) for event in events if event["kind"] == "event"]


def test_a_form_is_begun_and_sent_once(world: World, visit: Visit) -> None:
    page = visit("forms", head=STAY, body=CONTACT)
    page.focus("[name=name]")
    assert _told(settle(world, page)) == []
    page.fill("[name=name]", "Jane Doe 47110815")
    page.type("[name=email]", "jane@doe.example")
    page.check("[value=a]")
    page.check("[value=b]")
    page.fill("[name=password]", "correct horse")
    page.fill("[name=message]", "battery staple")
    page.click("button")
    page.fill("[name=name]", "Again")
    page.click("button")
    where = {"form": "contact", "action": "/send"}
    assert _told(settle(world, page)) == [
        ("form_start", {**where, "fields": 1}),
        ("form_submit", {**where, "fields": 5}),
    ]
    [start] = named(world, "form_start")
    assert start["target"] == {"selector": "form#contact"}
    page.goto(world.page("/next", tag=""))
    sent = json.dumps([request.body for request in world.beacon.received])
    assert not any(word in sent for word in ("Jane", "47110815", "jane@", "doe.example", "horse", "staple", "token"))
    assert named(world, "form_abandon") == []


def test_a_form_that_is_left_is_given_up(world: World, visit: Visit) -> None:
    page = visit("forms", body=CONTACT.replace('id="contact"', 'name="contact 030/1234567"'))
    page.fill("[name=name]", "Jane")
    page.fill("[name=email]", "jane@doe.example")
    [view] = world.beacon.wait_of("pageview")
    hide(page)
    page.goto(world.page("/next", tag=""))
    world.beacon.wait(lambda: named(world, "form_abandon"))
    [left] = named(world, "form_abandon")
    assert left["props"] == {"form": "contact [number]", "action": "/send", "fields": 2, "last_field": "email"}
    assert (left["page_id"], left["url"], left["interactive"]) == (view["id"], view["url"], False)


SEND = """form => {
    form.requestSubmit();
    fetched.addEventListener("submit", event => { event.preventDefault(); fetch("/send") });
    fetched.requestSubmit();
    hushed.addEventListener("submit", event => event.stopImmediatePropagation());
    hushed.requestSubmit();
}"""


def test_scripts_that_send_count(world: World, visit: Visit) -> None:
    page = visit("forms", head=STAY, body=CONTACT + '<form id="fetched"></form><form id="hushed"></form>')
    page.locator("#contact").evaluate(SEND)
    assert _told(settle(world, page)) == [
        ("form_submit", {"form": "contact", "action": "/send", "fields": 0}),
        ("form_submit", {"form": "fetched", "fields": 0}),
        ("form_submit", {"form": "hushed", "fields": 0}),
    ]


def test_a_form_in_a_shadow_tree(world: World, visit: Visit) -> None:
    page = visit(
        "forms",
        body="""<p id="host"></p><script>host.attachShadow({mode: "open"}).innerHTML =
        '<form name="inner" onsubmit="return false"><input name="a"><button>Go</button></form>'</script>""",
    )
    page.fill("input", "x")
    page.fill("input", "y")
    page.click("button")
    assert _told(settle(world, page)) == [
        ("form_start", {"form": "inner", "fields": 1}),
        ("form_submit", {"form": "inner", "fields": 1}),
    ]


NOTHING = [
    '<form role="search"><input name="q"><button>Go</button></form>',
    '<form action="/find"><input type="search" name="q"><button>Go</button></form>',
    '<form method="dialog"><input name="q"><button>Go</button></form>',
    '<div data-beacon-ignore><form><input name="q"><button>Go</button></form></div>',
    '<p><input name="q"><button>Go</button></p>',
]


def test_what_is_no_form_to_fill_in(world: World, visit: Visit) -> None:
    page = visit("forms", head=STAY, body="".join(NOTHING))
    for field in page.locator("input").all():
        field.fill("x")
    for button in page.locator("button").all():
        button.click()
    assert _told(settle(world, page)) == []


def test_a_script_that_fills_a_form_in_does_not_begin_it(world: World, visit: Visit) -> None:
    page = visit("forms", body=CONTACT + '<form id="two"><input name="a" required><button id="go">Go</button></form>')
    page.evaluate(
        "f = document.forms[0].elements[0]; f.value = 'x'; f.dispatchEvent(new Event('input', {bubbles: true}))"
    )
    page.click("#go")
    page.evaluate("document.forms[1].reportValidity()")
    assert _told(settle(world, page)) == []


@pytest.mark.parametrize("take", ["new FormData(f); location = '/next'", "f.submit()"])
def test_data_that_the_page_has_taken_is_neither_sent_nor_given_up(world: World, visit: Visit, take: str) -> None:
    world.page("/next", tag="")
    page = visit("forms", body=CONTACT.replace("/send?token=1", "/next").replace("post", "get"))
    page.fill("[name=name]", "Jane")
    page.evaluate(f"setTimeout(() => {{ f = document.forms[0]; {take} }})")
    world.beacon.wait_of("engagement")
    world.beacon.wait_of("event")
    assert [event["name"] for event in world.beacon.of("event")] == ["form_start"]


def test_a_single_page_app_that_takes_its_form_away(world: World, visit: Visit) -> None:
    page = visit("forms", body=CONTACT + '<form id="news"><input name="mail"></form>')
    page.fill("#contact [name=name]", "Jane")
    page.fill("#news input", "jane@doe.example")
    page.evaluate("history.pushState({}, '', '/two'); contact.remove()")
    world.beacon.wait(lambda: named(world, "form_abandon"))
    assert [event["props"]["form"] for event in named(world, "form_abandon")] == ["contact"]
    [left] = named(world, "form_abandon")
    first, _ = world.beacon.wait_of("pageview", 2)
    assert (left["page_id"], left["url"]) == (first["id"], first["url"])
