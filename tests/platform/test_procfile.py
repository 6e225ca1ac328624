"""The Procfile: every process of the product, with the flags that privacy and a clean stop depend on."""

from __future__ import annotations

import re

from config.local.folders import CHECKOUT
from config.local.plan import STOP_ORDER
from config.local.procfile import read_procfile

COMMANDS = read_procfile(CHECKOUT / "Procfile")


def test_it_names_all_processes() -> None:
    assert list(COMMANDS) == ["web", "ingest", "writer", "worker", "sender", "beat"]


def test_each_has_its_place_in_the_way_out() -> None:
    assert set(COMMANDS) <= {name for stage in STOP_ORDER for name in stage.names}


def test_no_server_writes_or_believes_addresses() -> None:
    assert "--verbosity 0" in COMMANDS["web"] and "--proxy-headers" not in COMMANDS["web"]
    assert "--no-access-log" in COMMANDS["ingest"] and "--no-proxy-headers" in COMMANDS["ingest"]


def test_each_is_one_simple_command() -> None:
    """The runner puts `exec` in front: a list or a pipe would leave a shell between it and the program."""
    plain = [re.sub(r"\$\{.*?\)\)\}|\$\{[^}]*\}", "", command) for command in COMMANDS.values()]
    assert not [command for command in plain if re.search(r"[;&|]|^\w+=", command)]
