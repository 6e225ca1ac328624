"""One Beacon for all fault tests, with two agencies of two sites each: each test leaves it running as it found it."""

import json
import subprocess
import sys
from collections.abc import Iterator

import pytest

from config.local.deadline import wait_until
from config.local.folders import CHECKOUT
from config.local.stack import Stack, stack_up, temporary_root
from tests.e2e.conftest import DATABASES
from tests.faults.asking import is_ready
from tests.faults.visits import Place
from tests.ports import free_ports

BACK_SECONDS = 60.0


@pytest.fixture(scope="package")  # gone before the next folder starts one of its own
def stack() -> Iterator[Stack]:
    limits = {"BEACON_RATE_PER_IP": "100000", "BEACON_RATE_PER_SITE": "100000"}
    # The senders stand before the doors as a proxy, and tell them their visitors' addresses.
    extra = limits | {"BEACON_TRUSTED_PROXIES": "127.0.0.1", "BEACON_LOG_FORMAT": "json"}
    with temporary_root() as root, stack_up(root, databases=DATABASES, extra=extra, ports=free_ports(2)) as running:
        yield running


@pytest.fixture
def places(stack: Stack) -> list[Place]:
    """Sites of this test's own: its accounts begin with nothing. What the test before has killed is back."""
    assert wait_until(lambda: is_ready(stack), seconds=BACK_SECONDS)
    subprocess.run([sys.executable, "-m", "tests.faults.furnish"], cwd=CHECKOUT, env=stack.environment, check=True)
    return [Place(**place) for place in json.loads((stack.folder.root / "places.json").read_text())]
