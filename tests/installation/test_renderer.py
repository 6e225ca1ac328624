"""The browser as a process: what it may reach, how long and how large it may grow, and that nothing of it stays."""

import time
from dataclasses import replace

import psutil
import pytest

from apps.installation.browser.launching import chromium_find
from apps.installation.rendering import Renderer

from .conftest import job_of
from .world import DOOR, HOST, World


def left_over(renderer: Renderer) -> list[str]:
    """Return what still runs of a check. Others may run at the same time, in other processes of the suite."""
    found = []
    for process in psutil.process_iter(["cmdline"]):
        text = " ".join(process.info["cmdline"] or [])
        if renderer.folder in text:
            found.append(text)
    ours = " ".join(" ".join(child.cmdline()) for child in psutil.Process().children() if child.is_running())
    return found + (["the program"] if "apps.installation.browser.program" in ours else [])


def test_a_page_is_seen_and_private_addresses_are_not_reached(world: World) -> None:
    pins = world.pins | {"rebound.example": "10.0.0.2"}
    allowed = [(HOST, world.port), (DOOR, world.port)]
    with Renderer(job_of(world, allows_private=False, allowed=allowed, pins=pins, seconds=90.0)) as renderer:
        visit = renderer.open(world.url("private"))
    assert (visit.outcome, visit.status, [one.status for one in visit.sent]) == ("seen", 200, [202])
    assert sorted(visit.refused) == ["10.0.0.1", "rebound.example"]
    assert left_over(renderer) == []


def test_a_page_that_never_comes_ends_in_time(world: World) -> None:
    begun = time.monotonic()
    with Renderer(job_of(world, seconds=4.0)) as renderer:
        visit = renderer.open(world.url("never", "slow.example"))
    assert visit.outcome == "failed"
    assert "in time" in visit.why
    assert time.monotonic() - begun < 30  # the page would never come
    assert left_over(renderer) == []


def test_a_page_that_takes_too_much_memory_is_ended(world: World) -> None:
    with Renderer(job_of(world), most_memory=2**20) as renderer:
        visit = renderer.open(world.url("well"))
    assert (visit.outcome, visit.why) == ("failed", "it takes more memory than a page may")
    assert left_over(renderer) == []


@pytest.mark.parametrize("program", ["/bin/false", "/nowhere/chromium"])
def test_a_browser_that_doesnt_start_says_so(world: World, program: str) -> None:
    with Renderer(replace(job_of(world), chromium=program, seconds=90.0)) as renderer:
        visit = renderer.open(world.url("well"))
    assert (visit.outcome, "browser" in visit.why) == ("failed", True)


def test_one_that_is_not_opened_leaves_nothing(world: World) -> None:
    with Renderer(job_of(world)) as renderer:
        pass
    assert left_over(renderer) == []


def test_only_a_program_is_a_browser(tmp_path: object) -> None:
    assert chromium_find("/bin/sh") == "/bin/sh"
    assert chromium_find("/nowhere/chromium") == ""
    assert chromium_find(str(tmp_path)) == ""
