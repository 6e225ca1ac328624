"""A visitor's way through a single-page app, and what was counted of it."""

import json
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from playwright.sync_api import Page

from tests.tracker.conftest import World
from tests.tracker.recorder import Page as Served

FOLDER = Path(__file__).parent / "apps"
SHELL = '<div id="root"></div>'
Step = Callable[[Page], Any]
# The tracker reads the title whenever it sends. Without anything new it does so when it has the answer to what it sent
# before, and once two seconds after its start: in either moment a step's address could be there without its title.
IS_QUIET = """([answers, startedAt, from, until]) => {
    const now = performance.now(), age = Date.now() - startedAt;
    const done = performance.getEntriesByType("resource").filter(
        e => e.name.endsWith("/track/batch") && e.responseEnd && e.responseEnd + 50 < now);
    return done.length >= answers && (age < from || age > until);
}"""
SENDS_AGAIN_MS = (1_000, 2_300)


@cache
def apps() -> dict[str, str]:
    """Bundle the apps, once a process. Return their code by name."""
    done = subprocess.run(["node", str(FOLDER / "bundle.mjs")], check=True, stdout=subprocess.PIPE)
    bundled: dict[str, str] = json.loads(done.stdout)
    return bundled


def put_app(world: World, name: str) -> str:
    """Put an app's script on the client's site. Return the element that runs it once the page is there."""
    world.site.pages[f"/{name}.js"] = Served(apps()[name], {"Content-Type": "text/javascript"})
    return f'<script defer src="/{name}.js"></script>'


@dataclass(frozen=True)
class Seen:
    """A page view as the server got it, addresses without their host."""

    url: str
    title: str
    referrer: str


def follow(text: str) -> Step:
    return lambda page: page.get_by_role("link", name=text, exact=True).click()


def press(text: str) -> Step:
    return lambda page: page.get_by_role("button", name=text, exact=True).click()


def back(page: Page) -> None:
    page.evaluate("history.back()")


def forward(page: Page) -> None:
    page.evaluate("history.forward()")


def walk(world: World, page: Page, *steps: Step) -> list[Seen]:
    """Take each step when the view of the one before has arrived. Return all views, also any that came too many."""
    world.beacon.wait_of("pageview")
    for count, step in enumerate(steps, 2):
        wait_quiet(world, page)
        step(page)
        world.beacon.wait_of("pageview", count)
    return views(world, page)


def wait_quiet(world: World, page: Page) -> None:
    """Wait until the tracker sends nothing before it has recorded something new, nor in the moments that follow."""
    seen = world.beacon.of("pageview")
    ids = {view["id"] for view in seen}
    # A page that was open before and is closed by now may have left something too.
    answers = sum(any(event["page_id"] in ids for event in sent.events) for sent in world.beacon.received)
    page.wait_for_function(IS_QUIET, arg=[answers, seen[0]["at"], *SENDS_AGAIN_MS])


def views(world: World, page: Page) -> list[Seen]:
    """Return the page views that there are once a last event has come, which everything else precedes."""
    page.evaluate("beacon('event', 'last')")
    world.beacon.wait(lambda: any(event["name"] == "last" for event in world.beacon.of("event")))

    def path(url: str) -> str:
        return url.removeprefix(world.site_url)

    return [
        Seen(path(view["url"]), view.get("title", "(none)"), path(view.get("referrer", "")))
        for view in world.beacon.of("pageview")
    ]
