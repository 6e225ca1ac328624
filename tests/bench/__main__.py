"""Run the benchmarks named, or all: `python -m tests.bench [door ...] [--runs 3] [--seconds 5]`."""

import argparse
import importlib
import json
import pkgutil
import sys
import time
from collections.abc import Callable, Iterable
from pathlib import Path

import tests.bench
from config.local.folders import CHECKOUT
from tests.bench.figures import Figure, table
from tests.bench.machine import facts
from tests.bench.world import World, world_up

RESULTS = CHECKOUT / "bench-results"
Bench = Callable[[World], Iterable[Figure]]


def benches() -> dict[str, Bench]:
    """Return the modules of this package that measure something, by name."""
    found = {}
    for module in pkgutil.iter_modules(tests.bench.__path__):
        if module.name == "__main__" or module.name in ("raw", "furnish"):
            continue
        loaded = importlib.import_module(f"tests.bench.{module.name}")
        if hasattr(loaded, "NAME"):
            found[loaded.NAME] = loaded.run
    return found


def main() -> int:
    known = benches()
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"one of {', '.join(known)}; none: all")
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=5.0)
    chosen = parser.parse_args()
    unknown = set(chosen.names) - known.keys()
    if unknown:
        parser.error(f"there is no benchmark {', '.join(sorted(unknown))}: write {', '.join(known)}")
    machine = facts()
    print(", ".join(f"{name} {value}" for name, value in machine.items()))
    missed = False
    for name in chosen.names or known:
        print(f"\n{name}")
        with world_up(runs=chosen.runs, seconds=chosen.seconds) as world:
            figures = list(known[name](world))
        print(table(figures))
        save(name, machine, figures)
        missed = missed or any(figure.met is False for figure in figures)
    return 1 if missed else 0


def save(name: str, machine: dict[str, object], figures: list[Figure]) -> Path:
    """Write a benchmark's figures, with the machine's facts, into bench-results/."""
    RESULTS.mkdir(exist_ok=True)
    path = RESULTS / f"{name}-{time.strftime('%Y%m%d-%H%M%S')}.json"
    content = {"bench": name, "machine": machine, "figures": [figure.as_json() for figure in figures]}
    path.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")
    return path


if __name__ == "__main__":
    sys.exit(main())
