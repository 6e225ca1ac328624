from datetime import UTC, datetime

from tests.tracker.acting import hide, show, timeless_page
from tests.tracker.conftest import World

TALL = '<div style="height: 2880px">tall</div>'


def test_it_tells_the_time_engaged_when_the_page_is_hidden(world: World) -> None:
    page = timeless_page(world.context)
    page.goto(world.page("/"))
    page.clock.run_for(600)
    [view] = world.beacon.wait_of("pageview")
    page.clock.run_for(12_000)
    hide(page)
    [engagement] = world.beacon.wait_of("engagement")
    assert engagement["page_id"] == view["id"]
    assert 12_000 <= engagement["engaged_ms"] < 14_000


def test_half_a_minute_without_a_sign_of_life_stops_it(world: World) -> None:
    page = timeless_page(world.context)
    page.goto(world.page("/"))
    page.clock.run_for(600)
    world.beacon.wait_of("pageview")
    page.clock.fast_forward(600_000)
    page.mouse.move(10, 10)
    page.clock.run_for(5_000)
    hide(page)
    [engagement] = world.beacon.wait_of("engagement")
    assert 35_000 <= engagement["engaged_ms"] < 37_000


def test_hidden_time_is_not_engaged_and_totals_go_on(world: World) -> None:
    page = timeless_page(world.context)
    page.goto(world.page("/"))
    page.clock.run_for(2_000)
    world.beacon.wait_of("pageview")
    hide(page)
    page.clock.run_for(20_000)
    show(page)
    page.clock.run_for(3_000)
    hide(page)
    first, second = world.beacon.wait_of("engagement", 2)
    assert first["page_id"] == second["page_id"]
    assert first["id"] != second["id"]
    assert 2_000 <= first["engaged_ms"] < 3_000
    assert 5_000 <= second["engaged_ms"] < 7_000


def test_a_clock_set_back_takes_nothing_away(world: World) -> None:
    page = timeless_page(world.context)
    page.goto(world.page("/"))
    page.clock.run_for(4_000)
    world.beacon.wait_of("pageview")
    page.mouse.move(10, 10)
    page.clock.set_system_time(datetime(2024, 2, 29, 12, tzinfo=UTC))
    page.mouse.move(20, 20)
    hide(page)
    [engagement] = world.beacon.wait_of("engagement")
    assert 4_000 <= engagement["engaged_ms"] <= 40_000


def test_it_tells_how_far_down_the_page_was_seen(world: World) -> None:
    page = world.open(world.page("/", body=TALL))
    world.beacon.wait_of("pageview")
    page.evaluate("new Promise(done => { addEventListener('scroll', done, {once: true}); scrollTo(0, 720) })")
    page.evaluate("new Promise(done => { addEventListener('scroll', done, {once: true}); scrollTo(0, 0) })")
    hide(page)
    [engagement] = world.beacon.wait_of("engagement")
    assert 48 <= engagement["scroll_percent"] <= 50


def test_a_page_that_fits_was_seen_whole(world: World) -> None:
    page = world.open(world.page("/"))
    world.beacon.wait_of("pageview")
    hide(page)
    [engagement] = world.beacon.wait_of("engagement")
    assert engagement["scroll_percent"] == 100


def test_a_real_departure_tells_it_once(world: World) -> None:
    first = world.page("/")
    world.page("/next", tag="")
    page = world.open(first)
    world.beacon.wait_of("pageview")
    page.goto(world.site_url + "/next")
    world.beacon.wait_of("engagement")
    page.goto("about:blank")
    assert len(world.beacon.of("engagement")) == 1
