"""After a full run a visitor's address stands in clear nowhere: no column, no log, no file, no queue, no memory.

Marked addresses come by every door and by every way to be named; then all that Beacon keeps is searched for them.
"""

import json
import subprocess
import time
from collections.abc import Iterator
from contextlib import suppress
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import httpx
import redis
from playwright.sync_api import Browser

from config.local.binaries import unpack_shared

from .client_site import answered, client_site
from .conftest import USER_AGENT, Beacon, eventually

# Somebody's at large access providers: nothing else on this machine has a reason to name them.
ADDRESS = "84.130.201.77"
BY_BATCH, BY_PIXEL, BY_KEY, REFUSED = "84.130.201.78", "84.130.201.79", "84.130.201.80", "84.130.201.81"
SIX, SIX_BY_KEY = "2003:e6:c71f:4a00:9d4b:77aa:12:77", "2003:e6:c71f:4a00:9d4b:77aa:12:78"
ADDRESSES = (ADDRESS, BY_BATCH, BY_PIXEL, BY_KEY, REFUSED, SIX, SIX_BY_KEY)
MAIL, PHONE, TOKEN = "eva.muster@alder.example", "+49 170 5550123", "hunter2-of-eva"


def files_of(root: Path) -> Iterator[Path]:
    """Yield what Beacon wrote below its data folder; the fetched databases, linked in, are no writing of ours."""
    for path in root.rglob("*"):
        if path.is_file() and not path.is_symlink():
            yield path


def forms_of(address: str) -> set[bytes]:
    """Return an address as it might be written: short and long, as bytes, as they stand in a dump."""
    parsed = ip_address(address)
    packed = parsed.packed
    texts = {str(parsed), parsed.exploded, packed.hex()}
    # Four bytes come up by chance in files of megabytes; sixteen don't.
    return {text.encode() for text in texts} | ({packed} if len(packed) > 4 else set())


def secrets() -> set[bytes]:
    found = {MAIL.encode(), PHONE.encode(), PHONE.replace(" ", "").encode(), TOKEN.encode()}
    return found.union(*(forms_of(address) for address in ADDRESSES))


def found_in(content: bytes) -> set[bytes]:
    lower = content.lower()
    return {secret for secret in secrets() if secret.lower() in lower or secret in content}


def memory_of(url: str) -> Iterator[tuple[str, bytes]]:
    """Yield every key of a Valkey with all that it holds, its own serialised form and queues' entries included."""
    server: Any = redis.Redis.from_url(url)
    readers = {
        "string": server.get,
        "hash": server.hgetall,
        "list": lambda name: server.lrange(name, 0, -1),
        "set": server.smembers,
        "zset": lambda name: server.zrange(name, 0, -1, withscores=True),
        "stream": server.xrange,
    }
    for name in server.scan_iter(count=1000):
        kind = server.type(name).decode()
        if kind != "none":
            # Strings as bytes, not as their representation, which would hide what isn't printable.
            yield name.decode(errors="replace"), name + (server.dump(name) or b"") + flat(readers[kind](name))


def flat(value: Any) -> bytes:
    if isinstance(value, bytes):
        return value
    if isinstance(value, dict):
        return flat([part for pair in value.items() for part in pair])
    if isinstance(value, list | tuple | set):
        return b"\n".join(flat(part) for part in value)
    return str(value).encode()


def send_by_every_door(beacon: Beacon) -> None:
    """Send a page view with personal data in every field that takes text, from marked addresses."""
    own = {"Origin": "https://kestrel.example"}
    key = beacon.manage("api_keys", "--agency", "demo", "--add", "Privacy").stdout.strip()
    server = {"Authorization": f"Bearer {key}"}
    with httpx.Client(base_url=beacon.track_url, headers={"User-Agent": USER_AGENT}) as http:

        def send(number: int, headers: dict[str, str], **fields: str) -> int:
            content = json.dumps({"site_key": beacon.facts["site_key"], "events": [view(number)], **fields})
            headers = {"Content-Type": "text/plain"} | headers
            return http.post("/api/track/batch", content=content, headers=headers).status_code

        assert send(1, own | {"X-Forwarded-For": BY_BATCH}) == 202
        assert send(2, own | {"X-Forwarded-For": f"{ADDRESS}, {SIX}"}) == 202
        assert send(3, server, ip=BY_KEY, user_agent=USER_AGENT) == 202
        assert send(4, server, ip=SIX_BY_KEY, visitor=MAIL) == 202
        assert send(5, {"Origin": "https://evil.example", "X-Forwarded-For": REFUSED}) == 403
        query = {"site_key": beacon.facts["site_key"], "url": f"https://kestrel.example/privacy-pixel?utm_term={MAIL}"}
        http.get("/api/track/pixel.gif", params=query, headers={"X-Forwarded-For": BY_PIXEL})


