"""Links to other sites, downloads, and tagged elements."""

from playwright.sync_api import Page

from tests.tracker.conftest import World
from tests.tracker.extras.conftest import Json, Visit, settle

# Links lead nowhere, so that one page serves for many clicks; the page decides so after the click was heard.
STAY = """<script>for (const type of ["click", "auxclick"]) {
    addEventListener(type, event => event.composedPath().some(node => node.href) && event.preventDefault());
}</script>"""
HUSH = """<script>document.addEventListener("click", event => {
    event.stopImmediatePropagation();
    event.preventDefault();
}, true)</script>"""


def _seen(world: World, page: Page) -> list[tuple[str, str]]:
    events = [event for event in settle(world, page) if event["kind"] == "event"]
    return [(event["name"], event["target"].get("href", "")) for event in events]


def _click_all(page: Page) -> None:
    page.evaluate(
        "document.querySelectorAll('main a, main area').forEach(e => e.dispatchEvent("
        "new MouseEvent('click', {bubbles: true, composed: true, cancelable: true})))"
    )


def test_links_to_other_sites_are_outbound(world: World, visit: Visit) -> None:
    page = visit(
        "clicks",
        head=STAY,
        body="""<main>
        <a href="https://partner.example/offer?mail=jane@doe.example#top">Partner</a>
        <a href="//other.example" target="_blank">Other</a>
        <svg width="20" height="20"><a href="https://svg.example/"><rect width="20" height="20"/></a></svg>
        <svg width="20" height="20"><a xlink:href="https://old-svg.example/"><rect width="20" height="20"/></a></svg>
        <map name="m"><area shape="default" href="https://area.example/"></map>
        </main>""",
    )
    _click_all(page)
    assert _seen(world, page) == [
        ("outbound", "https://partner.example/offer"),
        ("outbound", "http://other.example/"),
        ("outbound", "https://svg.example/"),
        ("outbound", "https://old-svg.example/"),
        ("outbound", "https://area.example/"),
    ]


def test_own_links_and_what_is_no_page_are_not(world: World, visit: Visit) -> None:
    page = visit(
        "clicks",
        # Other products' tags have a site's id, too.
        head=STAY + '<script type="text/plain" src="/other.js" data-site-id="7" data-hosts="notshop.test"></script>',
        tag=world.tag('data-hosts="shop.test, www.blog.test"'),
        body="""<main>
        <a href="/inside">Inside</a> <a href="#part">Part</a> <a href="javascript:void 0">Script</a>
        <a href="mailto:jane@doe.example">Mail</a> <a href="tel:+4930123456">Call</a> <a href="https://[">Broken</a>
        <a href="https://www.shop.test/">Own</a> <a href="https://de.shop.test/">Own, below</a>
        <a href="https://blog.test/">Own, too</a> <a href="https://notshop.test/">Another's</a>
        <div data-beacon-ignore><a href="https://ignored.example/">Ignored</a></div>
        <p><a name="anchor">Anchor</a></p>
        </main>""",
    )
    _click_all(page)
    assert _seen(world, page) == [("outbound", "https://notshop.test/")]


def test_files_are_downloads_wherever_they_lie(world: World, visit: Visit) -> None:
    page = visit(
        "clicks",
        head=STAY,
        tag=world.tag('data-downloads=".step, dwg"'),
        body="""<main>
        <a href="/files/Price-list.PDF?v=2">Prices</a> <a href="https://cdn.example/app.zip">App</a>
        <a href="/report" download>Report</a> <a href="blob:abc" download="jane.csv">Export</a>
        <a href="/part.step">Part</a> <a href="/page.html">Page</a> <a href="/pdf">Word</a>
        <a href="/x?f=y.pdf">Query</a>
        </main>""",
    )
    _click_all(page)
    assert _seen(world, page) == [
        ("download", f"{world.site_url}/files/Price-list.PDF"),
        ("download", "https://cdn.example/app.zip"),
        ("download", f"{world.site_url}/report"),
        ("download", ""),
        ("download", f"{world.site_url}/part.step"),
    ]


def test_mouse_keyboard_and_shadow_trees(world: World, visit: Visit) -> None:
    page = visit(
        "clicks",
        body=f"""{STAY}<div style="height: 1500px"></div>
        <a id="partner" href="https://a.example/">Partner <b>link</b></a>
        <p id="host"></p><script>host.attachShadow({{mode: "open"}}).innerHTML =
        '<a href="https://b.example/"><span>In the shadow</span></a>'</script>""",
    )
    page.click("#partner b")
    page.click("#partner", button="middle")
    page.click("#partner", button="right")
    page.focus("#partner")
    page.keyboard.press("Enter")
    page.click("#host span")
    events = [event for event in settle(world, page) if event["kind"] == "event"]
    assert [event["target"]["href"] for event in events] == ["https://a.example/"] * 3 + ["https://b.example/"]
    assert [event["target"]["text"] for event in events] == ["Partner link"] * 3 + ["In the shadow"]
    assert events[0]["target"]["selector"] == "a#partner"
    assert all(event["target"]["y"] > 1500 and event["target"]["x"] > 0 for event in events)


