"""Consent in a real browser: the page's own call, Google's consent mode and TCF; the units are in tracker_js/test."""

import pytest

from tests.tracker.acting import LEAVE_AT_LOAD, hide, timeless_page
from tests.tracker.conftest import World
from tests.tracker.recorder import Json

STUB = "window.beacon = window.beacon || function () { (beacon.q = beacon.q || []).push(arguments) }"
GTAG = "window.dataLayer = []; function gtag() { dataLayer.push(arguments) }"
# As consent tools do: a stand-in first, which keeps the calls for the real one.
TCF = """window.calls = []; window.__tcfapi = (...call) => calls.push(call);
window.answer = data => calls.forEach(([, , callback]) => callback(data, true))"""
GRANTED = "{analytics_storage: 'granted', ad_user_data: 'granted', ad_storage: 'granted'}"


def story(world: World) -> list[tuple[str, str | None, str | None]]:
    """What arrived: (name or kind, analytics, marketing)."""
    return [
        (event.get("name") or event["kind"], request.body["consent"].get("analytics"), _marketing(request.body))
        for request in world.beacon.received
        for event in request.events
    ]


def _marketing(body: Json) -> str | None:
    marketing: str | None = body["consent"].get("marketing")
    return marketing


def test_a_choice_made_before_the_script_is_in_the_first_request(world: World) -> None:
    head = f"<script>{STUB}; beacon('consent', {{analytics: true, marketing: false, text_version: 'v3'}})</script>"
    world.open(world.page("/", head=head))
    world.beacon.wait_of("pageview")
    assert story(world) == [("pageview", "granted", "denied")]
    consent = world.beacon.received[0].body["consent"]
    assert (consent["source"], consent["text_version"]) == ("api", "v3")


def test_a_withdrawal_is_told_once_and_nothing_follows_it(world: World) -> None:
    page = world.open(world.page("/"))
    world.beacon.wait_of("pageview")
    page.evaluate("beacon('event', 'before')")
    world.beacon.wait_of("event")
    page.evaluate("beacon('consent', {analytics: false})")
    world.beacon.wait_of("event", 2)
    page.evaluate("beacon('event', 'after'); history.pushState({}, '', '/x')")
    hide(page)
    page.goto(world.page("/next", tag=""))
    assert story(world) == [
        ("pageview", None, None),
        ("before", None, None),
        ("consent", "denied", None),
    ]


def test_where_consent_is_required_nothing_leaves_the_page_without_it(world: World) -> None:
    tag = world.tag('data-consent="required"')
    start = world.page("/", tag=tag, body="<a href=\"/next\" onclick=\"beacon('event', 'click')\">next</a>")
    world.page("/next", tag=tag)
    page = world.open(start)
    page.wait_for_function("!!window.beacon")
    page.click("a")
    page.wait_for_function("location.pathname == '/next' && !!window.beacon")
    assert world.beacon.received == []
    page.evaluate("beacon('consent', {analytics: 'granted'})")
    [view] = world.beacon.wait_of("pageview")
    assert (view["url"], story(world)) == (world.site_url + "/next", [("pageview", "granted", None)])


def test_googles_consent_mode_is_followed(world: World) -> None:
    """A default that denies is waited for; later updates hold from then on."""
    default = "gtag('consent', 'default', {analytics_storage: 'denied', ad_user_data: 'denied'})"
    page = world.open(world.page("/", head=f"<script>{GTAG}; {default}</script>", body="<button>OK</button>"))
    page.wait_for_function("!!window.beacon")
    page.evaluate("beacon('event', 'early'); document.querySelector('button').onclick = () => choose(); 0")
    assert world.beacon.received == []
    page.evaluate(f"window.choose = () => gtag('consent', 'update', {GRANTED}); 0")
    page.click("button")
    world.beacon.wait_of("event")
    page.evaluate("window.choose = () => gtag('consent', 'update', {ad_user_data: 'denied'}); 0")
    page.click("button")
    world.beacon.wait_of("event", 2)
    assert story(world) == [
        ("pageview", "granted", "granted"),
        ("early", "granted", "granted"),
        ("consent", "granted", "denied"),
    ]
    assert world.beacon.received[-1].body["consent"]["source"] == "gcm"


@pytest.mark.parametrize(
    ("said", "views"),
    [
        ("dataLayer.push({event: 'gtm.js'})", 1),
        ("gtag('consent', 'default', {analytics_storage: 'denied'})", 0),
        ("window.__tcfapi = () => {}", 0),
    ],
    ids=["no word of consent", "a default that denies", "a TCF tool"],
)
def test_a_page_left_before_the_consent_part_has_come(world: World, said: str, views: int) -> None:
    """It goes without the part where nothing on the page speaks of consent; otherwise nothing does."""
    world.beacon.scripts.clear()
    world.page("/next")
    page = world.open(world.page("/", head=f"<script>{GTAG}; {said}; {LEAVE_AT_LOAD}</script>"))
    page.wait_for_url("**/next")

    def is_there() -> bool:
        seen = world.beacon.of("pageview")
        # What was sent on leaving may come after what the next page sends.
        return len(seen) > views and any(view["url"].endswith("/next") for view in seen)

    world.beacon.wait(is_there)
    assert len(world.beacon.of("pageview")) == views + 1


