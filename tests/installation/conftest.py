"""Fixtures of the installation check: a world of pages, and one Chromium behind one guard for a file's pages."""

import asyncio
import os
from collections.abc import Callable, Iterator
from contextlib import AsyncExitStack
from threading import Thread
from typing import Any

import pytest
from playwright.async_api import Browser, async_playwright

from apps.installation.browser.job import Job
from apps.installation.browser.launching import chromium_find, launch_arguments
from apps.installation.browser.program import look
from apps.installation.browser.proxy import GuardProxy
from apps.installation.consent_tools import GLOBALS
from apps.installation.fetching import page_fetch
from apps.installation.findings import Fetched, Findings, SiteFacts, Visit, visit_read
from apps.installation.running import findings_of

from .world import KEY, World, world_up

# The pages here are small: whoever hasn't sent by then won't.
SETTLE = 0.8
AT_ONCE = 6


@pytest.fixture(scope="module")
def world() -> Iterator[World]:
    with world_up() as world:
        yield world


@pytest.fixture(autouse=True)
def fresh_world(request: pytest.FixtureRequest) -> None:
    if "world" in request.fixturenames:
        world = request.getfixturevalue("world")
        world.posts.clear()
        world.door_answers = None


def job_of(world: World, **fields: Any) -> Job:
    told: dict[str, Any] = {
        "script_url": f"{world.track}/b.js",
        "site_key": KEY,
        "seconds": 15.0,
        "folder": "",
        "chromium": chromium_find(),
        "user_agent": "Mozilla/5.0 (X11; Linux x86_64) Chrome/147.0.0.0 BeaconCheck/1",
        "allows_private": True,
        "pins": world.pins,
        "globals": GLOBALS,
    }
    return Job(**(told | fields))


class SharedBrowser:
    """One browser and one proxy on an event loop of their own thread; each page in a context of its own."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._loop = asyncio.new_event_loop()
        self._thread = Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        self._stack = AsyncExitStack()
        self._browser: Browser
        self._proxy: GuardProxy
        self._call(self._start())

    def open(self, url: str, *, settle: float = SETTLE) -> Visit:
        return visit_read(self._call(self._look(url, settle)))

    def open_all(self, urls: list[str]) -> list[Visit]:
        """Open many pages, AT_ONCE at a time. A loaded page is given longer: the machine is busy with the others."""

        async def look_all() -> list[dict[str, Any]]:
            free = asyncio.Semaphore(AT_ONCE)

            async def one(url: str) -> dict[str, Any]:
                async with free:
                    return await self._look(url, 2 * SETTLE)

            return await asyncio.gather(*map(one, urls))

        return [visit_read(told) for told in self._call(look_all())]

    def close(self) -> None:
        self._call(self._stack.aclose())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def _call(self, work: Any) -> Any:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(timeout=60)

    async def _start(self) -> None:
        self._proxy = await self._stack.enter_async_context(GuardProxy(self._world.guard()))
        playwright = await self._stack.enter_async_context(async_playwright())
        arguments = launch_arguments(self._proxy.url, has_sandbox=os.geteuid() != 0)
        self._browser = await playwright.chromium.launch(executable_path=chromium_find(), args=arguments)
        self._stack.push_async_callback(self._browser.close)

    async def _look(self, url: str, settle: float) -> dict[str, Any]:
        job = job_of(self._world)
        context = await self._browser.new_context(user_agent=job.user_agent)
        try:
            return await look(job, url, context, self._proxy, settle=settle)
        finally:
            await context.close()


@pytest.fixture(scope="module")
def browser(world: World) -> Iterator[SharedBrowser]:
    shared = SharedBrowser(world)
    yield shared
    shared.close()


Look = Callable[..., Findings]


@pytest.fixture
def look_at(world: World, browser: SharedBrowser) -> Look:
    """Return what a whole check finds at an address, by the stages that a check has."""

    def look_at(url: str, facts: SiteFacts | None = None) -> Findings:
        fetched = page_fetch(url, guard=world.guard(), seconds=5)
        visit = Visit() if fetched.trouble.kind else browser.open(url)
        return findings_of(facts or world.facts(), start_url=url, fetched=fetched, visit=visit)

    return look_at


def found_at(world: World, page: str, visit: Visit, facts: SiteFacts | None = None) -> Findings:
    """Return what is found at a page whose visit is known."""
    url = world.url(page)
    fetched: Fetched = page_fetch(url, guard=world.guard(), seconds=5)
    return findings_of(facts or world.facts(), start_url=url, fetched=fetched, visit=visit)
