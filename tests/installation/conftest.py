"""Fixtures of the installation check: a world of pages, and one Chromium behind one guard for a file's pages."""

import asyncio
import os
from collections.abc import Iterator
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
from tests.browser import shell_path

from .world import HOST, KEY, World, world_up

# The pages here are small: whoever hasn't sent by then won't, though the machine is busy with others. A page that sends
# isn't waited for so long, and those that don't are waited for side by side.
SETTLE = 8.0
AT_ONCE = 12


@pytest.fixture(scope="module")
def world() -> Iterator[World]:
    with world_up() as world:
        yield world


def job_of(world: World, **fields: Any) -> Job:
    told: dict[str, Any] = {
        "script_url": f"{world.track}/b.js",
        "site_key": KEY,
        "seconds": 45.0,
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

    def open_all(self, urls: list[str]) -> list[Visit]:
        """Return what is seen at each address, AT_ONCE open at a time."""

        async def look_all() -> list[dict[str, Any]]:
            free = asyncio.Semaphore(AT_ONCE)

            async def one(url: str) -> dict[str, Any]:
                async with free:
                    return await self._look(url)

            return await asyncio.gather(*map(one, urls))

        return [visit_read(told) for told in self._call(look_all())]

    def close(self) -> None:
        self._call(self._stack.aclose())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def _call(self, work: Any) -> Any:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(timeout=240)

    async def _start(self) -> None:
        self._proxy = await self._stack.enter_async_context(GuardProxy(self._world.guard()))
        playwright = await self._stack.enter_async_context(async_playwright())
        arguments = launch_arguments(self._proxy.url, has_sandbox=os.geteuid() != 0)
        self._browser = await playwright.chromium.launch(
            executable_path=shell_path(playwright.chromium), args=arguments
        )
        self._stack.push_async_callback(self._browser.close)

    async def _look(self, url: str) -> dict[str, Any]:
        job = job_of(self._world)
        context = await self._browser.new_context(user_agent=job.user_agent)
        try:
            return await look(job, url, context, self._proxy, settle=SETTLE)
        finally:
            await context.close()


@pytest.fixture(scope="module")
def browser(world: World) -> Iterator[SharedBrowser]:
    shared = SharedBrowser(world)
    yield shared
    shared.close()


def found_at(world: World, page: str, visit: Visit, *, host: str = HOST, facts: SiteFacts | None = None) -> Findings:
    """Return what is found at a page whose visit is known."""
    url = world.url(page, host)
    fetched: Fetched = page_fetch(url, guard=world.guard(), seconds=5)
    return findings_of(facts or world.facts(), start_url=url, fetched=fetched, visit=visit)
