"""After a full run the visitor's address stands in clear nowhere: no column, no log, no file, no queue."""

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from config.local.binaries import unpack_shared

from .client_site import client_site
from .conftest import Beacon, eventually

pytestmark = pytest.mark.xdist_group("e2e")

# Somebody's at a large access provider: nothing else on this machine has a reason to name it.
ADDRESS = "84.130.201.77"


def files_of(root: Path) -> Iterator[Path]:
    """Yield what Beacon wrote below its data folder; the fetched databases, linked in, are no writing of ours."""
    for path in root.rglob("*"):
        if path.is_file() and not path.is_symlink():
            yield path


def test_the_address_is_nowhere_in_clear(beacon: Beacon, browser: Browser) -> None:
    with client_site(
        host="kestrel.example",
        track_port=beacon.stack.track_port,
        site_key=beacon.facts["site_key"],
        address=ADDRESS,
    ) as site:
        context = browser.new_context()
        page = context.new_page()
        page.goto(f"{site.url}/privacy-check?mail=eva.muster@alder.example")
        page.goto(f"{site.url}/privacy-check/further")
        context.close()
    eventually(lambda: len(beacon.rows("SELECT 1 FROM event WHERE path LIKE '/privacy-check%%'")) == 2)
    # The place is known: the address was opened, looked up and forgotten.
    assert beacon.rows("SELECT DISTINCT country FROM session WHERE entry_path = '/privacy-check'") == [("DE",)]

    dump = subprocess.run(
        [unpack_shared() / "bin" / "pg_dump", "--dbname", beacon.stack.url("database_url")],
        capture_output=True,
        check=True,
    ).stdout
    wanted = [ADDRESS.encode(), b"eva.muster@alder.example"]
    found = [(secret, "the database") for secret in wanted if secret in dump]
    for path in files_of(beacon.stack.folder.root):
        content = path.read_bytes()
        found += [(secret, str(path)) for secret in wanted if secret in content]
    assert not found
    assert b"privacy-check" in dump
