"""Scores of a site with 10,000 companies and a year of their visits: making one, making all, and the list by score; at
last, with one more company that has very many page views, the page of that one.

The references are what can't be spared: reading a company's rows, and reading all scores as they are stored.
`BEACON_BENCH_COMPANIES` makes it smaller.
"""

import json
import os
import subprocess
import sys
from collections.abc import Iterator

from config.local.folders import CHECKOUT
from tests.bench.figures import Figure, below, plain
from tests.bench.world import World

NAME = "scores"
COMPANIES = 10_000


def run(world: World) -> Iterator[Figure]:
    companies = int(os.environ.get("BEACON_BENCH_COMPANIES", COMPANIES))
    command = [sys.executable, "-m", "tests.bench.scoring", world.schema, str(world.site_id), str(companies)]
    done = subprocess.run([*command, str(world.runs)], cwd=CHECKOUT, check=True, stdout=subprocess.PIPE)
    found = json.loads(done.stdout)
    for name, value in found["facts"].items():
        yield plain(name, [value], "")
    yield plain("reference: a company's rows are read", found["read_one"], "ms")
    yield below("a company is scored anew", found["make_one"], "ms", 50)
    yield plain("  beside reading its rows", _ratios(found["make_one"], found["read_one"]), "times")
    yield below("the company with most visits", found["make_busiest"], "ms", 50)
    yield below("all companies of the site", found["make_all"], "s", 60)
    yield plain("who has cooled down is found", found["cool"], "ms")
    yield plain("reference: all scores as stored, sorted", found["read_stored"], "ms")
    yield below("the first fifty by score, as it is now", found["list"], "ms", 150)
    yield plain("  beside those as stored", _ratios(found["list"], found["read_stored"]), "times")
    yield below("the list of companies by score as a page", found["page"], "ms", 150)
    yield plain("one with 100,000 page views in 170 days is scored anew", found["make_great"], "s")
    yield below("  its page", found["great_page"], "s", 1)


def _ratios(values: list[float], references: list[float]) -> list[float]:
    return [value / reference for value, reference in zip(values, references, strict=True)]