def test_tcf_is_followed_also_when_it_comes_late_and_outranks_google(world: World) -> None:
    head = f"<script>{GTAG}; gtag('consent', 'update', {GRANTED})</script>"
    page = world.open(world.page("/", head=head, body="<button>OK</button>"))
    world.beacon.wait_of("pageview")
    page.evaluate(f"() => {{ {TCF} }}")
    page.click("button")
    page.wait_for_function("calls.length")
    page.evaluate("answer({eventStatus: 'cmpuishown', gdprApplies: true})")
    consents = "{1: true, 8: true, 9: true}"
    page.evaluate(f"answer({{eventStatus: 'useractioncomplete', purpose: {{consents: {consents}}}}})")
    world.beacon.wait_of("event")
    page.evaluate(f"gtag('consent', 'update', {GRANTED}); beacon('event', 'last')")
    page.click("button")
    world.beacon.wait_of("event", 2)
    assert story(world) == [
        ("pageview", "granted", "granted"),
        ("consent", "granted", "denied"),
        ("last", "granted", "denied"),
    ]


def test_a_tool_that_comes_after_the_first_request_is_noticed_on_a_quiet_page(world: World) -> None:
    page = timeless_page(world.context)
    page.goto(world.page("/"))
    # With the answer the tracker looks for tools as well: this one comes after it.
    with page.expect_event("requestfinished", lambda request: request.url.endswith("/track/batch")):
        page.clock.run_for(600)
    page.evaluate(f"() => {{ {TCF} }}")
    page.clock.run_for(2_000)
    page.wait_for_function("calls.length")
    page.evaluate("answer({eventStatus: 'tcloaded', purpose: {consents: {}}})")
    page.clock.run_for(600)
    world.beacon.wait_of("event")
    assert story(world) == [("pageview", None, None), ("consent", "denied", "denied")]


def test_where_tools_arent_read_a_page_with_them_is_counted_at_once(world: World) -> None:
    default = "gtag('consent', 'default', {analytics_storage: 'denied'})"
    world.open(world.page("/", head=f"<script>{GTAG}; {default}</script>", tag=world.tag('data-cmp="off"')))
    world.beacon.wait_of("pageview")
    assert [path for path, _ in world.beacon.requests if "/x/" in path] == []


@pytest.mark.parametrize(("name", "value"), [("globalPrivacyControl", "true"), ("doNotTrack", "'1'")])
def test_privacy_signals(world: World, name: str, value: str) -> None:
    head = f"<script>Object.defineProperty(navigator, '{name}', {{value: {value}}}); {STUB};"
    tag = world.tag("data-dnt")
    page = world.open(world.page("/", head=f"{head} beacon('consent', {{marketing: true}})</script>", tag=tag))
    if name == "doNotTrack":
        page.wait_for_function("!!beacon.k")
        hide(page, after="beacon('event', 'x')")
        page.goto(world.page("/other", tag=""))
        assert world.beacon.received == []
    else:
        world.beacon.wait_of("pageview")
        assert world.beacon.received[0].body["consent"]["gpc"] is True
        assert story(world) == [("pageview", None, "denied")]


def test_a_purchase_carries_what_ad_platforms_match_on_with_marketing_consent_only(world: World) -> None:
    head = f"""<script>document.cookie = '_ga=GA1.1.11.22'; document.cookie = '_fbp=fb.1.5.6'; {STUB};
    beacon('event', 'plain'); beacon('purchase', {{transaction_id: 't', value: 9.5, currency: 'EUR',
    items: [{{sku: 's', price: 9.5, quantity: 1}}]}}); beacon('identify', {{email: 'jo@example.com'}});</script>"""
    page = world.open(world.page("/", head=head))
    world.beacon.wait_of("event", 2)
    page.evaluate("beacon('consent', {analytics: true, marketing: true}); beacon('identify', {id: 'u1'})")
    page.evaluate("beacon('purchase', {transaction_id: 't2', value: 1, currency: 'EUR'})")
    [identify] = world.beacon.wait_of("identify")
    world.beacon.wait_of("event", 4)
    events = {event.get("transaction_id") or event["name"]: event for event in world.beacon.of("event")}
    assert events["t"]["items"] == [{"sku": "s", "price": 9.5, "quantity": 1}]
    assert events["t2"]["match"] == {"ga_client_id": "11.22", "fbp": "fb.1.5.6"}
    assert [name for name, event in events.items() if "match" in event] == ["t2"]
    assert identify["user"] == {"id": "u1"}
