"""docs/webhooks.md shows what is sent, and its examples verify it."""

import json
import re
import subprocess
from typing import Any

import pytest

from apps.core import clock
from apps.destinations.providers.base import Request, Target
from apps.destinations.providers.webhook.provider import Webhook
from config.env import ROOT

from .conftest import NOW
from .occurring import message

TEXT = (ROOT / "docs" / "webhooks.md").read_text(encoding="utf-8")
SECRET = "whsec_" + "A" * 32
OTHER = "whsec_" + "B" * 32
NODE = """
const [secret, headers, body, now] = JSON.parse(require("node:fs").readFileSync(0));
process.stdout.write(String(isOurs(secret, headers, Buffer.from(body), now)));
"""


def example(language: str) -> str:
    (found,) = re.findall(rf"```{language}\n(.*?)```", TEXT, re.S)
    return str(found)


def sent(**secrets: str) -> Request:
    one = message(
        items=[{"sku": "L-100", "name": "Lift", "price": 40.5, "quantity": 1}], params={"pipeline": "inbound"}
    )
    return Webhook().request(Target(1, {"url": "https://crm.example/"}, {"secret": SECRET, **secrets}), [one])


def test_the_body_shown_is_the_body_sent() -> None:
    request = sent()
    assert json.loads(example("json")) == json.loads(request.body or b"")
    headers = [line.partition(":")[0] for line in example("http").splitlines()[1:]]
    assert headers == ["Content-Type", "User-Agent", "webhook-id", "webhook-timestamp", "webhook-signature"]
    assert set(request.headers) == set(headers) - {"User-Agent"}


# Which secret the receiver holds, what was changed on the way, and by how many seconds its clock differs.
CASES: list[tuple[str, dict[str, str], int, bool]] = [
    (SECRET, {}, 0, True),
    (OTHER, {}, 0, True),  # the one before, within its day
    ("whsec_" + "C" * 32, {}, 0, False),
    (SECRET, {}, 300, True),
    (SECRET, {}, -301, False),
    (SECRET, {}, 301, False),
    (SECRET, {"webhook-id": "msg_other"}, 0, False),
    (SECRET, {"webhook-signature": "v1,AAAA"}, 0, False),
]


@pytest.mark.parametrize(("secret", "changed", "off", "is_ours"), CASES)
def test_the_program_in_python(secret: str, changed: dict[str, str], off: int, is_ours: bool) -> None:
    request = sent(**{f"secret_until {NOW.replace(year=2027).isoformat()} 0": OTHER})
    names: dict[str, Any] = {}
    exec(compile(example("python"), "docs/webhooks.md", "exec"), names)
    now = clock.now().timestamp() + off
    assert names["is_ours"](secret, {**request.headers, **changed}, request.body, now) is is_ours
    assert not names["is_ours"](secret, request.headers, (request.body or b"") + b" ", now)


@pytest.mark.parametrize(("secret", "changed", "off", "is_ours"), CASES)
def test_the_program_in_node(secret: str, changed: dict[str, str], off: int, is_ours: bool) -> None:
    request = sent(**{f"secret_until {NOW.replace(year=2027).isoformat()} 0": OTHER})
    body = (request.body or b"").decode()
    given = json.dumps([secret, {**request.headers, **changed}, body, clock.now().timestamp() + off])
    ran = subprocess.run(["node", "-e", example("js") + NODE], input=given, capture_output=True, text=True, check=True)
    assert ran.stdout == str(is_ours).lower()
