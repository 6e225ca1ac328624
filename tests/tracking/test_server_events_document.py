"""The examples of docs/server-events.md do what the document says, on a door that runs."""

import re
import shlex
import time
from collections.abc import Iterator
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from apps.agencies.models import Agency, ApiKey
from apps.core.ids import public_key
from apps.core.tenancy import in_schema
from apps.sites.models import Site
from apps.sites.services import client_create, site_create
from apps.tracking import sealing
from apps.tracking.events import DAY_MS, event_id
from config.env import ROOT
from tests.tracking.door_process import DoorProcess, door_process
from tests.tracking.doors import DOMAIN, Streams

pytestmark = [pytest.mark.real, pytest.mark.usefixtures("fresh_process")]
TEXT = (ROOT / "docs" / "server-events.md").read_text(encoding="utf-8")
AT = re.compile(r'"at": 1790000000000')


def example(language: str) -> str:
    (found,) = re.findall(rf"```{language}\n(.*?)```", TEXT, re.S)
    return str(found)


@pytest.fixture
def site(real_agency: Agency, streams: Streams) -> Site:
    with in_schema(str(real_agency.schema_name)):
        return site_create(client=client_create(name="C"), name="S", domains=[DOMAIN], site_key=public_key())


@pytest.fixture
def key(real_agency: Agency, capsys: pytest.CaptureFixture[str]) -> str:
    call_command("api_keys", agency=real_agency.slug, add="Shop server")
    return capsys.readouterr().out.strip()


@pytest.fixture
def door(site: Site) -> Iterator[DoorProcess]:
    with door_process() as door:
        yield door


def test_the_call_by_curl(door: DoorProcess, site: Site, key: str, streams: Streams) -> None:
    now = int(time.time() * 1000)
    call = AT.sub(f'"at": {now - 5000}', example("sh")).replace("YOUR_SITE_KEY", site.site_key)
    path, headers, content = curl_of(call.replace("$BEACON_KEY", key))
    for _ in range(2):
        answer = door.post(content, path, **headers)
        assert (answer.status, answer.said) == (202, {"accepted": 1, "rejected": []})  # type: ignore[attr-defined]
    first, again = streams.envelopes
    assert (first.origin, first.events[0].name, first.events[0].value) == ("server", "purchase", "129.9")
    assert sealing.open_address(first.sealed_ip, first.seal_hour) == "203.0.113.9"
    # The same id, so that the writer counts it once.
    assert first.events[0].event_id == again.events[0].event_id == event_id(site.site_key, "order-10482")


def curl_of(command: str) -> tuple[str, dict[str, str], bytes]:
    """Return what curl would send, on machines that have none: the door's path, the headers, the body."""
    program, url, *options = shlex.split(command.replace("\\\n", ""))
    assert (program, options[0::2]) == ("curl", ["-H", "-H", "-d"])
    headers = dict(header.split(": ") for header in options[1:-1:2])
    return url.rpartition("/")[2], headers, options[-1].encode()


def test_the_program_in_python(door: DoorProcess, site: Site, key: str, streams: Streams) -> None:
    names: dict[str, Any] = {}
    exec(compile(example("python"), "docs/server-events.md", "exec"), names)
    now = int(time.time() * 1000)
    # Of yesterday's noon: around midnight the two events would be of two days, and in two envelopes.
    noon = (now // DAY_MS - 1) * DAY_MS + DAY_MS // 2
    sent = names["batch"](site.site_key, noon) | {"sent_at": now}
    assert names["send"](door.url, key, sent) == {"accepted": 2, "rejected": []}
    (envelope,) = streams.envelopes
    assert [event.name for event in envelope.events] == ["renewal", "mail_sent"]
    assert [event.is_interactive for event in envelope.events] == [True, False]
    with pytest.raises(ValueError, match="still valid"):
        names["send"](door.url, "bk_wrong", names["batch"](site.site_key, now))


def test_keys_are_listed_and_revoked(real_agency: Agency, key: str, capsys: pytest.CaptureFixture[str]) -> None:
    call_command("api_keys", agency=real_agency.slug)
    listed = capsys.readouterr().out
    assert key[:11] in listed and key not in listed and "ingest  Shop server" in listed
    call_command("api_keys", agency=real_agency.slug, revoke=key[:11])
    assert ApiKey.objects.get(agency=real_agency).revoked_at is not None
    with pytest.raises(CommandError, match="No key that is valid"):
        call_command("api_keys", agency=real_agency.slug, revoke=key[:11])
    with pytest.raises(CommandError, match="no agency"):
        call_command("api_keys", agency="nobody")


def test_a_revoked_key_is_refused_by_a_door_that_knew_it(
    door: DoorProcess, site: Site, key: str, real_agency: Agency
) -> None:
    body = {"site_key": site.site_key, "id": "1", "kind": "event", "name": "x", "at": int(time.time() * 1000)}
    assert door.post(body, "event", Authorization=f"Bearer {key}").status == 202
    call_command("api_keys", agency=real_agency.slug, revoke=key[:11])
    end = time.monotonic() + 30
    while door.post(body, "event", Authorization=f"Bearer {key}").status != 401:
        assert time.monotonic() < end, "still taken"