def test_a_page_that_is_left_by_the_click_still_tells_of_it(world: World, visit: Visit) -> None:
    page = visit("clicks", body=f'<a href="{world.beacon_url}/elsewhere.pdf">Away</a>')
    page.click("a", no_wait_after=True)
    [event] = world.beacon.wait_of("event")
    assert (event["name"], event["target"]["href"]) == ("download", f"{world.beacon_url}/elsewhere.pdf")


def test_a_handler_that_stops_the_event_is_not_heard_first(world: World, visit: Visit) -> None:
    page = visit(
        "clicks",
        head=HUSH,
        body='<a href="https://partner.example/">Partner</a>',
    )
    page.click("a")
    assert _seen(world, page) == [("outbound", "https://partner.example/")]


def test_tagged_elements(world: World, visit: Visit) -> None:
    page = visit(
        "clicks",
        head=STAY,
        body="""
        <button data-beacon-event=" Plan chosen " data-beacon-prop-plan="pro" data-beacon-prop-seats_count="5"
         data-beacon-value="49.90" data-beacon-currency="eur"><i>Choose</i> Pro</button>
        <label data-beacon-event="Terms"><input type="checkbox"> Agree</label>
        <a id="both" data-beacon-event="Partner" href="https://partner.example/">Partner</a>
        <section data-beacon-event="Card" data-beacon-value="12,50 EUR" data-beacon-currency="Euro">
        <p>Text</p></section>
        <div data-beacon-event=""><span id="nameless">Nothing</span></div>""",
    )
    page.click("button i")
    page.click("label", position={"x": 40, "y": 5})
    page.click("#both")
    page.click("section p")
    page.click("#nameless")
    events = [event for event in settle(world, page) if event["kind"] == "event"]
    assert [event["name"] for event in events] == ["Plan chosen", "Terms", "Partner", "outbound", "Card"]
    assert events[0]["props"] == {"plan": "pro", "seats_count": "5"}
    assert (events[0]["value"], events[0]["currency"]) == ("49.90", "eur")
    assert events[0]["target"]["text"] == "Choose Pro"
    assert "value" not in events[4] and "currency" not in events[4]


def test_a_tagged_form_is_counted_when_it_is_sent(world: World, visit: Visit) -> None:
    page = visit(
        "clicks",
        body="""<form data-beacon-event="Demo asked" onsubmit="event.preventDefault()">
        <input name="mail" value="jane@doe.example"><button>Send</button></form>""",
    )
    page.click("input")
    assert _seen(world, page) == []
    page.click("button")
    [event] = [event for event in settle(world, page) if event["kind"] == "event"]
    assert (event["name"], "text" in event["target"]) == ("Demo asked", False)


PRIVATE: list[tuple[str, Json]] = [
    ("<a {x}>Write to jane@doe.example or +49 30 1234567</a>", {"text": "Write to [email] or [number]"}),
    ("<a {x}><textarea>secret words</textarea><select><option>A</option></select>Go</a>", {"text": "Go"}),
    ("<a {x}><span data-beacon-mask>Jane Doe</span> Account</a>", {"text": "Account"}),
    ("<div contenteditable><a {x}>Draft</a></div>", {}),
    ('<a {x}><img alt="Our partner"></a>', {"text": "Our partner"}),
    ('<a {x} aria-label="Chat"></a>', {"text": "Chat"}),
    (f"<a {{x}}>{'long ' * 60}</a>", {"text": ("long " * 60)[:128]}),
    (
        '<a {x} id="user-4711" class="btn css-1q2w3e is-active jane@doe Button_root__aBcDe primaryLink">A</a>',
        {"selector": "main:nth-of-type(8)>a.btn.primaryLink", "text": "A"},
    ),
    (
        '<ul class="sc-bdvKmQ"><li></li><li><a {x} id="ember-x">A</a></li></ul>',
        {"selector": "main:nth-of-type(9)>ul>li:nth-of-type(2)>a", "text": "A"},
    ),
    ('<nav id="mainNav"><p><a {x}>A</a></p></nav>', {"selector": "nav#mainNav>p>a", "text": "A"}),
]


def test_what_is_said_of_the_element_is_short_and_nobodys(world: World, visit: Visit) -> None:
    bodies = [body.format(x='href="https://a.example/"') for body, _ in PRIVATE]
    page = visit("clicks", head=STAY, body="".join(f"<main>{body}</main>" for body in bodies))
    _click_all(page)
    events = [event for event in settle(world, page) if event["kind"] == "event"]
    assert len(events) == len(PRIVATE)
    for event, (body, expected) in zip(events, PRIVATE, strict=True):
        told = {name: event["target"].get(name) for name in ("selector", "text") if name in expected or name == "text"}
        assert told == {"text": None, **expected}, body


def test_a_broken_page_is_left_alone(world: World, visit: Visit) -> None:
    page = visit("clicks", body='<a href="#x" onclick="done = 1">A</a>')
    page.evaluate("Event.prototype.composedPath = undefined")
    page.click("a")
    assert page.evaluate("done") == 1
    assert _seen(world, page) == []
