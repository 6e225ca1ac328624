"""docs/first-party.md does what it says: its configurations, as they stand there, before a door that runs.

Nginx isn't on every machine, so its snippet is read by a proxy of a few lines that knows the directives used there;
the Worker and the function run in Node as they are.
"""

import http.client
import json
import re
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from apps.agencies.models import Agency
from apps.core.ids import public_key
from apps.core.tenancy import in_schema
from apps.sites.models import Site
from apps.sites.path_token import path_token
from apps.sites.proxy_key import proxy_key
from apps.sites.services import client_create, site_create
from apps.tracking import sealing, valkey
from config.env import ROOT
from config.local.deadline import wait_until
from config.local.ports import LOOPBACK
from tests.ports import free_ports
from tests.tracking.door_process import HEADERS, DoorProcess, door_process
from tests.tracking.doors import DOMAIN, Streams, batch, pageview

pytestmark = [pytest.mark.real, pytest.mark.usefixtures("fresh_process")]
TEXT = (ROOT / "docs" / "first-party.md").read_text(encoding="utf-8")
UPSTREAM = "https://track.beacon.example"
VISITOR, MADE_UP = "198.51.100.9", "203.0.113.5"
# What a visitor might send to pass for another.
SPOOFS = {"Beacon-Client-Address": MADE_UP, "Beacon-Proxy-Key": "x", "X-Forwarded-For": MADE_UP}
SECONDS = 20.0


