"""When `make run` installs Chromium for the installation check: asked of folders of the test, nothing is installed."""

import os
import stat
from pathlib import Path

import pytest

from apps.installation.browser.launching import NAMES as LOOKED_FOR
from config.local import chromium
from config.local.chromium import NAMES, install_at_leisure, is_wanted
from config.local.deadline import wait_until
from config.local.folders import DataFolder


def program(folder: Path, name: str, text: str = "") -> None:
    path = folder / name
    path.write_text(f"#!/bin/sh\n{text}")
    path.chmod(path.stat().st_mode | stat.S_IXUSR | stat.S_IXOTH)


@pytest.fixture
def debian(tmp_path: Path) -> Path:
    path = tmp_path / "os-release"
    path.write_text("NAME=x\nID=debian\n")
    return path


@pytest.fixture
def programs(tmp_path: Path) -> Path:
    folder = tmp_path / "bin"
    folder.mkdir()
    program(folder, "apt-get")
    return folder


def test_root_on_debian_without_chromium_wants_it(programs: Path, debian: Path) -> None:
    assert is_wanted({"PATH": str(programs)}, is_root=True, os_release=debian)


@pytest.mark.parametrize("name", NAMES)
def test_one_that_is_there_is_enough(programs: Path, debian: Path, name: str) -> None:
    program(programs, name)
    assert not is_wanted({"PATH": str(programs)}, is_root=True, os_release=debian)


@pytest.mark.parametrize("variable", [{"BEACON_INSTALL_CHROMIUM": "0"}, {"BEACON_CHROMIUM": "/opt/chromium"}])
def test_the_operator_can_say_no_or_name_one(programs: Path, debian: Path, variable: dict[str, str]) -> None:
    assert not is_wanted({"PATH": str(programs)} | variable, is_root=True, os_release=debian)


def test_others_than_root_and_other_systems_are_left_alone(programs: Path, debian: Path, tmp_path: Path) -> None:
    environment = {"PATH": str(programs)}
    assert not is_wanted(environment, is_root=False, os_release=debian)
    assert not is_wanted(environment, is_root=True, os_release=tmp_path / "none")
    debian.write_text("ID=ubuntu\nID_LIKE=debian\n")
    assert not is_wanted(environment, is_root=True, os_release=debian)
    (programs / "apt-get").unlink()
    debian.write_text("ID=debian\n")
    assert not is_wanted(environment, is_root=True, os_release=debian)


def test_it_is_begun_and_nobody_waits(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = DataFolder(tmp_path / "data")
    folder.prepare()
    monkeypatch.setattr(chromium, "is_wanted", lambda environment: True)
    program(tmp_path, "install", "echo installing\n")
    monkeypatch.setattr(chromium, "INSTALL", tmp_path / "install")
    told = install_at_leisure(folder, {"PATH": os.environ["PATH"]})
    log = folder.log("chromium")
    assert str(log) in told
    assert wait_until(lambda: log.read_text() == "installing\n", seconds=30)
    monkeypatch.setattr(chromium, "is_wanted", lambda environment: False)
    assert install_at_leisure(folder) == ""


def test_it_is_looked_for_under_the_names_that_the_check_knows() -> None:
    assert NAMES == LOOKED_FOR
