"""A new agency: from pressing "Sign up" to its first page, through the web process, with and without a spare schema."""

import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import httpx
import psycopg

from config.local.deadline import wait_until
from config.local.folders import CHECKOUT
from config.local.ports import LOOPBACK, free_ports
from tests.bench.figures import Figure, below, plain
from tests.bench.world import World, cpu_seconds

NAME = "signup"
MOST_SECONDS = 0.5
MOST_HOPS = 8
# Of the three that `prepare` makes, the warm-up takes one.
SPARES_LEFT = 2
CSRF = re.compile(r'name="csrfmiddlewaretoken" value="([^"]+)"')


def run(world: World) -> Iterator[Figure]:
    collect = [sys.executable, "manage.py", "collectstatic", "--noinput", "--verbosity", "0"]
    subprocess.run(collect, cwd=CHECKOUT, check=True)
    (port,) = free_ports(1)
    web = ("-m", "daphne", "--verbosity", "0", "--bind", LOOPBACK, "--port", str(port), "config.asgi:application")
    with world.process(*web, extra={"PORT": str(port)}) as process:
        wait_until(lambda: _is_up(port), seconds=30)
        _sign_up(port, 0)  # the first request of a process loads what the others have
        before = cpu_seconds(process)
        with_spare = [_sign_up(port, number) for number in range(1, 1 + min(world.runs, SPARES_LEFT))]
        spent = (cpu_seconds(process) - before) / len(with_spare)
        _use_up_spares()
        without = [_sign_up(port, number) for number in range(10, 10 + world.runs)]
    yield plain("processor time of sign-up and first page", [spent], "s")
    for name, runs in (("with a spare schema", with_spare), ("without", without)):
        yield below(f"sign-up answered, {name}", [answered for answered, _ in runs], "s", MOST_SECONDS)
        yield below("  and the first page there", [landed for _, landed in runs], "s", 2 * MOST_SECONDS)


def _sign_up(port: int, number: int) -> tuple[float, float]:
    """Return the seconds until the form was answered and until the agency's first page was there."""
    browsers: dict[str, httpx.Client] = {}
    url = httpx.URL(f"http://localhost:{port}/signup")
    form = _ask(browsers, port, "GET", url)
    token = CSRF.search(form.text)
    assert token, form.text
    values = {
        "csrfmiddlewaretoken": token[1],
        "agency_name": f"Bench {number}",
        "name": "Bench",
        "email": f"bench{number}@bench.example",
        "password1": "korrekt-pferd-9",
    }
    start = time.perf_counter()
    response = _ask(browsers, port, "POST", url, data=values)
    answered = time.perf_counter() - start
    for _ in range(MOST_HOPS):
        if response.status_code != 302:
            break
        url = url.join(response.headers["Location"])
        response = _ask(browsers, port, "GET", url)
    landed = time.perf_counter() - start
    assert response.status_code == 200 and f"Bench {number}" in response.text, response.status_code
    return answered, landed


def _ask(browsers: dict[str, httpx.Client], port: int, method: str, url: httpx.URL, **more: Any) -> httpx.Response:
    """Ask as a browser would: `*.localhost` is this machine, and each host has cookies of its own."""
    browser = browsers.setdefault(url.host, httpx.Client(base_url=f"http://{LOOPBACK}:{port}"))
    return browser.request(method, url.raw_path.decode(), headers={"Host": f"{url.host}:{port}"}, **more)


def _is_up(port: int) -> bool:
    with suppress(httpx.HTTPError):
        return httpx.get(f"http://{LOOPBACK}:{port}/health").status_code == 200
    return False


def _use_up_spares() -> None:
    with psycopg.connect(os.environ["DATABASE_URL"]) as connection:
        connection.execute("DELETE FROM agencies_spareschema")
