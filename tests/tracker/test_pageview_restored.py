import pytest

from tests.tracker.conftest import World

pytestmark = pytest.mark.whole_browser
# Engaged time begins a moment before the view has its own, and a busy machine may stop in between. Not started anew, it
# would be longer by all the time that the page was open before, which is half a second at least.
MOMENT_MS = 200


def test_a_page_out_of_the_back_forward_cache_is_a_new_page_view(world: World) -> None:
    """The real cache: the page's own variable is still there."""
    first = world.page("/")
    world.page("/next")
    page = world.open(first)
    [before] = world.beacon.wait_of("pageview")
    world.wait_answered(page)
    page.evaluate("window.kept = true")
    page.goto(world.site_url + "/next")
    world.beacon.wait_of("pageview", 2)
    page.evaluate("setTimeout(() => history.back())")
    after = world.beacon.wait_of("pageview", 3)[2]
    assert page.evaluate("window.kept")
    assert after["url"] == first
    assert after["id"] != before["id"]
    assert "referrer" not in after


def test_engagement_starts_anew_on_a_restored_page(world: World) -> None:
    first = world.page("/")
    world.page("/next")
    page = world.open(first)
    world.wait_answered(page)
    page.goto(world.site_url + "/next")
    world.beacon.wait_of("pageview", 2)
    page.evaluate("setTimeout(() => history.back())")
    restored = world.beacon.wait_of("pageview", 3)[2]
    page.goto(world.site_url + "/next")
    world.beacon.wait(lambda: any(event["page_id"] == restored["id"] for event in world.beacon.of("engagement")))
    engaged = [event for event in world.beacon.of("engagement") if event["page_id"] == restored["id"]]
    assert engaged[0]["engaged_ms"] <= engaged[0]["at"] - restored["at"] + MOMENT_MS
