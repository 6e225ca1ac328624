"""Lighthouse's scores of a client's page with the tag and without. npx fetches Lighthouse: 110 MB, for this alone."""

import json
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

from playwright.sync_api import sync_playwright

from tests.bench.figures import Figure, below, plain
from tests.bench.page import TRACKER
from tests.bench.world import World
from tests.browser import QUIET, chromium_path
from tests.tracker import recorder

NAME = "lighthouse"
# The last that runs on Node 20.
LIGHTHOUSE = "lighthouse@12.2.3"
CATEGORIES = ("performance", "accessibility", "best-practices", "seo")
# What two runs of the same page differ by on a machine that does other things as well.
NOISE_POINTS = 3
PAGE = """<!doctype html><html lang="en"><head><meta charset="utf-8"><title>A page</title>
<meta name="viewport" content="width=device-width"><meta name="description" content="A page of a client.">{head}</head>
<body><main><h1>A page</h1>{text}</main></body></html>"""
TEXT = "<p>Words to read, as many as a page has.</p>" * 100


def run(world: World) -> Iterator[Figure]:
    site, beacon = recorder.Recorder(), recorder.Recorder()
    beacon.script = (TRACKER / "b.js").read_bytes()
    with recorder.serving(site) as url, recorder.serving(beacon) as beacon_url:
        tag = f'<script async src="{beacon_url}/b.js" data-site-id="bk_bench"></script>'
        for path, head in {"/without": "", "/with": tag}.items():
            site.pages[path] = recorder.Page(PAGE.format(head=head, text=TEXT))
        for path in ("/robots.txt", "/favicon.ico"):
            site.pages[path] = recorder.Page("", {"Content-Type": "text/plain"})
        runs = [(_scores(url + "/with"), _scores(url + "/without")) for _ in world.repeat()]
    for category in CATEGORIES:
        yield plain(f"{category} with the tag", [of[category] for of, _ in runs], "points")
        lost = median(bare[category] for _, bare in runs) - median(of[category] for of, _ in runs)
        yield below("  lost by it", [lost], "points", NOISE_POINTS)


def _scores(url: str) -> dict[str, float]:
    """Return the scores of a page, 0 to 100, by category. Raises RuntimeError where Lighthouse doesn't run."""
    with sync_playwright() as playwright:
        environment = os.environ | {"CHROME_PATH": chromium_path(playwright.chromium)}
    with TemporaryDirectory() as folder:
        report = Path(folder) / "report.json"
        flags = " ".join(["--headless=new", *QUIET])
        command = ["npx", "--yes", LIGHTHOUSE, url, "--quiet", "--output=json", f"--output-path={report}"]
        command += [f"--only-categories={','.join(CATEGORIES)}", f"--chrome-flags={flags}"]
        done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=300)
        if done.returncode or not report.exists():
            raise RuntimeError(f"Lighthouse didn't run: {done.stderr[-2000:]}")
        content = json.loads(report.read_text(encoding="utf-8"))
    return {name: 100 * content["categories"][name]["score"] for name in CATEGORIES}
