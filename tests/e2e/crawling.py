"""Reading a website in several tabs at once: by its links, back and forth, and gone in the middle of a click."""

import random

from playwright.sync_api import BrowserContext, Error, Page

# Each returns the document's beginning where another document is to come, and 0 where none is.
FOLLOW = """pick => {
    const all = [...document.links].filter(a => a.origin == location.origin && a.pathname.endsWith(".html"));
    const others = all.filter(a => a.pathname != location.pathname);
    if (others.length) others[Math.floor(pick * others.length)].click();
    return others.length && performance.timeOrigin;
}"""
PART = "() => { location.hash = 'part'; return 0 }"
BACK = "() => { const can = navigation.canGoBack; if (can) history.back(); return 0 }"
FORWARD = "() => { const can = navigation.canGoForward; if (can) history.forward(); return 0 }"
# Closed before, a page may be gone before a busy browser has sent what it handed over at the end.
IS_COUNTED = """() => performance.getEntriesByType("resource").some(
    e => e.name.endsWith("/track/batch") && e.responseEnd && e.startTime > (self.returnedAt || 0))"""
HAS_COME = "before => performance.timeOrigin != before && document.readyState == 'complete'"


class Crawl:
    """The same seed takes the same way, as far as the browser's own timing lets it."""

    def __init__(self, context: BrowserContext, start: str, *, tabs: int, seed: int) -> None:
        self.context = context
        self.start = start
        self.chance = random.Random(seed)
        self.tabs = [self._open() for _ in range(tabs)]

    def round(self) -> None:
        """Do something in every tab at once, then wait until each shows its page."""
        waiting = [(index, self._act(index)) for index in range(len(self.tabs))]
        for index, before in waiting:
            if before:
                self.tabs[index].wait_for_function(HAS_COME, arg=before)

    def _open(self) -> Page:
        page = self.context.new_page()
        page.goto(self.start)
        return page

    def _act(self, index: int) -> float:
        page = self.tabs[index]
        kind = self.chance.choices(["follow", "back", "forward", "part", "leave"], [14, 2, 1, 1, 2])[0]
        if kind == "leave":
            page.wait_for_function(IS_COUNTED)
            page.evaluate(FOLLOW, self.chance.random())
            page.close()
            self.tabs[index] = self._open()
            return 0
        script = {"follow": FOLLOW, "back": BACK, "forward": FORWARD, "part": PART}[kind]
        try:
            return float(page.evaluate(script, self.chance.random()))
        except Error as error:
            # A way back of the round before, which nobody has waited for, has come just now.
            if "context was destroyed" not in str(error):
                raise
            return 0
