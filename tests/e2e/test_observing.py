"""What an operator sees of a running Beacon: one page of metrics for all its processes, and requests by their ids."""

import re
import urllib.request

from config.local.stack import Stack

from .conftest import METRICS_TOKEN, Beacon, eventually


def get(port: int, path: str, **headers: str) -> tuple[str, dict[str, str]]:
    given = {name.replace("_", "-"): value for name, value in headers.items()} | {"Host": f"localhost:{port}"}
    with urllib.request.urlopen(urllib.request.Request(f"http://127.0.0.1:{port}{path}", headers=given)) as answer:
        return answer.read().decode(errors="replace"), {name.lower(): value for name, value in answer.headers.items()}


def metrics(stack: Stack, port: int) -> dict[str, float]:
    text, _ = get(port, "/metrics", Authorization=f"Bearer {METRICS_TOKEN}")
    return {name: float(value) for name, value in re.findall(r"^(\w+(?:\{.*\})?) (\S+)$", text, re.M)}


def test_either_door_shows_the_metrics_of_all_processes(beacon: Beacon) -> None:
    stack = beacon.stack
    query = f"site_key={beacon.facts['site_key']}&url=https://kestrel.example/observed"
    get(stack.track_port, f"/api/track/pixel.gif?{query}")
    by_pixel = 'beacon_door_requests_total{door="pixel",status="202"}'
    eventually(lambda: metrics(stack, stack.port).get(by_pixel, 0) > 0)
    eventually(lambda: metrics(stack, stack.port).get("beacon_events_stored_total", 0) > 0)
    eventually(lambda: metrics(stack, stack.port).get("beacon_queue_entries") == 0)
    get(stack.port, "/login")
    by_web, by_ingest = metrics(stack, stack.port), metrics(stack, stack.track_port)
    for told in (by_web, by_ingest):
        assert told[by_pixel] >= 1  # counted by ingest
        assert told["beacon_writer_batch_seconds_count"] >= 1  # by the writer
        assert told['beacon_pages_total{method="GET",status="200"}'] >= 1  # by web
        assert any(name.startswith("beacon_tasks_total") for name in told)  # by the worker
        assert any(name.startswith("beacon_tasks_sent_total") for name in told)  # by beat
        assert (told["beacon_ready"], told["beacon_writer_up"], told["beacon_accepts"]) == (1, 1, 1)


def test_both_doors_answer_under_the_id_that_was_brought(beacon: Beacon) -> None:
    for port, path in (
        (beacon.stack.track_port, "/b.js"),
        (beacon.stack.port, "/health"),
        (beacon.stack.port, "/login"),
    ):
        assert get(port, path, X_Request_ID="proxy-00000001")[1]["x-request-id"] == "proxy-00000001"
        one, other = (get(port, path)[1]["x-request-id"] for _ in range(2))
        assert one != other
