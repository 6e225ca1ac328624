"""The extras as they are built, handed to the page by the real core, as the door's answer names them."""

import json
import shutil
import subprocess
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page

from tests.tracker.conftest import ROOT, World
from tests.tracker.recorder import Answer

Json = dict[str, Any]
LOADED = "\n;self.extrasLoaded = (self.extrasLoaded || 0) + 1"
RUNNING = """count => new Promise(done => {
    const look = () => self.extrasLoaded == count ? done() : setTimeout(look, 5);
    look();
})"""

Visit = Callable[..., Page]


@pytest.fixture(scope="session")
def extra_scripts() -> dict[str, str]:
    """The code of every extra by its name."""
    node = shutil.which("node")
    assert node, "Node isn't installed; the tracker is built with it."
    program = (
        "import('./tracker_js/build.mjs').then(m => m.extras()).then(found => process.stdout.write(JSON.stringify("
        "Object.fromEntries(Object.entries(found).map(([name, code]) => [name, String(code)])))))"
    )
    built = subprocess.run([node, "-e", program], cwd=ROOT, check=True, stdout=subprocess.PIPE).stdout
    return dict(json.loads(built))


@pytest.fixture
def visit(world: World, extra_scripts: dict[str, str]) -> Visit:
    """Open a page of the client's site whose tag has these extras on; return it when they run."""

    def open_page(names: str, *, path: str = "/", **parts: Any) -> Page:
        paths = [f"x/{name}.js" for name in names.split()]
        for name in names.split():
            world.beacon.scripts[f"/api/track/x/{name}.js"] = extra_scripts[name] + LOADED
        world.beacon.always = Answer(body=json.dumps({"accepted": 1, "extras": paths}).encode())
        page = world.open(world.page(path, **parts))
        # Playwright's own way of waiting is forbidden by strict policies.
        page.evaluate(RUNNING, len(paths))
        return page

    return open_page


def named(world: World, *names: str) -> list[Json]:
    """Return the events of these names that came."""
    return [event for event in world.beacon.of("event") if event["name"] in names]


def settle(world: World, page: Page) -> list[Json]:
    """Return all events that the page has recorded so far, in the order in which they happened.

    What is queued comes with a last event, which is left out: the network's return has the queue sent at once. It may
    overtake a request that was on its way, but not once more.
    """
    for _ in range(2):
        last = f"settled_{len(world.beacon.events)}"
        page.evaluate(f"beacon('event', '{last}'); dispatchEvent(new Event('online'))")
        world.beacon.wait(lambda: named(world, last))  # noqa: B023
    told = [event for event in world.beacon.events if not event.get("name", "").startswith("settled_")]
    return sorted(told, key=lambda event: event["at"])
