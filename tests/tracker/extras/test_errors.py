"""JavaScript errors: what was said and where, each once, nothing of a person."""

from playwright.sync_api import Page

from tests.tracker.conftest import World
from tests.tracker.extras.conftest import Json, Visit, settle

FAIL = """self.fail = message => { throw new RangeError(message) };
self.reject = reason => { Promise.reject(reason) };
self.breakdown = () => Promise.reject(new TypeError("broken down"));
"""


def _open(world: World, visit: Visit) -> Page:
    world.site.scripts["/app.js"] = FAIL
    return visit("errors", head='<script src="/app.js?v=77"></script>')


def _errors(world: World, page: Page) -> list[Json]:
    settle(world, page)
    # The pages' errors are this test's own doing.
    world.failures.clear()
    page.evaluate("failures = []")
    return world.beacon.of("error")


def test_an_error_tells_what_and_where_once(world: World, visit: Visit) -> None:
    page = _open(world, visit)
    page.evaluate("for (let i = 0; i < 3; i++) setTimeout(fail, 0, 'too far'); setTimeout(breakdown)")
    page.wait_for_function("self.failures && failures.length == 4")
    first, second = _errors(world, page)
    assert first["name"] == "RangeError"
    assert first["props"] == {"message": "Uncaught RangeError: too far", "file": "/app.js", "line": 1, "column": 32}
    assert second["name"] == "TypeError"
    assert second["props"] == {"message": "broken down", "file": "/app.js", "line": 3, "column": 39}


def test_nothing_personal_is_in_it(world: World, visit: Visit) -> None:
    page = _open(world, visit)
    said = [
        "no user jane@doe.example with card 4111 1111 1111 1111",
        "GET https://api.example/me?token=abc#jane failed",
        'value "Jane Doe" is not valid',
        f"key {'a1' * 20} expired",
        "x" * 500,
    ]
    for number, message in enumerate(said, 1):
        page.evaluate("message => { setTimeout(reject, 0, message) }", message)
        page.wait_for_function(f"self.failures && failures.length == {number}")
    page.evaluate("setTimeout(reject, 0, {mail: 'jane@doe.example'})")
    page.wait_for_function("failures.length == 6")
    assert [error["props"]["message"] for error in _errors(world, page)] == [
        "no user [email] with card [number]",
        "GET https://api.example/me failed",
        'value "..." is not valid',
        "key [secret] expired",
        "[secret]",
        "Unhandled rejection",
    ]


def test_at_most_ten_a_page(world: World, visit: Visit) -> None:
    page = _open(world, visit)
    page.evaluate("for (let i = 0; i < 14; i++) setTimeout(fail, 0, 'number ' + i)")
    page.wait_for_function("self.failures && failures.length == 14")
    assert len(_errors(world, page)) == 10


def test_what_is_no_error_of_the_site(world: World, visit: Visit) -> None:
    page = _open(world, visit)
    page.evaluate("""() => {
        const tell = (message, filename) => dispatchEvent(new ErrorEvent("error", {message, filename}));
        tell("ResizeObserver loop completed with undelivered notifications.", location.href);
        tell("Uncaught Error: an add-on's", "chrome-extension://abcdef/content.js");
        tell("Uncaught Error: an add-on's", "moz-extension://abcdef/content.js");
        return new Promise(done => {
            const image = new Image();
            image.onerror = done;
            image.src = "data:image/png,broken";
            document.body.append(image);
        });
    }""")
    assert _errors(world, page) == []


def test_of_other_hosts_scripts_browsers_say_little(world: World, visit: Visit) -> None:
    world.beacon.scripts["/lib.js"] = FAIL.replace("self.fail", "document.onclick = () => fail(''); self.fail")
    page = visit("errors", head=f'<script src="{world.beacon_url}/lib.js"></script>')
    page.click("html")
    page.click("html")
    page.evaluate(
        """dispatchEvent(new ErrorEvent("error",
        {message: "x", filename: "https://cdn.example/lib.js?key=1", lineno: 2, colno: 3}))"""
    )
    first, second = _errors(world, page)
    assert (first["name"], first["props"]) == ("Error", {"message": "Script error."})
    assert second["props"] == {"message": "x", "file": "cdn.example/lib.js", "line": 2, "column": 3}