def snippets(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", TEXT, re.S)


@pytest.fixture
def site(real_agency: Agency, streams: Streams) -> Site:
    with in_schema(str(real_agency.schema_name)):
        return site_create(client=client_create(name="C"), name="S", domains=[DOMAIN], site_key=public_key())


@pytest.fixture
def door(site: Site) -> Iterator[DoorProcess]:
    with door_process() as door:
        yield door


class Location:
    """One `location` of Nginx: where it leads, and the headers it sets."""

    def __init__(self, head: str, block: str) -> None:
        self.is_exact = head.startswith("= ")
        self.path = head.removeprefix("= ").removeprefix("^~ ")
        self.target: str = re.findall(r"proxy_pass (\S+);", block)[0]
        self.headers = dict(re.findall(r'proxy_set_header (\S+) "?([^";]*)"?;', block))

    def leads(self, path: str) -> str:
        """Return where a path leads; empty where it isn't this location's."""
        fits = path == self.path if self.is_exact else path.startswith(self.path)
        if fits and "/" not in self.target.partition("://")[2]:
            return self.target + path  # without a path of its own it passes on what came
        return self.target + path[len(self.path) :] if fits else ""


@contextmanager
def nginx_like(snippet: str) -> Iterator[int]:
    """Serve as the snippet says: the client's headers go on, but those that it sets; an empty one goes missing."""
    locations = [Location(*found) for found in re.findall(r"location (.*?) \{(.*?)\n\}", snippet, re.S)]

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.pass_on()

        def do_POST(self) -> None:
            self.pass_on()

        def pass_on(self) -> None:
            content = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            path, _, query = self.path.partition("?")
            for location in locations:
                target = location.leads(path)
                if target:
                    return self.answer_of(target + (f"?{query}" if query else ""), location, content)
            self.send_error(404)

        def answer_of(self, target: str, location: Location, content: bytes) -> None:
            host, _, path = target.partition("://")[2].partition("/")
            given = {name: value for name, value in self.headers.items() if name.lower() != "host"}
            own = {name: value.replace("$remote_addr", VISITOR) for name, value in location.headers.items()}
            kept = {name: value for name, value in given.items() if name.lower() not in {n.lower() for n in own}}
            onward = http.client.HTTPConnection(host, timeout=SECONDS)
            onward.request(self.command, f"/{path}", content, kept | {n: v for n, v in own.items() if v})
            answer = onward.getresponse()
            body = answer.read()
            self.send_response(answer.status)
            for name, value in answer.getheaders():
                if name.lower() not in ("transfer-encoding", "connection"):
                    self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)
            onward.close()

        def log_message(self, format: str, *args: object) -> None:
            """Say nothing: the tests do."""

    server = ThreadingHTTPServer((LOOPBACK, 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield server.server_port
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


NODE_SERVER = """
import http from "node:http";
import handler, * as all from "./MODULE";
const serve = handler.fetch ? (request) => handler.fetch(request, process.env) : handler;
http.createServer(async (incoming, outgoing) => {
  const chunks = [];
  for await (const chunk of incoming) chunks.push(chunk);
  const headers = new Headers(incoming.headers);
  headers.set("NETWORK_HEADER", "VISITOR");
  const url = new URL(incoming.url, "http://shop.example");
  REWRITE
  const body = incoming.method === "POST" ? Buffer.concat(chunks) : undefined;
  const answer = await serve(new Request(url, { method: incoming.method, headers, body }));
  outgoing.writeHead(answer.status, Object.fromEntries([...answer.headers].filter(([n]) => n !== "content-encoding")));
  outgoing.end(Buffer.from(await answer.arrayBuffer()));
}).listen(PORT, "127.0.0.1");
"""
# As vercel.json has it.
VERCEL_REWRITE = """
  const found = url.pathname.match(/^\\/k7\\/(.*)$/);
  if (found) { url.pathname = "/api/beacon"; url.searchParams.set("beacon_path", found[1]); }
"""


@contextmanager
def in_node(folder: Path, code: str, key: str, *, network_header: str, rewrite: str = "") -> Iterator[int]:
    """Serve a Worker or an edge function; the network before it says whose request it is."""
    (port,) = free_ports(1)
    (folder / "module.mjs").write_text(code)
    server = NODE_SERVER.replace("MODULE", "module.mjs").replace("REWRITE", rewrite).replace("PORT", str(port))
    server = server.replace("NETWORK_HEADER", network_header).replace("VISITOR", VISITOR)
    (folder / "server.mjs").write_text(server)
    process = subprocess.Popen(
        ["node", "server.mjs"], cwd=folder, env={"BEACON_PROXY_KEY": key, "PATH": "/usr/bin:/bin:/usr/local/bin"}
    )
    try:
        assert wait_until(lambda: status_of(port, "/k7/nothing") == 404, seconds=SECONDS), "Node doesn't serve"
        yield port
    finally:
        process.kill()
        process.wait()


def status_of(port: int, path: str) -> int:
    connection = http.client.HTTPConnection(LOOPBACK, port, timeout=SECONDS)
    try:
        connection.request("GET", path)
        return connection.getresponse().status
    except OSError:
        return 0
    finally:
        connection.close()


def ask(port: int, method: str, path: str, content: bytes | None = None, **headers: str) -> tuple[int, bytes, str]:
    connection = http.client.HTTPConnection(LOOPBACK, port, timeout=SECONDS)
    connection.request(method, path, content, headers)
    answer = connection.getresponse()
    told = answer.status, answer.read(), answer.headers.get("Cache-Control", "")
    connection.close()
    return told


def check(
    port: int,
    site: Site,
    streams: Streams,
    *,
    script_path: str = "/k7/b.js",
    batch_path: str = "/k7/api/track/batch",
    pixel_path: str = "/k7/api/track/pixel.gif",
    outside: str = "/k7/health",
) -> None:
    """Fetch the tag, send a batch as its visitor does and as one who pretends, and show the pixel."""
    status, script, cache = ask(port, "GET", script_path)
    assert (status, b"api/track/batch" in script, cache.startswith("public, max-age")) == (200, True, True)
    # An extra of no build: the door says so, and no cache may keep it.
    status, said, cache = ask(port, "GET", batch_path.rpartition("/")[0] + "/x/00000000.js")
    assert (status, b"no such file" in said, cache) == (404, True, "no-store")
    body = json.dumps(batch(pageview()) | {"site_key": site.site_key}).encode()
    for spoofed in ({}, SPOOFS):
        sent = HEADERS | spoofed | {"Cookie": "session=of-the-site"}
        status, said, cache = ask(port, "POST", batch_path, body, **sent)
        assert (status, json.loads(said)["accepted"], cache) == (202, 1, "no-store")
    query = f"site_key={site.site_key}&url=https://{DOMAIN}/plain"
    assert ask(port, "GET", f"{pixel_path}?{query}")[0] == 200
    sealing.forget_all()
    addresses = [sealing.open_address(found.sealed_ip, found.seal_hour) for found in streams.envelopes]
    assert addresses == [VISITOR] * 3
    status, said, _ = ask(port, "GET", outside)
    assert (status, b'"status"' in said) == (404, False)


def check_own_path(port: int, site: Site, streams: Streams) -> None:
    token = path_token(site.site_key)
    check(
        port,
        site,
        streams,
        script_path=f"/{token}.js",
        batch_path=f"/{token}/e",
        pixel_path=f"/{token}/p.gif",
        outside=f"/{token}/health",
    )


def filled(snippet: str, door: DoorProcess, site: Site) -> str:
    text = snippet.replace("YOUR_PROXY_KEY", proxy_key(site.site_key)).replace("YOUR_PATH", path_token(site.site_key))
    return text.replace(UPSTREAM, door.url).replace("track.beacon.example", f"{LOOPBACK}:{door.port}")


def test_nginx(door: DoorProcess, site: Site, streams: Streams) -> None:
    chosen, own = snippets("nginx")
    with nginx_like(filled(chosen, door, site)) as port:
        check(port, site, streams)
    valkey.durable().flushall()
    with nginx_like(filled(own, door, site)) as port:
        check_own_path(port, site, streams)


def test_a_worker_of_cloudflare(door: DoorProcess, site: Site, streams: Streams, tmp_path: Path) -> None:
    worker, _, own = snippets("js")
    key = proxy_key(site.site_key)
    with in_node(tmp_path, filled(worker, door, site), key, network_header="CF-Connecting-IP") as port:
        check(port, site, streams)
    # What isn't under the site's path a Worker leaves to the site, which in this test there isn't.
    own = own.replace("return fetch(request)", 'return new Response("Not found", { status: 404 })')
    valkey.durable().flushall()
    with in_node(tmp_path, filled(own, door, site), key, network_header="CF-Connecting-IP") as port:
        check_own_path(port, site, streams)


def test_a_function_of_vercel(door: DoorProcess, site: Site, streams: Streams, tmp_path: Path) -> None:
    _, function, _ = snippets("js")
    (rewrites,) = snippets("json")
    assert json.loads(rewrites)["rewrites"] == [
        {"source": "/k7/:path*", "destination": "/api/beacon?beacon_path=:path*"}
    ]
    key = proxy_key(site.site_key)
    with in_node(
        tmp_path, filled(function, door, site), key, network_header="x-real-ip", rewrite=VERCEL_REWRITE
    ) as port:
        check(port, site, streams)


def test_a_key_that_isnt_the_sites_is_told(door: DoorProcess, site: Site, streams: Streams) -> None:
    snippet, _ = snippets("nginx")
    wrong = filled(snippet, door, site).replace(proxy_key(site.site_key), proxy_key("another"))
    body = json.dumps(batch(pageview()) | {"site_key": site.site_key}).encode()
    with nginx_like(wrong) as port:
        status, said, _ = ask(port, "POST", "/k7/api/track/batch", body, **HEADERS)
    assert status == 403
    assert json.loads(said)["rejected"][0]["field"] == "Beacon-Proxy-Key"
    assert streams.envelopes == []
    assert streams.refused == {"invalid": 1}


def test_a_proxy_that_names_nobody_is_told(door: DoorProcess, site: Site, streams: Streams) -> None:
    body = batch(pageview()) | {"site_key": site.site_key}
    answer = door.post(body, Beacon_Proxy_Key=proxy_key(site.site_key), Beacon_Client_Address="unknown")
    assert (answer.status, streams.envelopes) == (400, [])