def view(number: int) -> dict[str, Any]:
    return {
        "id": f"privacy-{number}",
        "kind": "pageview",
        "at": int(time.time() * 1000),
        "url": f"https://kestrel.example/privacy-batch?utm_term={MAIL}&utm_content={PHONE}&token={TOKEN}",
        "referrer": f"https://search.example/{MAIL}?q={PHONE}",
        "title": f"For {MAIL}, {PHONE}",
        "props": {"token": TOKEN, "tel": PHONE, "note": MAIL, "ip": SIX},
    }


def test_no_address_is_anywhere_in_clear(beacon: Beacon, browser: Browser) -> None:
    with client_site(
        host="kestrel.example",
        track_port=beacon.stack.track_port,
        site_key=beacon.facts["site_key"],
        address=ADDRESS,
    ) as site:
        context = browser.new_context()
        page = context.new_page()
        page.goto(f"{site.url}/privacy-check?mail={MAIL}")
        answered(page)
        page.goto(f"{site.url}/privacy-check/further")
        answered(page)
        context.close()
    send_by_every_door(beacon)
    eventually(lambda: len(beacon.rows("SELECT 1 FROM event WHERE path LIKE '/privacy-%%'")) == 7)
    # The places are known: the addresses were opened, looked up and forgotten.
    placed = "SELECT entry_path, country FROM session WHERE entry_path LIKE '/privacy-%%' GROUP BY 1, 2 ORDER BY 1"
    assert beacon.rows(placed) == [("/privacy-batch", "DE"), ("/privacy-check", "DE"), ("/privacy-pixel", "DE")]

    dump = subprocess.run(
        [unpack_shared() / "bin" / "pg_dump", "--dbname", beacon.stack.url("database_url")],
        capture_output=True,
        check=True,
    ).stdout
    assert b"privacy-check" in dump and b"[email]" in dump and b"[phone]" in dump
    found = [(secret, "the database") for secret in found_in(dump)]
    for path in files_of(beacon.stack.folder.root):
        with suppress(FileNotFoundError):  # the servers make files and take them away while they are looked through
            found += [(secret, str(path)) for secret in found_in(path.read_bytes())]
    names = set()
    for server in ("redis_url", "volatile_url"):
        for name, held in memory_of(beacon.stack.url(server)):
            names.add(name)
            found += [(secret, f"{server}: {name}") for secret in found_in(held)]
    assert not found
    # What was searched is what there is: streams, keys that seal, limits or caches, the tasks' messages.
    assert any(name.startswith("events:") for name in names)
    assert any(name.startswith("beacon:seal:") for name in names)


def test_the_search_would_find_them(beacon: Beacon) -> None:
    """In each form and place: else it would say nothing."""
    server: Any = redis.Redis.from_url(beacon.stack.url("volatile_url"))
    held = {
        "privacy:string": server.set,
        "privacy:list": server.rpush,
        "privacy:set": server.sadd,
    }
    for name, keep in held.items():
        keep(name, f"x {SIX} y")
    server.hset("privacy:hash", "a", ip_address(SIX).packed)
    server.zadd("privacy:zset", {ADDRESS: 1.0})
    server.xadd("privacy:stream", {"e": f'{{"ip": "{ip_address(SIX).exploded.upper()}"}}'})
    wanted = {*held, "privacy:hash", "privacy:zset", "privacy:stream"}
    try:
        found = {name for name, content in memory_of(beacon.stack.url("volatile_url")) if found_in(content)}
        assert wanted <= found
    finally:
        server.delete(*wanted)
