"""What happens on a page while it is open: requests to Beacon, policy violations, script errors. Bounded lists."""

import asyncio
import re
import time
from typing import Any

from playwright.async_api import BrowserContext, Error, Page, Response
from playwright.async_api import Request as BrowserRequest

MOST = 200
MOST_TEXT = 300
MOST_SCRIPT_BYTES = 2 * 2**20
WHERE = re.compile(r"(https?://[^\s)]+?):(\d+):\d+")
FORBIDDEN = "kContentSecurityPolicy"


class Watcher:
    """Notes what concerns the tag. `sent`: what carries a site key to a door; `scripts`: all scripts, tag or not."""

    def __init__(self, *, script_url: str, site_key: str) -> None:
        self._begun = time.monotonic()
        self._script_url = script_url
        self._names = (site_key, script_url.partition("://")[2])
        self.scripts: dict[str, dict[str, Any]] = {}
        self.sent: list[dict[str, Any]] = []
        self.violations: list[dict[str, Any]] = []
        self.errors: list[dict[str, Any]] = []
        self.mentions_tag = False
        self.answered = asyncio.Event()
        self._open: dict[BrowserRequest, dict[str, Any]] = {}
        self._readings: set[asyncio.Task[None]] = set()

    async def attach(self, context: BrowserContext, page: Page) -> None:
        page.on("request", self._requested)
        page.on("response", self._responded)
        page.on("requestfailed", self._failed)
        page.on("pageerror", self._broke)
        session = await context.new_cdp_session(page)
        session.on("Audits.issueAdded", self._issue)
        await session.send("Audits.enable")

    @property
    def now_ms(self) -> int:
        return round(1000 * (time.monotonic() - self._begun))

    async def finish(self) -> None:
        """Wait for scripts that are being read."""
        if self._readings:
            await asyncio.wait(self._readings, timeout=1.0)

    def _requested(self, request: BrowserRequest) -> None:
        if len(self._open) >= MOST * 5:
            return
        entry: dict[str, Any] = {"url": request.url[:2000], "at_ms": self.now_ms, "kind": request.resource_type}
        if request.resource_type == "script":
            self.scripts.setdefault(request.url, entry)
            self._open[request] = self.scripts[request.url]
        elif _carries_events(request) and len(self.sent) < MOST:
            self.sent.append(entry)
            self._open[request] = entry

    def _responded(self, response: Response) -> None:
        entry = self._open.get(response.request)
        if entry is None:
            return
        headers = response.headers
        entry["status"] = 0 if "x-beacon-check" in headers else response.status
        entry["reason"] = headers.get("beacon-reason", "")[:MOST_TEXT]
        if entry in self.sent:
            self.answered.set()
        else:
            entry["kind"] = headers.get("content-type", "").partition(";")[0][:80]
            reading = asyncio.ensure_future(self._read(response))
            self._readings.add(reading)
            reading.add_done_callback(self._readings.discard)

    async def _read(self, response: Response) -> None:
        """See whether a script of the page is to put the tag in."""
        if self.mentions_tag or response.url.partition("?")[0] == self._script_url or not response.ok:
            return
        try:
            body = await response.body()
        except Error:
            return
        text = body[:MOST_SCRIPT_BYTES].decode("utf-8", "replace")
        self.mentions_tag = self.mentions_tag or any(name in text for name in self._names)

    def _failed(self, request: BrowserRequest) -> None:
        entry = self._open.get(request)
        if entry is not None:
            entry["failure"] = (request.failure or "failed")[:MOST_TEXT]
            if entry in self.sent:
                self.answered.set()

    def _broke(self, error: Error) -> None:
        if len(self.errors) < 20:
            found = WHERE.search(error.stack or "")
            where = f"{found.group(1)}, line {found.group(2)}" if found else ""
            text = f"{error.name or 'Error'}: {error.message}" if getattr(error, "name", "") else str(error)
            self.errors.append({"text": text[:MOST_TEXT], "where": where[:MOST_TEXT], "at_ms": self.now_ms})

    def _issue(self, event: dict[str, Any]) -> None:
        details = event.get("issue", {}).get("details", {}).get("contentSecurityPolicyIssueDetails")
        if not details or details.get("isReportOnly") or len(self.violations) >= MOST:
            return
        directive = str(details.get("violatedDirective", "")).split(" ")[0]
        url = str(details.get("blockedURL", ""))[:2000]
        self.violations.append({"directive": directive, "url": url, "at_ms": self.now_ms})


def _carries_events(request: BrowserRequest) -> bool:
    if "/api/track/pixel.gif" in request.url:
        return True
    if request.method != "POST":
        return False
    body = request.post_data_buffer or b""
    return b'"site_key"' in body[:MOST_SCRIPT_BYTES] and b'"events"' in body[:MOST_SCRIPT_BYTES]
