"""What pages load from the door: the tracker, its extras by their hashes, and all of it under a site's own path."""

import gzip
import hashlib
import json
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import httpx
import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from apps.agencies.models import SiteRoute
from apps.sites.path_token import path_token
from apps.tracking import routes, salts, sealing, tracker_file
from apps.tracking.door import Door
from apps.tracking.door_responses import Receive, Scope, Send
from tests.tracking.doors import (
    ADDRESS,
    BROWSER,
    ORIGIN,
    SITE_KEY,
    DoorClient,
    Streams,
    batch,
    custom,
    pageview,
)

HEADERS = {"Origin": ORIGIN, "User-Agent": BROWSER, "Content-Type": "text/plain;charset=UTF-8"}
SCRIPTS = {"b.js": b"core()", "x/0a1b2c3d.js": b"clicks()", "x/11111111.js": b"consent()"}
CLICKS, CONSENT = "/api/track/x/0a1b2c3d.js", "/api/track/x/11111111.js"
# Of a key that each process makes for itself: it may stand in no test's name.
TOKEN = path_token(SITE_KEY)
OTHER = TOKEN[:-1] + ("b" if TOKEN.endswith("a") else "a")


@pytest.fixture
def built(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A build with one extra, one file that the tracker knows of by itself, and one that an earlier build left."""
    (tmp_path / "x").mkdir()
    for name, content in SCRIPTS.items():
        (tmp_path / name).write_bytes(content)
        (tmp_path / f"{name}.gz").write_bytes(gzip.compress(content))
    (tmp_path / "x" / "22222222.js").write_bytes(b"of another build")
    manifest = {"b.js": 6, "x/0a1b2c3d.js": 8, "x/11111111.js": 9, "extras": {"clicks": "x/0a1b2c3d.js"}}
    (tmp_path / "manifest.json").write_text(json.dumps(manifest))
    monkeypatch.setattr(tracker_file, "FOLDER", tmp_path)
    tracker_file.forget_manifest()
    yield tmp_path
    tracker_file.forget_manifest()


@pytest.fixture
async def http(built: Path) -> AsyncIterator[httpx.AsyncClient]:
    door = Door(is_kept_fresh=False)
    transport = httpx.ASGITransport(app=door, client=(ADDRESS, 4711))
    async with httpx.AsyncClient(transport=transport, base_url="http://any.host", headers=HEADERS) as client:
        yield client
    await door.close()


@pytest.mark.parametrize("path", [CLICKS, CONSENT, f"/{TOKEN}/x/0a1b2c3d.js"], ids=["clicks", "consent", "own"])
async def test_an_extra_is_kept_for_good(http: httpx.AsyncClient, path: str) -> None:
    packed = await http.get(path, headers={"Accept-Encoding": "gzip", "Range": "bytes=0-2"})
    assert (packed.status_code, packed.headers["Content-Encoding"]) == (200, "gzip")
    assert packed.content in SCRIPTS.values()
    assert packed.headers["Cache-Control"] == "public, max-age=31536000, immutable"
    assert packed.headers["Accept-Ranges"] == "none"
    assert packed.headers["Content-Type"] == "text/javascript; charset=utf-8"
    for name in ("Access-Control-Allow-Origin", "Cross-Origin-Resource-Policy", "Vary", "X-Content-Type-Options"):
        assert packed.headers[name] == tracker_file.HEADERS[name]
    again = await http.get(path, headers={"Accept-Encoding": "gzip", "If-None-Match": packed.headers["ETag"]})
    assert (again.status_code, again.content) == (304, b"")
    assert (await http.head(path, headers={"Accept-Encoding": "identity"})).headers["Content-Length"] in ("8", "9")
    assert (await http.post(path)).status_code == 405


async def test_what_an_earlier_build_left_is_served_on(http: httpx.AsyncClient, built: Path) -> None:
    path = "/api/track/x/22222222.js"
    answer = await http.get(path)
    assert (answer.status_code, answer.content) == (200, b"of another build")
    assert answer.headers["Cache-Control"] == "public, max-age=31536000, immutable"
    # Brought from another door while this one runs, and taken away again.
    assert (await http.get("/api/track/x/33333333.js")).status_code == 404
    (built / "x" / "33333333.js").write_bytes(b"of the next build")
    assert (await http.get("/api/track/x/33333333.js")).content == b"of the next build"
    (built / "x" / "22222222.js").unlink()
    assert (await http.get(path)).status_code == 404


@pytest.mark.parametrize(
    "name",
    ["44444444.js", "0a1b2c3d.js.gz", "..%2fb.js", "", "manifest.json", "0a1b2c3d", "2222222G.js", "22222222.js%0a"],
)
async def test_what_no_build_has_is_gone_and_kept_by_nobody(http: httpx.AsyncClient, name: str) -> None:
    answer = await http.get(httpx.URL("http://any.host", raw_path=f"/api/track/x/{name}".encode()))
    assert (answer.status_code, answer.headers["Cache-Control"]) == (404, "no-store")
    assert answer.headers["Access-Control-Allow-Origin"] == "*"


@pytest.mark.parametrize("path", ["/b.js", f"/{TOKEN}.js"], ids=["usual", "own"])
async def test_the_tracker_tells_its_version(http: httpx.AsyncClient, built: Path, path: str) -> None:
    answer = await http.get(path)
    version = hashlib.sha256(SCRIPTS["b.js"]).hexdigest()[:8]
    assert (answer.content, answer.headers["Beacon-Tracker"]) == (SCRIPTS["b.js"], version)
    assert answer.headers["Cache-Control"].startswith("public, max-age=3600")
    assert (await http.get("/health")).json()["tracker"] == version


def test_a_build_may_name_its_own_version(built: Path) -> None:
    (built / "manifest.json").write_text(json.dumps({"version": "7f", "extras": {}}))
    tracker_file.forget_manifest()
    assert tracker_file.tracker_version() == "7f"


@pytest.mark.parametrize("content", ["", "[]", '{"extras": 3}', '{"extras": {"clicks": 3}}'])
def test_a_manifest_that_cant_be_read_names_no_extras(built: Path, content: str) -> None:
    (built / "manifest.json").write_text(content)
    tracker_file.forget_manifest()
    assert tracker_file.extras_of(["clicks"]) == []


@pytest.mark.parametrize("rest", ["", "/", "/x", ".js.map", "/ready"])
async def test_nothing_else_lies_under_a_sites_path(http: httpx.AsyncClient, rest: str) -> None:
    answer = await http.get(f"/{TOKEN}{rest}")
    assert (answer.status_code, answer.text) == (404, "Not found\n")


@pytest.mark.parametrize(
    "token", [TOKEN[::-1], "settingssettings", OTHER, TOKEN.upper()], ids=["back", "word", "other", "upper"]
)
async def test_a_word_that_is_no_sites_path_is_left_to_the_pages(http: httpx.AsyncClient, token: str) -> None:
    for path in (f"/{token}.js", f"/{token}/e", f"/{token}/x/0a1b2c3d.js"):
        assert (await http.get(path)).text == "Not found\n"


async def test_addresses_of_the_pages_are_never_a_sites_path(built: Path) -> None:
    asked: list[str] = []

    async def pages(scope: Scope, receive: Receive, send: Send) -> None:
        asked.append(scope["path"])
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"a page"})

    door = Door(pages, is_kept_fresh=False)
    paths = ["/s/first-site/settings", "/settingssettings/e", f"/{TOKEN[::-1]}.js", "/accounts/login/x/0a1b2c3d.js"]
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app=door), base_url="http://any.host") as client:
        for path in paths:
            assert (await client.get(path)).text == "a page"
        assert (await client.get(f"/{TOKEN}.js")).content == SCRIPTS["b.js"]
    await door.close()
    assert asked == paths


@pytest.fixture
def with_extras(route: SiteRoute, streams: Streams) -> SiteRoute:
    route.settings = {"extras": ["forms", "clicks"]}
    route.save()
    routes.routes.load(SITE_KEY)
    salts.keep()
    sealing.keep()
    return route


@pytest.mark.usefixtures("with_extras")
@pytest.mark.parametrize("path", ["/api/track/batch", f"/{TOKEN}/e"], ids=["usual", "own"])
async def test_the_answer_names_the_sites_extras_that_are_built(http: httpx.AsyncClient, path: str) -> None:
    answer = await http.post(path, json=batch(pageview()))
    assert (answer.status_code, answer.json()) == (202, {"accepted": 1, "rejected": [], "extras": ["x/0a1b2c3d.js"]})
    # As the tag finds it: relative to where it sends.
    found = await http.get(httpx.URL(f"http://any.host{path}").join(answer.json()["extras"][0]))
    assert found.content == SCRIPTS["x/0a1b2c3d.js"]
    refused = await http.post(path, json=batch(pageview(at=None)))
    assert (refused.status_code, "extras" in refused.json()) == (400, False)


@pytest.mark.usefixtures("with_extras")
async def test_a_sites_path_takes_pixels_and_preflights(http: httpx.AsyncClient, streams: Streams) -> None:
    answer = await http.get(f"/{TOKEN}/p.gif", params={"site_key": SITE_KEY, "url": "https://shop.example/a"})
    assert (answer.status_code, answer.headers["Content-Type"]) == (200, "image/gif")
    assert len(streams.envelopes) == 1
    assert (await http.request("OPTIONS", f"/{TOKEN}/e")).status_code == 204
    assert (await http.get(f"/{TOKEN}/e")).status_code == 405


@pytest.mark.usefixtures("built", "with_extras")
def test_extras_cost_no_query(door: DoorClient) -> None:
    assert json.loads(door.post(batch(custom(1))).content)["extras"] == ["x/0a1b2c3d.js"]
    with CaptureQueriesContext(connection) as queries:
        assert json.loads(door.post(batch(custom(2))).content)["extras"] == ["x/0a1b2c3d.js"]
    assert len(queries) == 0
