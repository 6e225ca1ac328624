"""Route and send conversions under faults and kills; run by `destinations`, with Django's settings. Prints JSON."""

import json
import os
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import django

THREADS = 8
PACED = 100
# One worker, the other, and both at once.
KILLS = (0.1, 0.25, 0.5)
LOOK_SECONDS = 3.0
REFERENCE_SECONDS = 5.0
REFERENCE_BYTES = 1_300


def main(schema: str, site_id: int, conversions: int, seconds: float, log: Path) -> dict[str, Any]:
    django.setup()
    from apps.core.tenancy import in_schema
    from apps.demo.standing_in.frame import Faults
    from apps.destinations.models import DeliveryAttempt
    from apps.sites.models import Site
    from tests.bench.writing import database_seconds
    from tests.destinations.pressure.agreeing import differences, doubled, repeated, states
    from tests.destinations.pressure.course import run_course
    from tests.destinations.pressure.filling import conversions_fill, destinations_make, expected_of
    from tests.destinations.pressure.standing import standing
    from tests.destinations.pressure.workers import workers
    from tests.goaling import goal_make

    faults = Faults(refuse_ratio=0.08, busy_ratio=0.04, drop_ratio=0.04, slow_ratio=0.04, slow_seconds=1.0)
    reference = _reference()
    with standing(faults, seed=7) as places, in_schema(schema):
        site = Site.objects.get(id=site_id)
        goal = goal_make(site, "event", name="Demo request", event_name="demo", value_from="event")
        destinations = destinations_make(site, goal, places, conversions=conversions, paced=PACED)
        ids = conversions_fill(site, goal, conversions)
        database_used, stood_used = database_seconds(), time.process_time()
        with workers(2, os.environ, log, threads=THREADS) as crew:
            run = run_course(
                schema,
                site.id,
                ids,
                crew,
                expected=expected_of(destinations, conversions, PACED),
                kills=KILLS,
                seconds=seconds,
                every=LOOK_SECONDS,
            )
            cpu = {
                "workers, their starts included": crew.cpu_seconds(),
                "PostgreSQL": database_seconds() - database_used,
                "stand-ins": time.process_time() - stood_used,
            }
        wrong = differences(destinations)
        for line in wrong:
            print(line, file=sys.stderr)
        found = states(destinations)
        withheld = sum(count for (_, state), count in found.items() if state == "withheld")
        return {
            "conversions": conversions,
            "reference": reference,
            "threads": THREADS,
            "sent": (run.finished or sum(found.values())) - withheld,
            "all_sent": sum(found.values()) - withheld,
            "seconds": run.seconds or run.all_seconds,
            "all_seconds": run.all_seconds,
            "cpu": cpu,
            "kills": run.kills,
            "memory_bytes": run.memory_bytes,
            "requests": DeliveryAttempt.objects.values("request_key").distinct().count(),
            "states": {f"{name}: {state}": count for (name, state), count in found.items()},
            "repeated": repeated(destinations),
            "doubled": doubled(destinations),
            "agrees": 0 if wrong or not run.is_done else 1,
        }


def _reference() -> float:
    """Return how many ready-made requests a second one process has answered by a stand-in that looks at nothing."""
    from apps.demo.standing_in.frame import Ask, Reply, serving
    from apps.destinations.exchange import calling
    from apps.destinations.providers.base import Request

    class Nobody:
        name = "Nobody"
        taken: dict[str, int] = {}

        def answer(self, ask: Ask) -> Reply:
            return Reply(204)

    body = b"x" * REFERENCE_BYTES
    with serving(Nobody()) as url, calling(stand_in_url=url, timeout=10, connections=THREADS) as call:
        request = Request("POST", url, {"Content-Type": "application/json"}, body)
        until = time.monotonic() + REFERENCE_SECONDS

        def send(_: int) -> int:
            count = 0
            while time.monotonic() < until:
                assert call(request).status == 204
                count += 1
            return count

        with ThreadPoolExecutor(THREADS) as threads:
            return sum(threads.map(send, range(THREADS))) / REFERENCE_SECONDS


if __name__ == "__main__":
    schema, site_id, conversions, seconds, log = sys.argv[1:]
    print(json.dumps(main(schema, int(site_id), int(conversions), float(seconds), Path(log))))
