"""Browsers that lack what the tracker would use: they do less, or nothing, and the page hears nothing of it."""

import pytest

from tests.tracker.conftest import World

LACKING = {
    "performance": "performance",
    "storage": "localStorage sessionStorage",
    "requests": "fetch Request Response Headers",
    "promises": "Promise queueMicrotask",
    "observers": "MutationObserver PerformanceObserver IntersectionObserver",
    "newer addresses": "URLSearchParams navigation trustedTypes",
    "nearly everything": "performance localStorage fetch Intl matchMedia history URL Promise screen trustedTypes",
}
OF_THE_BROWSER = "sendBeacon connection languages maxTouchPoints webdriver globalPrivacyControl doNotTrack"


def without(names: str, *, of: str = "window", prototype: str = "window") -> str:
    listed = ", ".join(f"'{name}'" for name in names.split())
    return (
        f"<script>[{listed}].map(name => {{ delete {prototype}[name];"
        f"Object.defineProperty({of}, name, {{value: undefined}}) }})</script>"
    )


@pytest.mark.parametrize("lacking", [*LACKING.values()], ids=[*LACKING])
@pytest.mark.parametrize("attributes", ["", 'data-consent="required" data-storage'], ids=["core", "consent part"])
def test_what_a_window_lacks_surfaces_nowhere(world: World, lacking: str, attributes: str) -> None:
    page = world.open(world.page("/", head=without(lacking), tag=world.tag(attributes)))
    page.evaluate("window.beacon && (beacon('consent', {analytics: true}), beacon('event', 'x'))")
    page.evaluate("dispatchEvent(new Event('pagehide')); dispatchEvent(new PopStateEvent('popstate')); scrollTo(0, 1)")


def test_a_navigator_that_says_next_to_nothing_is_counted_all_the_same(world: World) -> None:
    world.beacon.allowed_problems = {f"context.{name} is missing" for name in ("languages", "webdriver")}
    head = without(OF_THE_BROWSER, of="navigator", prototype="Navigator.prototype")
    world.open(world.page("/", head=head))
    assert len(world.beacon.wait_of("pageview")) == 1
