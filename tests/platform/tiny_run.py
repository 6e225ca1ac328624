"""The runner with a plan of small commands, given as JSON: what the tests here start in a process of its own."""

from __future__ import annotations

import json
import sys

from config.local.console import Console
from config.local.options import Options
from config.local.plan import Plan
from config.local.problem import Problem
from config.local.readiness import has_said
from config.local.stopping import StopRequest
from config.local.up import Run


def main() -> int:
    given = json.loads(sys.argv[1])
    plan = Plan(commands=given["commands"], checks={name: has_said(words) for name, words in given["ready"].items()})
    request = StopRequest()
    request.listen()
    try:
        Run(Options.read(has_demo=False), plan, console=Console(), request=request).go()
    except Problem as problem:
        print(f"beacon: {problem}")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
