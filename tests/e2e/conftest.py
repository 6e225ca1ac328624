"""The whole of Beacon, started as `make run` starts it, for tests that go from a browser to the database and back."""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
from playwright.sync_api import Browser, BrowserContext

from config.local.deadline import wait_until
from config.local.folders import CHECKOUT
from config.local.stack import Stack, stack_up, temporary_root
from tests.browser import chromium
from tests.demo_pages import Demo
from tests.ports import free_ports

# Where the suite keeps the address databases between runs, so that they are fetched once.
DATABASES = Path(os.environ.get("BEACON_TEST_DATABASES") or CHECKOUT / ".data" / "databases")
PATIENCE_SECONDS = 30.0
METRICS_TOKEN = "e2e-metrics"
# A browser that people use: what Chromium says of itself without a screen would be set aside for what it is.
USER_AGENT = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/147.0.0.0 Safari/537.36"


class Beacon:
    """A running Beacon and its demo agency."""

    def __init__(self, stack: Stack, facts: dict[str, Any]) -> None:
        self.stack = stack
        self.facts = facts

    @property
    def demo(self) -> Demo:
        return Demo(**{field: self.facts[field] for field in Demo.__dataclass_fields__})

    @property
    def track_url(self) -> str:
        """Where scripts post to: the facts' host resolves in browsers only."""
        return f"http://{self.facts['connect_host']}:{self.stack.track_port}"

    def manage(self, *arguments: str, check: bool = True, **options: Any) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "manage.py", *arguments],
            cwd=CHECKOUT,
            env=self.stack.environment,
            capture_output=True,
            text=True,
            check=check,
            **options,
        )

    def rows(self, sql: str, *params: object) -> list[tuple[Any, ...]]:
        """Run a query in the demo agency's schema."""
        with psycopg.connect(self.stack.url("database_url")) as connection:
            schema = connection.execute("SELECT schema_name FROM agencies_agency WHERE slug = 'demo'").fetchone()
            assert schema is not None
            connection.execute(
                psycopg.sql.SQL("SET search_path TO {}, public").format(psycopg.sql.Identifier(schema[0]))
            )
            return connection.execute(sql, params).fetchall()

    def site_id(self, slug: str) -> int:
        return int(self.rows("SELECT id FROM sites_site WHERE slug = %s", slug)[0][0])


def eventually(condition: Callable[[], bool], *, seconds: float = PATIENCE_SECONDS) -> None:
    """Wait for a condition that another process brings about; fail where it doesn't come."""
    assert wait_until(condition, seconds=seconds), "it didn't happen in time"


@pytest.fixture(scope="package")  # gone before the next folder starts one of its own
def beacon() -> Iterator[Beacon]:
    # The tests' own client site stands before the door as a proxy and tells it the visitor's address.
    extra = {"BEACON_TRUSTED_PROXIES": "127.0.0.1", "BEACON_METRICS_TOKEN": METRICS_TOKEN}
    # The client's site is on this machine.
    extra |= {"BEACON_CHECK_PRIVATE_ADDRESSES": "1"}
    # Between the choice of a port and its use lies all that comes before: a database, its tables, Valkeys.
    with temporary_root() as root, stack_up(root, databases=DATABASES, extra=extra, ports=free_ports(2)) as stack:
        made = Beacon(stack, {})
        made.manage("create_demo", "--days", "2")
        made.facts = json.loads((stack.folder.root / "demo.json").read_text())
        yield made


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """A browser for one file: while Playwright runs, Django takes each test of this process for async.

    All of it: what visits say of the browser is part of what is tested.
    """
    with chromium(user_agent=USER_AGENT, is_whole=True) as running:
        yield running


@pytest.fixture
def window(browser: Browser) -> Iterator[BrowserContext]:
    """A browser of its own for each test: no cookie of another."""
    context = browser.new_context(viewport={"width": 1440, "height": 900})
    yield context
    context.close()
