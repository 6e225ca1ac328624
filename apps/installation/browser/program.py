"""`python -m apps.installation.browser.program`: open one page in Chromium as a visitor would, print what was seen.

Reads a Job as one line of standard input and starts the browser; a second line is the address to open, so that the
browser starts while the caller is still asking for the page. Prints one JSON object. Its input stays open while the
caller lives: when it ends, so does this program, and Chromium with it.
"""

import asyncio
import json
import os
import sys
from pathlib import Path
from typing import Any, NoReturn

from playwright.async_api import BrowserContext, Error, Page, async_playwright
from playwright.async_api import TimeoutError as PlaywrightTimeout

from .job import Job, job_read
from .launching import launch_arguments, program_prepare
from .proxy import GuardProxy
from .watching import Watcher

MOST_HTML = 2 * 2**20
# How long a page that is loaded may take to put the tag in, and the tag to send. The tag itself takes none of it.
SETTLE_SECONDS = 2.5
# What a busy page may take to say what it has become.
STATE_SECONDS = 3.0
LOOK = """(names) => ({
  found: names.filter((name) => { try { return typeof self[name] !== "undefined"; } catch (e) { return true; } }),
  runs: typeof self.beacon === "function",
  denied: (self.dataLayer && Array.isArray(self.dataLayer) ? self.dataLayer : []).some((entry) =>
    entry && entry[0] === "consent" && entry[1] === "default" && entry[2] && entry[2].analytics_storage === "denied"),
})"""


async def visit(job: Job, url: "asyncio.Future[str]") -> NoReturn:
    """Print what is seen on the page, as findings.Visit has it, and end: closing a browser only takes time."""
    program, has_sandbox = program_prepare(job.chromium, Path(job.folder))
    async with GuardProxy(job.guard()) as proxy, async_playwright() as playwright:
        context = await playwright.chromium.launch_persistent_context(
            str(Path(job.folder) / "profile"),
            executable_path=program,
            headless=True,
            chromium_sandbox=has_sandbox,
            args=launch_arguments(proxy.url, has_sandbox=has_sandbox),
            user_agent=job.user_agent,
            viewport={"width": 1366, "height": 900},
            locale="en-GB",
            accept_downloads=False,
            timeout=1000 * job.seconds,
        )
        tell(await look(job, await url, context, proxy))


async def look(
    job: Job, url: str, context: BrowserContext, proxy: GuardProxy, *, settle: float = SETTLE_SECONDS
) -> dict[str, Any]:
    """Return what is seen at `url`, as findings.Visit has it. `settle`: how long a loaded page may take to send."""
    page = context.pages[0] if context.pages else await context.new_page()
    page.on("dialog", lambda dialog: asyncio.ensure_future(dialog.dismiss()))
    watcher = Watcher(script_url=job.script_url, site_key=job.site_key)
    await watcher.attach(context, page)
    outcome, why, status = "seen", "", 0
    try:
        answer = await page.goto(url, wait_until="domcontentloaded", timeout=1000 * job.seconds)
        status = answer.status if answer else 0
        await _settle(page, watcher, settle)
    except PlaywrightTimeout:
        outcome, why = "failed", "it wasn’t loaded in time"
    except Error as error:
        outcome, why = "failed", _first_line(error)
    await watcher.finish()
    seen = await _state(page, list(job.globals)) if outcome == "seen" else {}
    for entry in [*watcher.scripts.values(), *watcher.sent]:
        if not entry.get("status") and (failure := proxy.failures.get(_host(entry["url"]))):
            entry["failure"] = failure
    return {
        "outcome": outcome,
        "why": why,
        "url": page.url[:2000],
        "status": status,
        "scripts": list(watcher.scripts.values()),
        "sent": watcher.sent,
        "violations": watcher.violations,
        "errors": watcher.errors,
        "refused": proxy.refused[:20],
        "mentions_tag": watcher.mentions_tag,
        "globals": list(dict.fromkeys(job.globals[name] for name in seen.get("found", []))),
        "runs": bool(seen.get("runs")),
        "consent_denied": bool(seen.get("denied")),
        "body": seen.get("body", ""),
        "milliseconds": watcher.now_ms,
    }


async def _settle(page: Page, watcher: Watcher, seconds: float) -> None:
    """Wait until the tag has its answer, or a loaded page has had its time to make it send."""
    answered = asyncio.ensure_future(watcher.answered.wait())
    loaded = asyncio.ensure_future(page.wait_for_load_state("load", timeout=0))
    try:
        await asyncio.wait({answered, loaded}, return_when=asyncio.FIRST_COMPLETED)
        if not answered.done():
            await asyncio.wait({answered}, timeout=seconds)
    finally:
        answered.cancel()
        loaded.cancel()


async def _state(page: Page, names: list[str]) -> dict[str, Any]:
    try:
        seen: dict[str, Any] = await asyncio.wait_for(page.evaluate(LOOK, names), STATE_SECONDS)
        body = await asyncio.wait_for(page.content(), STATE_SECONDS)
    except (Error, TimeoutError):
        return {}
    return seen | {"body": body[:MOST_HTML]}


def _host(url: str) -> str:
    return url.partition("://")[2].partition("/")[0].rpartition("@")[2].partition(":")[0]


def _first_line(error: Error) -> str:
    return error.message.splitlines()[0].removeprefix("Page.goto: ")[:200]


def tell(told: dict[str, Any]) -> NoReturn:
    sys.stdout.write(json.dumps(told))
    sys.stdout.flush()
    # Whatever still waits (a name being looked up, a page that won't close) has nothing to add.
    os._exit(0)


async def main() -> None:
    lines = asyncio.StreamReader()
    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(lines), sys.stdin)
    job = job_read((await lines.readline()).decode())
    url: asyncio.Future[str] = asyncio.get_running_loop().create_future()
    working = asyncio.ensure_future(visit(job, url))
    listening = asyncio.ensure_future(_listen(lines, url))
    await asyncio.wait({working, listening}, timeout=job.seconds, return_when=asyncio.FIRST_COMPLETED)
    if working.done():
        working.result()
    tell({"outcome": "failed", "why": "it wasn’t loaded in time" if url.done() else "the browser didn’t start in time"})


async def _listen(lines: asyncio.StreamReader, url: "asyncio.Future[str]") -> None:
    """Take the address when it comes, and end when the caller has gone."""
    line = (await lines.readline()).decode().strip()
    if line:
        url.set_result(line)
        await lines.read()


if __name__ == "__main__":
    try:
        asyncio.run(main())
    except Error as error:
        tell({"outcome": "failed", "why": f"the browser doesn’t start ({_first_line(error)})"})
