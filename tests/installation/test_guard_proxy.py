"""The browser's only way out, asked directly."""

import asyncio

import pytest

from apps.core.outbound import Guard
from apps.installation.browser.proxy import GuardProxy

from .world import HOST, World


async def ask(proxy: GuardProxy, text: str) -> bytes:
    port = int(proxy.url.rpartition(":")[2])
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(text.replace("\n", "\r\n").encode())
    answer = await asyncio.wait_for(reader.read(), 30)
    writer.close()
    return answer


async def test_a_request_goes_on_with_its_own_path_and_headers(world: World) -> None:
    async with GuardProxy(world.guard()) as proxy:
        answer = await ask(
            proxy, f"GET http://{HOST}:{world.port}/well HTTP/1.1\nHost: {HOST}\nProxy-Connection: x\n\n"
        )
    assert answer.startswith(b"HTTP/1.0 200")
    assert b"<h1>" in answer


async def test_a_tunnel_leads_to_the_judged_address(world: World) -> None:
    async with GuardProxy(world.guard()) as proxy:
        answer = await ask(
            proxy, f"CONNECT {HOST}:{world.port} HTTP/1.1\nHost: x\n\nGET /well HTTP/1.0\nHost: {HOST}\n\n"
        )
    assert answer.startswith(b"HTTP/1.1 200 Connected")
    assert b"<h1>" in answer


@pytest.mark.parametrize(
    "line",
    [
        "GET http://127.0.0.1:{port}/well HTTP/1.1",
        "GET http://[::1]:{port}/well HTTP/1.1",
        "GET http://localhost:{port}/well HTTP/1.1",
        "GET http://169.254.169.254/latest/meta-data/ HTTP/1.1",
        "CONNECT 127.0.0.1:{port} HTTP/1.1",
        "CONNECT 2130706433:{port} HTTP/1.1",
        "CONNECT rebound.example:{port} HTTP/1.1",
    ],
)
async def test_private_addresses_are_refused(world: World, line: str) -> None:
    guard = Guard(lookup=lambda _: ["8.8.8.8", "10.0.0.1"])
    async with GuardProxy(guard) as proxy:
        answer = await ask(proxy, f"{line.format(port=world.port)}\nHost: x\n\n")
        assert len(proxy.refused) == 1
    assert answer.startswith(b"HTTP/1.1 502")
    assert world.posts == []


@pytest.mark.parametrize("text", ["nonsense\n\n", "GET / HTTP/1.1\nHost: x\n\n", "GET http:// HTTP/1.1\n\n"])
async def test_nonsense_gets_no_connection(world: World, text: str) -> None:
    async with GuardProxy(Guard(lookup=lambda _: [])) as proxy:
        answer = await ask(proxy, text)
    assert answer == b"" or answer.startswith(b"HTTP/1.1 502")
