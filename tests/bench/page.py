"""What the tag costs a client's page: main thread, long tasks, layout shift; each with the tag and without.

The times are Chromium's own trace of the page's main thread, nothing twice. Loading: all of b.js (compiling, running,
its listeners) until it has been evaluated and the page has loaded. Sending: all that ran of it after that in the first
second, which is the first request, half a second on, with what it asks of the browser, and its answer. Elapsed time is
what the page waits, for other programs too; processor time leaves these out, and with them the waiting for the
browser's own processes.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from statistics import median
from typing import Any

from playwright.sync_api import Browser

from config.local.folders import CHECKOUT
from tests.bench.figures import Figure, below, plain
from tests.bench.world import World
from tests.browser import chromium
from tests.tracker import recorder

NAME = "page"
LOADS = 50
TRACKER = CHECKOUT / "static" / "dist" / "tracker"
CATEGORIES = ["devtools.timeline", "v8", "disabled-by-default-v8.compile"]
WORK = {"EvaluateScript", "v8.compile", "v8.run", "FunctionCall", "V8.CompileCode"}
TEXT = "<h2>A heading</h2><p>Words and <a href='/'>a link</a> to somewhere, as pages have them.</p>" * 120
OBSERVE = """window.seen = {tasks: 0, shift: 0};
new PerformanceObserver(list => { seen.tasks += list.getEntries().length }).observe({type: 'longtask', buffered: true});
new PerformanceObserver(list => { for (const entry of list.getEntries()) seen.shift += entry.value })
  .observe({type: 'layout-shift', buffered: true});"""
A_SECOND_ON = "performance.getEntriesByType('navigation')[0].loadEventEnd > 0 && performance.now() > 1000"


@dataclass(frozen=True)
class Load:
    """One load. `tag_...`, `send_...`: in b.js, loading and after; `task_ms`, `script_ms`: in all of them."""

    tag_ms: float
    tag_cpu_ms: float
    send_ms: float
    send_cpu_ms: float
    task_ms: float
    script_ms: float
    long_tasks: int
    layout_shift: float


def run(world: World) -> Iterator[Figure]:
    site, beacon = recorder.Recorder(), recorder.Recorder()
    beacon.script = (TRACKER / "b.js").read_bytes()
    with recorder.serving(site) as url, recorder.serving(beacon) as beacon_url, chromium() as browser:
        tag = f'<script async src="{beacon_url}/b.js" data-site-id="bk_bench"></script>'
        for path, head in {"/without": "", "/with": tag}.items():
            html = f"<!doctype html><title>A page</title><script>{OBSERVE}</script>{head}<body>{TEXT}"
            site.pages[path] = recorder.Page(html)
        _measure(browser, url + "/with")  # the first start of everything counts for nobody
        runs = [_in_turns(browser, url) for _ in world.repeat()]
    yield below("main thread in b.js, loading", [_median(of, "tag_ms") for of, _ in runs], "ms", 1)
    yield plain("  its processor time", [_median(of, "tag_cpu_ms") for of, _ in runs], "ms")
    yield plain("main thread in b.js, sending", [_median(of, "send_ms") for of, _ in runs], "ms")
    yield plain("  its processor time", [_median(of, "send_cpu_ms") for of, _ in runs], "ms")
    yield plain("  all tasks with the tag", [_median(of, "task_ms") for of, _ in runs], "ms")
    yield plain("  all tasks without it", [_median(of, "task_ms") for _, of in runs], "ms")
    yield plain("  all scripts with the tag", [_median(of, "script_ms") for of, _ in runs], "ms")
    yield plain("  all scripts without it", [_median(of, "script_ms") for _, of in runs], "ms")
    yield below("slowest of both in b.js", [max(load.tag_ms + load.send_ms for load in of) for of, _ in runs], "ms", 50)
    yield plain("loads with a long task, with the tag", [sum(load.long_tasks > 0 for load in of) for of, _ in runs], "")
    yield plain("  without it", [sum(load.long_tasks > 0 for load in of) for _, of in runs], "")
    shifts = [max(load.layout_shift for load in of) - max(load.layout_shift for load in bare) for of, bare in runs]
    yield below("layout shift by the tag", shifts, "", 0.001)


def _in_turns(browser: Browser, url: str) -> tuple[list[Load], list[Load]]:
    """Load the page with the tag and without, in turns, so that whatever else the machine does meets both."""
    loads = [(_measure(browser, url + "/with"), _measure(browser, url + "/without")) for _ in range(LOADS)]
    if not all(of.tag_ms for of, _ in loads):
        raise RuntimeError("A page was traced without b.js being evaluated: is it built (make dev)?")
    return [of for of, _ in loads], [bare for _, bare in loads]


def _measure(browser: Browser, url: str) -> Load:
    page = browser.new_page()
    session = page.context.new_cdp_session(page)
    session.send("Performance.enable")
    browser.start_tracing(page=page, categories=CATEGORIES)
    page.goto(url)
    page.wait_for_function(A_SECOND_ON, polling=200)
    trace = json.loads(browser.stop_tracing())
    metrics = {entry["name"]: entry["value"] for entry in session.send("Performance.getMetrics")["metrics"]}
    seen = page.evaluate("seen")
    page.context.close()
    loading, sending = parted(trace["traceEvents"])
    return Load(
        tag_ms=main_thread_ms(loading, begin="ts", length="dur"),
        tag_cpu_ms=main_thread_ms(loading, begin="tts", length="tdur"),
        send_ms=main_thread_ms(sending, begin="ts", length="dur"),
        send_cpu_ms=main_thread_ms(sending, begin="tts", length="tdur"),
        task_ms=metrics["TaskDuration"] * 1000,
        script_ms=metrics["ScriptDuration"] * 1000,
        long_tasks=seen["tasks"],
        layout_shift=seen["shift"],
    )


def parted(events: list[dict[str, Any]]) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Return b.js's complete events of a trace: until it was evaluated and the page had loaded, and those after."""
    own = [
        event
        for event in events
        if event.get("ph") == "X" and event["name"] in WORK and "b.js" in json.dumps(event.get("args", {}))
    ]
    evaluation = next((event for event in own if event["name"] == "EvaluateScript"), None)
    if evaluation is None:
        return [], []
    marks = [event["ts"] for event in events if event["name"] == "MarkLoad" and event["pid"] == evaluation["pid"]]
    until = max([evaluation["ts"] + evaluation["dur"], *marks])
    return [event for event in own if event["ts"] < until], [event for event in own if event["ts"] >= until]


def main_thread_ms(events: list[dict[str, Any]], *, begin: str, length: str) -> float:
    """Return how long these had a thread, in milliseconds, what lies in others left out.

    `begin`, `length`: by which of a trace event's clocks, both in microseconds.
    """
    spans = sorted((event["tid"], event[begin], event[begin] + event[length]) for event in events)
    total, thread, until = 0.0, None, 0.0
    for tid, start, end in spans:
        if tid != thread:
            thread, until = tid, 0.0
        total += max(0.0, end - max(start, until))
        until = max(until, end)
    return total / 1000


def _median(loads: list[Load], field: str) -> float:
    return float(median(getattr(load, field) for load in loads))
